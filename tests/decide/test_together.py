"""Several at once are judged as if one after the other."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from decide.scene import NOON, content, evidence, inbound, policy, unproven
from gatepost.decide import settle
from gatepost.decide.language import Policy
from gatepost.decide.paper import Counted, Decided, Facts
from gatepost.decide.reasons import Reason
from gatepost.decide.together import Recalled, settle_all, windows_of
from gatepost.ids import AccountId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified

ONE_AN_HOUR = policy({"domain": "example.com"}, rateLimit={"perHour": 1}, guards=[{"reject": "never", "reason": "no"}])


def reasons(in_force: Policy, verified: list[Verified], facts: Facts | None = None) -> list[Reason]:
    known = Recalled(in_force, facts or Facts(), is_counted=True)
    return [one.decision.reason for one in settle_all(verified, [known] * len(verified))]


def test_of_two_from_one_sender_under_one_an_hour_one_passes() -> None:
    assert reasons(ONE_AN_HOUR, [inbound(), inbound()]) == [Reason.RULE_MATCHED, Reason.RATE_PER_HOUR]


def test_what_the_database_counted_before_counts_too() -> None:
    twice = policy(rateLimit={"perDay": 2})
    assert reasons(twice, [inbound(), inbound()], Facts(messages_day=1)) == [Reason.RULE_MATCHED, Reason.RATE_PER_DAY]


def test_another_sender_or_account_has_windows_of_its_own() -> None:
    other = inbound(evidence(author=Address("other", "example.com")))
    mails = [inbound(), other, inbound(account=AccountId(8)), inbound()]
    assert reasons(ONE_AN_HOUR, mails) == [Reason.RULE_MATCHED] * 3 + [Reason.RATE_PER_HOUR]


def test_what_was_refused_fills_no_window() -> None:
    mails = [inbound(unproven()), inbound(evidence(content=content("never"))), inbound(is_postmaster=True), inbound()]
    expected = [Reason.SENDER_UNPROVEN, Reason.CONTENT_GUARD, Reason.POSTMASTER_OPEN, Reason.RULE_MATCHED]
    assert reasons(ONE_AN_HOUR, mails) == expected


def test_the_window_ends_where_the_databases_does() -> None:
    for after_s, expected in ((3599.999999, Reason.RATE_PER_HOUR), (3600, Reason.RULE_MATCHED)):
        mails = [inbound(), inbound(received_at=NOON + timedelta(seconds=after_s))]
        assert reasons(ONE_AN_HOUR, mails)[1] is expected


def test_facts_that_were_not_counted_stay_as_they_are() -> None:
    known = Recalled(ONE_AN_HOUR, Facts())
    assert [one.decision.reason for one in settle_all([inbound()] * 2, [known] * 2)] == [Reason.RULE_MATCHED] * 2


@given(
    limit=st.integers(1, 4),
    mails=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 7200), st.booleans()), max_size=12),
)
def test_together_is_as_one_after_the_other(limit: int, mails: list[tuple[str, int, bool]]) -> None:
    in_force = policy({"domain": "example.com"}, rateLimit={"perHour": limit})
    verified = []
    for local, after_s, is_proven in mails:
        found = (evidence if is_proven else unproven)(author=Address(local, "example.com"))
        verified.append(inbound(found, received_at=NOON + timedelta(seconds=after_s)))
    alone: list[Decided] = []
    for at, one in enumerate(verified):
        hour = sum(
            windows_of(earlier) == ((one.arrived.account, one.evidence.author.key if one.evidence.author else ""),)
            and earlier.arrived.received_at > one.arrived.received_at - timedelta(hours=1)
            for earlier in alone[:at]
        )
        alone.append(settle(one, in_force, Facts(messages_hour=hour, messages_day=hour)))
    together = settle_all(verified, [Recalled(in_force, Facts(), is_counted=True)] * len(verified))
    assert [one.decision.disposition for one in together] == [one.decision.disposition for one in alone]
    assert [one.decision.reason for one in together] == [one.decision.reason for one in alone]


def test_an_author_is_new_once_and_a_message_comes_again_in_one_batch_too() -> None:
    held = policy({"domain": "example.com"}, when={"firstTime": True}, labels=["new"])
    known = Recalled(held, Facts(is_first_time=True, is_replayed=False), is_counted=True)
    first, second = settle_all([inbound(), inbound()], [known] * 2)
    assert (first.facts.is_first_time, first.facts.is_replayed) == (True, False)
    assert (second.facts.is_first_time, second.facts.is_replayed) == (False, True)
    assert second.decision.reason is Reason.SENDER_UNMATCHED


def test_a_window_of_a_domain_is_filled_by_each_of_its_authors() -> None:
    shared = policy({"domain": "example.com"}, rateLimit={"perHour": 1, "per": "domain"})
    other = inbound(evidence(author=Address("other", "example.com")))
    known = Recalled(shared, Facts(windows={"domain\nexample.com": Counted()}), is_counted=True)
    found = [one.decision.reason for one in settle_all([inbound(), other], [known] * 2)]
    assert found == [Reason.RULE_MATCHED, Reason.RATE_PER_HOUR]
