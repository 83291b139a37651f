"""What is proven to let no more out lets no message out that stays in now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from math import inf
from typing import Any

import pytest

from decide.scene import BOSS, content, document, outbound
from gatepost.decide.language import Policy, parse
from gatepost.decide.outbound import judge_both
from gatepost.decide.outbound_language import Stop
from gatepost.decide.outbound_specimens import further
from gatepost.decide.outbound_widening import level, loosened
from gatepost.decide.paper import Answered, Counted, Disposition, Facts, Leaving, Seen
from gatepost.decide.rules import see
from gatepost.decide.widening import Verdict, compare
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Attachment, ModelView, Reading

GROUPS = {"g": ["boss@example.com", "*.other.example"]}
EVERYBODY = {"domains": ["example.com", "*.example.com", "*.other.example"], "thread": True, "contacts": True}
MEMBERS: dict[str, list[Any]] = {
    "recipients": [
        {},
        {"addresses": ["boss@example.com"]},
        {"domains": ["example.com"]},
        {"domains": ["*.example.com", "example.com"]},
        {"domains": ["a.other.example"]},
        {"groups": ["g"]},
        {"thread": True},
        {"contacts": True},
        {"thread": True, "groups": ["g"]},
        {"thread": True, "contacts": True},
    ],
    "recipientsPerMessage": [1, 2],
    **{name: ["deliver", "hold", "reject"] for name in (*Stop, "toMachines")},
    "rateLimit": [
        {name: limit}
        for name in ("perRecipient", "perDomain", "perAgent")
        for limit in ({"perHour": 1}, {"perHour": 6}, {"perDay": 1}, {"perHour": 1, "perDay": 120})
    ],
    "repliesPerThread": [{}, {"perHour": 5}, {"perHour": 5, "perDay": 100}, {"perHour": 25, "perDay": 120}],
    "attachments": [
        {"types": ["application/pdf"]},
        {"types": ["application/pdf", "image/*"]},
        {"types": ["application/pdf"], "otherwise": "hold"},
        {"names": ["*.pdf"]},
        {"names": ["*.pdf", "*.png"]},
        {"octetsAtMost": 10},
        {"octetsAtMost": 20, "filesAtMost": 1},
        {"filesAtMost": 0, "otherwise": "deliver"},
    ],
    "canaryMarks": [["MARKONE-12345"], ["MARKONE-12345", "MARKTWO-12345"]],
    "footer": ["by a machine", "signed by a machine"],
}
WAITS: list[dict[str, Any]] = [
    {"external": "hold", "hold": {"then": "deliver"}},
    {"external": "hold", "hold": {"expiresAfter": "2h", "then": "deliver"}},
    {"external": "hold", "hold": {"expiresAfter": "2h"}},
    {"external": "hold", "ibans": "hold", "hold": {"then": "deliver"}},
    {"canaries": "deliver", "canaryMarks": ["MARKONE-12345"]},
]
DOCUMENTS: list[dict[str, Any]] = [
    *({name: value} for name, values in MEMBERS.items() for value in values),
    *({"recipients": EVERYBODY, name: value} for name, values in MEMBERS.items() for value in values),
    *WAITS,
    *({**each, "recipients": EVERYBODY} for each in WAITS),
    {"recipients": EVERYBODY},
    {},
]
WHO = {each.domain: each for each in (BOSS, Address("e", "x.other.example"), Address("c", "sub.example.com"))}
WHO["a.other.example"] = Address("d", "a.other.example")
TEXTS = ["4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "MARKONE-12345", "MARKTWO-12345", "hello"]
PDF, PNG = ("a.pdf", "application/pdf", 15), ("a.png", "image/png", 9)
PARENT = Answered(email=EmailId("em_parent"), author=BOSS, was_proven=True, was_automatic=False)
COUNTS = [Counted(2, 2), Counted(7, 7), Counted(22, 22), Counted(22, 110), Counted(2, 130)]


def said(text: str = "hello", to: Iterable[str] = ("example.com",), *files: tuple[str, str, int], **known: Any) -> Seen:
    attached = tuple(Attachment(number, *each) for number, each in enumerate(files))
    sent = outbound(WHO[each] for each in to)
    written = content(text, reading=Reading(text, ModelView(text), attachments=attached))
    facts = Facts(answered=known.pop("answered", PARENT), leaving=Leaving(**known))
    return see(replace(sent, evidence=replace(sent.evidence, content=written)), facts)


def sights() -> Iterator[Seen]:
    """Yield messages that the gates tell apart."""
    keys = frozenset(each.key for each in WHO.values())
    for answered, met in product((PARENT, None), ({}, {"contacts": keys}, {"thread": keys})):
        yield from (said("hello", [each], answered=answered, **met) for each in WHO)
        yield said("hello", list(WHO)[:2], answered=answered, **met)
        yield said("hello", WHO, answered=answered, **met)
    for text, end in product(TEXTS, ("", "\nby a machine", "\nsigned by a machine")):
        yield said(text + end)
        yield said(text + end, ["sub.example.com"])
        yield said(text + end, ["x.other.example"])
    for files in ((PDF,), (PNG,), (PDF, PDF), (PDF, PNG)):
        yield said("hello", ["example.com"], *files)
    for name, count in product(("agent", "recipient", "domain", "replies"), COUNTS):
        known: dict[str, Any] = {name: count}
        yield said(**known)
    yield said(answered=replace(PARENT, was_automatic=True))
    yield said(others=1)
    yield said(others=None)


SIGHTS = list(sights())


def compiled(member: dict[str, Any] | None, *, is_tenant_wide: bool = False) -> Policy:
    written = {**document(), "groups": GROUPS, **({} if member is None else {"outbound": member})}
    return parse(written, version=1, is_tenant_wide=is_tenant_wide)[0]


OPEN = compiled(
    {"recipients": EVERYBODY, "canaries": "deliver", "toMachines": "deliver", "repliesPerThread": {}}
).outbound


def far(seen: Seen, policy: Policy) -> tuple[int, float]:
    """Return how far a message gets, and how soon silence lets it go, under a mailbox's policy or one above it."""
    ending = judge_both(seen, *((OPEN, policy.outbound) if policy.is_tenant_wide else (policy.outbound, None)))[0]
    is_let_go = ending.disposition is Disposition.HOLD and ending.wait.is_delivered
    return level(ending.disposition), -ending.wait.lasts.total_seconds() if is_let_go else -inf


@pytest.mark.parametrize("where", ["mailbox", "tenant"])
def test_what_lets_any_message_further_out_is_never_proven_to_be_no_wider(where: str) -> None:
    """All pairs, not some: each way in which the proof can be wrong has one here that shows it."""
    is_wide = where == "tenant"
    policies = [compiled(each, is_tenant_wide=is_wide) for each in (*DOCUMENTS, None)]
    found = [[far(seen, policy) for seen in SIGHTS] for policy in policies]
    proven = shown = 0
    for (live, now), (draft, then) in product(zip(policies, found, strict=True), repeat=2):
        why = loosened(live.outbound, draft.outbound, is_tenant_wide=is_wide)
        is_shown = any(one > other for one, other in zip(then, now, strict=True))
        assert why or not is_shown, (live.outbound, draft.outbound)
        shown, proven = shown + is_shown, proven + (not why)
    assert shown > 1_000
    assert proven > 500


TIGHTER: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
    (None, {"secrets": "reject"}),
    (None, {"canaryMarks": ["MARKONE-12345"]}),
    ({"external": "hold"}, {"external": "reject"}),
    ({"rateLimit": {"perAgent": {"perHour": 9}}}, {"rateLimit": {"perAgent": {"perHour": 3, "perDay": 9}}}),
    (None, {"repliesPerThread": {"perHour": 5, "perDay": 50}}),
    ({"repliesPerThread": {"perHour": 50}}, None),
    ({"recipients": {"domains": ["*.a.example"]}}, {"recipients": {"addresses": ["x@y.a.example"]}}),
    ({"recipients": {"groups": ["g"]}}, {"recipients": {"domains": ["z.other.example"]}}),
    ({"recipients": {"thread": True}}, None),
    (None, {"recipients": {}}),
    (None, {"attachments": {"filesAtMost": 1}}),
    (
        {"attachments": {"types": ["image/*", "application/pdf"]}},
        {"attachments": {"types": ["image/*"], "octetsAtMost": 9}},
    ),
    ({"footer": "a machine"}, {"footer": "signed by\na machine"}),
    ({"hold": {"then": "deliver"}, "external": "hold"}, {"external": "hold"}),
]


@pytest.mark.parametrize(("live", "draft"), TIGHTER)
def test_a_gate_more_or_a_narrower_one_is_proven_and_the_way_back_is_not(
    live: dict[str, Any] | None, draft: dict[str, Any] | None
) -> None:
    assert compare(compiled(live), compiled(draft)).verdict is Verdict.NOT_WIDER
    back = compare(compiled(draft), compiled(live))
    is_shown = bool(further(compiled(draft).outbound, compiled(live).outbound, is_tenant_wide=False))
    assert (back.verdict, "outbound" in back.why) == (Verdict.WIDER if is_shown else Verdict.UNDECIDED, True)


@pytest.mark.parametrize(
    "same", [{}, {"attachments": {"filesAtMost": 0, "otherwise": "deliver"}}, {"secrets": "deliver"}]
)
def test_what_changes_nothing_is_proven_both_ways(same: dict[str, Any]) -> None:
    assert compare(compiled(None), compiled(same)).verdict is Verdict.NOT_WIDER
    assert compare(compiled(same), compiled(None)).verdict is Verdict.NOT_WIDER


def test_above_the_mailboxes_the_first_word_tightens_and_silence_does_not() -> None:
    said, silent = compiled({"secrets": "reject"}, is_tenant_wide=True), compiled(None, is_tenant_wide=True)
    assert compare(silent, said).verdict is Verdict.NOT_WIDER
    assert loosened(said.outbound, silent.outbound, is_tenant_wide=True) == "outbound is not there"
    assert compare(said, silent).verdict is Verdict.WIDER
    named = compiled({"recipients": {"domains": ["a.example"]}}, is_tenant_wide=True)
    assert (
        loosened(said.outbound, named.outbound, is_tenant_wide=True) == "outbound.secrets lets out more, or other mail"
    )
