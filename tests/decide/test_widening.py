"""A proof that a draft is not wider is never false, and a refutation is a mail that shows it."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decide.scene import policy
from decide.test_above import documents
from gatepost.decide.fixtures import see_mail
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


MATCHES: list[dict[str, Any]] = [
    {"anyone": True, "assurance": "none"},
    {"domain": "example.com"},
    {"domain": "example.com", "subdomains": True, "assurance": "none"},
    {"address": "boss@example.com", "assurance": "dmarc"},
    {"address": "boss@example.com", "requireSpf": True},
    {"domain": "example.com", "assurance": "none", "requireDkim": True},
    {"domain": "other.example", "assurance": {"signedBy": ["service.example"]}},
]
CHOICES: dict[str, list[Any]] = {
    "match": MATCHES,
    "action": ["deliver", "hold", "reject"],
    "capabilities": [[], ["a"], ["a", "b"]],
    "when": [{"tls": True}, {"tls": False}, {"injectionScore": {"atLeast": 0.5}}, {"injectionScore": {"below": 0.5}}],
    "rateLimit": [{"perHour": 1}, {"perHour": 3}, {"perHour": 3, "per": "domain"}],
    "tokenBudget": [{"perThread": 1}, {"perThread": 3}],
    "expiresAt": ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
}
ruled = st.fixed_dictionaries(
    {"match": st.sampled_from(MATCHES)},
    optional={name: st.sampled_from(each) for name, each in CHOICES.items() if name != "match"},
)
GUARD = {"reject": "money", "reason": "r"}


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a policy and what became of it by one change, as drafts do: there the proof has most to get wrong."""
    rules, guards = draw(st.lists(ruled, min_size=1, max_size=3)), draw(st.sampled_from([[], [GUARD]]))
    place = draw(st.integers(0, len(rules) - 1))
    changed, guarded = list(rules), guards
    match draw(st.sampled_from([*CHOICES, "drop", "swap", "guards"])):
        case "drop":
            del changed[place]
        case "swap":
            changed[0], changed[place] = changed[place], changed[0]
        case "guards":
            guarded = draw(
                st.sampled_from([[], [GUARD], [{**GUARD, "action": "hold"}], [{**GUARD, "in": ["subject"]}]])
            )
        case name:
            kept = {each: value for each, value in rules[place].items() if each != name}
            value = draw(st.sampled_from(CHOICES[name] if name == "match" else [*CHOICES[name], None]))
            changed[place] = kept if value is None else {**kept, name: value}
    said = {"defaultAction": "bounce", "auditLog": {"retentionDays": 1}}
    before = {**said, "senders": rules, "contentGuards": guards}
    return before, {**said, "senders": changed, "contentGuards": guarded}


@settings(max_examples=150, deadline=None)
@given(neighbours(), st.lists(described, min_size=10, max_size=20))
def test_what_one_change_lets_in_is_never_proven_away(
    pair: tuple[dict[str, Any], dict[str, Any]], given_mails: list[dict[str, Any]]
) -> None:
    live, draft = (parse(each, version=1)[0] for each in pair)
    for one, other in ((live, draft), (draft, live)):
        if compare(one, other).verdict is Verdict.NOT_WIDER:
            known = islice(mails(one, other), 150)
            assert [mail for mail in (*given_mails, *known) if lets_more(other, one, mail)] == []


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


def test_what_may_leave_is_compared_by_people_and_no_policy_lets_nothing_in() -> None:
    assert compare(None, policy()).verdict is Verdict.WIDER
    assert compare(None, policy(action="reject")).verdict is Verdict.NOT_WIDER
