"""How much may wait: whose is counted together, where it ends, and several at once."""

import pytest

from decide.scene import BOSS, evidence, inbound, outbound, policy, unproven
from gatepost.decide import crowd, settle
from gatepost.decide.crowd import MOST, Whose, whose
from gatepost.decide.paper import Counted, Disposition, Facts, Outcome, Ruling, Step, Waiting
from gatepost.decide.reasons import Reason
from gatepost.decide.together import Recalled, settle_all, windows_of
from gatepost.ids import AccountId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified

HOLDING = policy({"anyone": True, "assurance": "none"}, action="hold", labels=["new"])
OTHERS = policy({"anyone": True})


def of(author: str) -> Verified:
    return inbound(evidence(author=Address.parse(author)))


@pytest.mark.parametrize(
    ("waiting", "reason"),
    [
        (Waiting(MOST.author - 1, MOST.domain - 1, MOST.mailbox - 1), Reason.RULE_HELD),
        (Waiting(MOST.author, 0, 0), Reason.HOLD_FULL_AUTHOR),
        (Waiting(0, MOST.domain, 0), Reason.HOLD_FULL_DOMAIN),
        (Waiting(0, 0, MOST.mailbox), Reason.HOLD_FULL_MAILBOX),
    ],
)
def test_what_finds_no_room_is_asked_to_come_again(waiting: Waiting, reason: Reason) -> None:
    decision = settle(inbound(), HOLDING, Facts(waiting=waiting)).decision
    assert decision.reason is reason
    assert decision.trace[-1] == Step(
        "waiting", f"{waiting.author} of 20, {waiting.domain} of 200, {waiting.mailbox} of 1000"
    )
    if reason is not Reason.RULE_HELD:
        assert (decision.disposition, decision.outcome) == (Disposition.DEFER, Outcome.RATE_LIMITED)
        assert (decision.grant, decision.windows, decision.labels) == (None, (), ("new",))


def test_only_what_would_wait_is_asked() -> None:
    full = Waiting(*(10_000,) * 3)
    delivered = settle(inbound(), OTHERS, Facts(waiting=full)).decision
    assert (delivered.reason, delivered.trace[-1].check) == (Reason.RULE_MATCHED, "assurance")
    ruled = Facts(waiting=full, ruling=Ruling(is_approved=True, by="ky_a"))
    assert settle(inbound(), HOLDING, ruled).decision.reason is Reason.HOLD_APPROVED


def test_a_forged_name_fills_nobodys_place() -> None:
    account = inbound().arrived.account
    held = settle(of("Ann@Mail.Shop.example"), HOLDING, Facts())
    assert whose(held) == Whose(account, "ann@mail.shop.example", "shop.example")
    forged = settle(inbound(unproven(author=BOSS)), HOLDING, Facts())
    assert forged.decision.disposition is Disposition.HOLD
    assert whose(forged) == Whose(account)
    assert windows_of(forged) == ()
    sent = settle(outbound(), None, Facts(is_sandboxed=True))
    assert whose(sent) == Whose(account, domain=crowd.AGENT)


def test_what_waits_counts_in_windows_like_what_was_let_in() -> None:
    limited = policy({"anyone": True}, action="hold", rateLimit={"perHour": 2})
    known = Recalled(limited, Facts(), is_counted=True)
    mails = [inbound(), inbound(), inbound(), of("other@example.com")]
    found = [one.decision.reason for one in settle_all(mails, [known] * 4)]
    assert found == [Reason.RULE_HELD, Reason.RULE_HELD, Reason.RATE_PER_HOUR, Reason.RULE_HELD]


def test_what_waits_makes_nobody_known() -> None:
    new = policy({"anyone": True}, when={"firstTime": True}, action="hold")
    known = Recalled(new, Facts(is_first_time=True, is_replayed=False), is_counted=True)
    first, second = settle_all([inbound(), inbound()], [known] * 2)
    assert (second.facts.is_first_time, second.facts.is_replayed) == (True, False)
    assert first.decision.reason is second.decision.reason is Reason.RULE_HELD


def test_several_at_once_find_no_more_room_than_one_after_the_other() -> None:
    account = inbound().arrived.account
    mails = [of("a@x.example"), of("a@x.example"), of("b@x.example"), of("b@y.example"), of("c@z.example")]
    counted = {
        Whose(account, "a@x.example", "x.example"): Waiting(MOST.author - 1, 50, MOST.mailbox - 3),
        Whose(account, "b@x.example", "x.example"): Waiting(0, 50, MOST.mailbox - 3),
        Whose(account, "b@y.example", "y.example"): Waiting(0, 0, MOST.mailbox - 3),
        Whose(account, "c@z.example", "z.example"): Waiting(0, 0, MOST.mailbox - 3),
    }
    elsewhere = inbound(account=AccountId(8))
    known = Recalled(HOLDING, Facts(), waiting=counted)
    decided = settle_all([*mails, elsewhere], [known] * 5 + [Recalled(HOLDING, Facts())])
    found = [one.decision.reason for one in decided]
    held, full = Reason.RULE_HELD, Reason.HOLD_FULL_MAILBOX
    assert found == [held, Reason.HOLD_FULL_AUTHOR, held, held, full, held]
    assert decided[2].facts.waiting == Waiting(0, 51, MOST.mailbox - 2)


def test_a_counted_window_of_a_rule_holds_what_waits_too() -> None:
    shared = policy({"anyone": True}, action="hold", rateLimit={"perHour": 1, "per": "domain"})
    known = Recalled(shared, Facts(windows={"domain\nexample.com": Counted()}), is_counted=True)
    found = [one.decision.reason for one in settle_all([inbound(), of("other@example.com")], [known] * 2)]
    assert found == [Reason.RULE_HELD, Reason.RATE_PER_HOUR]
