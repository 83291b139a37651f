"""A proof that a draft is not wider is never false, and a refutation is a mail that shows it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.changes import SIGHTS, Document, changes, in_full_window
from decide.scene import policy
from decide.test_above import documents
from gatepost.decide.ending import Ending
from gatepost.decide.fixtures import see_mail
from gatepost.decide.hours import DAYS
from gatepost.decide.language import Policy, parse
from gatepost.decide.rules import judge
from gatepost.decide.specimens import mails
from gatepost.decide.widening import Verdict, compare, is_more

described = st.fixed_dictionaries(
    {
        "from": st.sampled_from(["boss@example.com", "who@other.example", "x@sub.example.com"]),
        "proof": st.sampled_from(["dmarc", "aligned", "none", "unsettled"]),
        "tls": st.booleans(),
        "injectionScore": st.sampled_from([0, 499, 500, 900]),
        "text": st.sampled_from(["", "hello", "money"]),
        "counts": st.fixed_dictionaries({"hour": st.integers(0, 4), "tokensThread": st.integers(0, 4)}),
    }
)


def lets_more(draft: Policy, live: Policy | None, mail: dict[str, Any]) -> bool:
    seen = see_mail(mail)
    return is_more(judge(seen, draft)[0], judge(seen, live)[0])


@given(documents, documents, st.lists(described, min_size=1, max_size=30))
def test_what_is_proven_not_wider_lets_no_mail_further_and_what_is_wider_has_one(
    before: dict[str, Any], after: dict[str, Any], given_mails: list[dict[str, Any]]
) -> None:
    live, draft = parse(before, version=1)[0], parse(after, version=2)[0]
    found = compare(live, draft)
    if found.verdict is Verdict.NOT_WIDER:
        assert [mail for mail in (*given_mails, *mails(live, draft)) if lets_more(draft, live, mail)] == []
    elif found.verdict is Verdict.WIDER:
        assert found.mail is not None
        assert lets_more(draft, live, found.mail)


def test_what_one_change_lets_in_is_never_proven_away() -> None:
    """All of them, not some: each way in which the proof can be wrong has a change here that shows it."""
    compiled: dict[str, tuple[Policy, list[Ending]]] = {}

    def read(written: Document) -> tuple[Policy, list[Ending]]:
        if str(written) not in compiled:
            policy = parse(written, version=1)[0]
            compiled[str(written)] = policy, [judge(seen, policy)[0] for seen in SIGHTS]
        return compiled[str(written)]

    shown = 0
    for one, other in changes():
        (live, before), (draft, after) = read(one), read(other)
        is_shown = any(map(is_more, after, before)) or any(
            is_more(judge(seen, draft)[0], judge(seen, live)[0]) for seen in in_full_window(live)
        )
        if is_shown:
            shown += 1
            assert compare(live, draft).verdict is not Verdict.NOT_WIDER, (one, other)
    assert shown > 1_000


@given(documents)
def test_a_policy_is_not_wider_than_itself(written: dict[str, Any]) -> None:
    one = parse(written, version=1)[0]
    assert compare(one, one).verdict is Verdict.NOT_WIDER


@pytest.mark.parametrize(
    ("live", "draft"),
    [
        ({"capabilities": ["reply"]}, {"capabilities": ["reply", "send"]}),
        ({"action": "hold"}, {"action": "deliver"}),
        ({"rateLimit": {"perHour": 1}}, {"rateLimit": {"perHour": 2}}),
        ({"rateLimit": {"perHour": 1}}, {}),
        ({"tokenBudget": {"perDay": 1}}, {}),
        ({"when": {"tls": True}}, {}),
        ({"when": {"attachmentTypes": [".pdf"]}}, {"when": {"attachmentTypes": [".pdf", ".doc"]}}),
        ({"expiresAt": "2027-01-01T00:00:00Z"}, {"expiresAt": "2028-01-01T00:00:00Z"}),
        ({"match": {"domain": "example.com", "assurance": "dmarc"}}, {}),
        ({"match": {"domain": "example.com", "requireSpf": True}}, {}),
        ({"capabilities": ["*"]}, {"capabilities": ["*", "send"]}),
        ({"guards": [{"reject": "money", "reason": "r"}]}, {"guards": [{"reject": "mone[z]", "reason": "r"}]}),
    ],
)
def test_what_is_loosened_is_not_called_not_wider_and_the_other_way_round_is(
    live: dict[str, Any], draft: dict[str, Any]
) -> None:
    one, other = (policy(**{"match": {"domain": "example.com"}, **each}) for each in (live, draft))
    assert compare(one, other).verdict is not Verdict.NOT_WIDER
    if draft in ({}, {"action": "deliver"}) or "rateLimit" in draft or "capabilities" in draft:
        assert compare(other, one).verdict is Verdict.NOT_WIDER


SAID: Document = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 1}}
LONG = {"reject": "(?:a|b){1000}c", "reason": "r"}
BY_SERVICE: Document = {"assurance": {"signedBy": ["service.example"]}}


A: Document = {"match": {"domain": "a.example"}}


@pytest.mark.parametrize(
    ("live", "draft"),
    [
        ({"outbound": {"secrets": "reject"}}, {}),
        ({}, {"onItsOwn": ["send"]}),
        ({"onItsOwn": ["send"]}, {"onItsOwn": ["send", "search_mail"]}),
        # fewer instructions, so a longer text is read
        ({"contentGuards": [LONG] * 9}, {"contentGuards": [LONG]}),
        # whose mail a stranger signed may be answered, once it is believed by name
        (
            {"senders": [{"match": {**BY_SERVICE, "anyone": True}}]},
            {"senders": [{"match": {**BY_SERVICE, "domain": "example.com"}}]},
        ),
        # until it expires, a rule stops what the next lets in
        (
            {
                "senders": [
                    {"match": {"domain": "a.example"}, "action": "reject", "expiresAt": "2027-01-01T00:00:00Z"},
                    A,
                ]
            },
            {"senders": [A]},
        ),
        # "*" stands for the mailbox's grants above them, and in one of theirs for nothing
        (
            {"senders": [{"match": {"domain": "example.com"}, "capabilities": ["*"]}]},
            {"senders": [{"match": {"domain": "example.com"}, "capabilities": ["send"]}]},
        ),
    ],
)
def test_nor_what_those_changes_do_not_show(live: Document, draft: Document) -> None:
    said = {**SAID, "senders": [{"match": {"domain": "example.com"}}]}
    one, other = (parse({**said, **each}, version=1)[0] for each in (live, draft))
    assert compare(one, other).verdict is not Verdict.NOT_WIDER


def test_above_the_mailboxes_silence_about_what_agents_do_alone_allows_what_theirs_do() -> None:
    said: list[Document] = [{}, {"onItsOwn": []}, {"onItsOwn": ["send"]}]
    silent, none, some = (parse({**SAID, **each}, version=1, is_tenant_wide=True)[0] for each in said)
    assert [compare(one, other).verdict for one, other in ((silent, some), (silent, none), (some, none))] == [
        Verdict.NOT_WIDER
    ] * 3
    assert [compare(one, other).verdict for one, other in ((none, silent), (none, some), (some, silent))] == [
        Verdict.UNDECIDED
    ] * 3


@pytest.mark.parametrize("name", ["x-nobody-else.invalid", "x-nobody-else", "*.invalid", "*.x-nobody-else"])
def test_nobody_is_let_in_because_of_whom_the_proof_takes_for_a_stranger(name: str) -> None:
    """A name that nobody has is easily approved, and must not make a proof of what lets everybody in."""
    said = {**SAID, "groups": {"g": [name, "x-nobody-else@a.example"]}}
    live = parse({**said, "senders": [{"match": {"group": "g", "assurance": "none"}}]}, version=1)[0]
    for match in ({"anyone": True, "assurance": "none"}, {"domain": "a.example", "assurance": "none"}):
        draft = parse({**said, "senders": [{"match": match}]}, version=2)[0]
        assert compare(live, draft).verdict is Verdict.WIDER


def test_a_capability_is_the_same_under_either_of_its_names() -> None:
    old, new = (policy({"domain": "example.com"}, capabilities=[each]) for each in ("read_calendar", "calendar.read"))
    assert [compare(old, new).verdict, compare(new, old).verdict] == [Verdict.NOT_WIDER] * 2
    implied = policy({"domain": "example.com"}, capabilities=["read_calendar", "reply"])
    assert compare(old, implied).verdict is Verdict.NOT_WIDER


@pytest.mark.parametrize(
    ("side", "days", "start", "end"),
    [
        ("inside", DAYS[5:6], "08:00", "08:01"),
        ("inside", DAYS[5:6], "22:00", "06:00"),
        ("inside", DAYS[5:6], "00:00", "24:00"),
        ("outside", DAYS[:5], "00:00", "24:00"),
    ],
)
def test_what_only_the_clock_lets_in_is_shown_by_a_mail(side: str, days: list[str], start: str, end: str) -> None:
    hours = {"timeZone": "Europe/Berlin", "days": list(days), "from": start, "to": end}
    live = parse({**SAID, "workingHours": hours}, version=1)[0]
    rule = {"match": {"domain": "example.com"}, "when": {"workingHours": side, "tls": True}}
    found = compare(live, parse({**SAID, "workingHours": hours, "senders": [rule]}, version=2)[0])
    assert found.verdict is Verdict.WIDER
    assert found.mail is not None
    assert "receivedAt" in found.mail


def test_a_star_in_a_mailboxs_policy_is_no_more_than_a_star() -> None:
    match = {"match": {"domain": "example.com"}}
    written = [{**SAID, "senders": [{**match, "capabilities": [each]}]} for each in ("*", "send")]
    star, send = (parse(each, version=1)[0] for each in written)
    assert compare(star, send).verdict is Verdict.WIDER
    star, send = (parse(each, version=1, is_tenant_wide=True)[0] for each in written)
    assert compare(star, send).verdict is Verdict.NOT_WIDER


def test_what_may_leave_is_compared_by_people_and_no_policy_lets_nothing_in() -> None:
    assert compare(None, policy()).verdict is Verdict.WIDER
    assert compare(None, policy(action="reject")).verdict is Verdict.NOT_WIDER
