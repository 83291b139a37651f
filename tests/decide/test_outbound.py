"""The gates of what leaves, one by one and together."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decide.scene import AGENT, BOSS, content, document, outbound
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Answered, Counted, Decided, Decision, Disposition, Facts, Leaving, Outcome, Ruling
from gatepost.decide.reasons import Reason
from gatepost.decide.replay import Replayed, Told, Verdict, read, replay, spell
from gatepost.decide.rules import see, settle
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import Attachment, AutoMail, Content, Family, Injection, ModelView, Reading, Signal, Verified

COLLEAGUE = Address("ann", "mail.gate.example")
PARENT = Answered(email=EmailId("em_parent"), author=BOSS, was_proven=True, was_automatic=False)
CARD, IBAN = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"


def policy(**members: Any) -> Policy:
    compiled, _ = parse({**document(), "outbound": members}, version=1)
    return compiled


def facts(*, parent: Answered | None = PARENT, **changes: Any) -> Facts:
    return Facts(answered=parent, leaving=Leaving(**changes))


def saying(text: str = "hello", *, to: Any = (BOSS,), is_notice: bool = False, **changes: Any) -> Verified:
    message = outbound(to, is_notice=is_notice)
    return replace(message, evidence=replace(message.evidence, content=content(text, **changes)))


def with_file(
    filename: str = "a.pdf", content_type: str = "application/pdf", size: int = 10, count: int = 1
) -> Verified:
    files = tuple(Attachment(number, filename, content_type, size) for number in range(count))
    return saying(reading=Reading("hello", ModelView("hello"), attachments=files))


def decide(verified: Verified, by: Policy, known: Facts | None = None) -> Decision:
    """Decide, and see that the same comes of it again: every case of this page is a case of the replay, too."""
    decided = settle(verified, by, known if known is not None else facts())
    again = replayed(decided, by, verified.evidence.content)
    assert (again.verdict, again.why) == (Verdict.SAME, "")
    return decided.decision


def replayed(decided: Decided, by: Policy, content: Content | None) -> Replayed:
    written = json.dumps(spell(see(decided.verified, decided.facts), decided.verified))
    seen = read(json.loads(written), received_at=decided.arrived.received_at, said=content)
    decision = decided.decision
    told = Told(decision.disposition.value, decision.outcome.value, decision.reason.value, decision.trace)
    return replay(seen, by, None, told)


def said(decision: Decision) -> tuple[Disposition, Reason]:
    return decision.disposition, decision.reason


HOLD, REJECT, DEFER, DELIVER = Disposition.HOLD, Disposition.REJECT, Disposition.DEFER, Disposition.DELIVER
GOES = (DELIVER, Reason.REPLY_TO_AUTHOR)


@pytest.mark.parametrize(
    ("members", "verified", "known", "expected"),
    [
        ({}, saying(), facts(), GOES),
        # Who may be written to.
        ({"recipients": {"domains": ["example.com"]}}, saying(), facts(), GOES),
        ({"recipients": {"domains": ["other.example"]}}, saying(), facts(), (REJECT, Reason.RECIPIENT_UNLISTED)),
        ({"recipients": {}}, saying(), facts(), (REJECT, Reason.RECIPIENT_UNLISTED)),
        ({"recipients": {"thread": True}}, saying(), facts(), GOES),
        ({"recipients": {"contacts": True}}, saying(), facts(contacts={BOSS.key}), GOES),
        ({"recipients": {"contacts": True}}, saying(), facts(), (REJECT, Reason.RECIPIENT_UNLISTED)),
        (
            {"recipients": {"thread": True, "addresses": [str(COLLEAGUE)]}},
            saying(to=[BOSS, COLLEAGUE]),
            facts(),
            (DELIVER, Reason.SEND_LISTED),
        ),
        ({"recipients": {"addresses": [str(BOSS)]}}, saying(), facts(parent=None), (DELIVER, Reason.SEND_LISTED)),
        ({}, saying(), facts(parent=None), (REJECT, Reason.REPLY_UNKNOWN_PARENT)),
        (
            {"recipients": {"addresses": [str(BOSS)]}},
            saying(to=[BOSS, AGENT]),
            facts(parent=None),
            (REJECT, Reason.REPLY_UNKNOWN_PARENT),
        ),
        (
            {"recipients": {"addresses": [str(BOSS)]}},
            saying(is_notice=True),
            facts(parent=None),
            (REJECT, Reason.REPLY_UNKNOWN_PARENT),
        ),
        (
            {"recipients": {"addresses": [str(COLLEAGUE), str(BOSS)]}},
            saying(to=[COLLEAGUE], is_notice=True),
            facts(),
            (REJECT, Reason.REPLY_FOREIGN_RECIPIENT),
        ),
        # How many.
        ({"recipientsPerMessage": 1}, saying(), facts(), GOES),
        (
            {"recipientsPerMessage": 1, "recipients": {"thread": True, "addresses": [str(COLLEAGUE)]}},
            saying(to=[BOSS, COLLEAGUE]),
            facts(),
            (REJECT, Reason.RECIPIENT_TOO_MANY),
        ),
        # What waits for an approval.
        ({"external": "hold"}, saying(), facts(), (HOLD, Reason.RECIPIENT_EXTERNAL)),
        (
            {"external": "hold", "recipients": {"addresses": [str(COLLEAGUE)]}},
            saying(to=[COLLEAGUE]),
            facts(),
            (DELIVER, Reason.SEND_LISTED),
        ),
        ({"firstContact": "hold"}, saying(), facts(), (HOLD, Reason.RECIPIENT_FIRST_CONTACT)),
        ({"firstContact": "hold"}, saying(), facts(contacts={BOSS.key}), GOES),
        # Limits: the counts are as they will be once it is sent.
        ({"rateLimit": {"perAgent": {"perHour": 5}}}, saying(), facts(agent=Counted(5, 5)), GOES),
        (
            {"rateLimit": {"perAgent": {"perHour": 5}}},
            saying(),
            facts(agent=Counted(6, 6)),
            (DEFER, Reason.SEND_RATE_AGENT),
        ),
        (
            {"rateLimit": {"perRecipient": {"perDay": 5}}},
            saying(),
            facts(recipient=Counted(0, 6)),
            (DEFER, Reason.SEND_RATE_RECIPIENT),
        ),
        (
            {"rateLimit": {"perDomain": {"perDay": 0}}},
            saying(),
            facts(domain=Counted(1, 1)),
            (DEFER, Reason.SEND_RATE_DOMAIN),
        ),
        (
            {"repliesPerThread": {"perHour": 2}},
            saying(),
            facts(replies=Counted(3, 3)),
            (DEFER, Reason.SEND_THREAD_CAP),
        ),
        ({}, saying(), facts(replies=Counted(21, 21)), (DEFER, Reason.SEND_PING_PONG)),
        ({"repliesPerThread": {"perHour": 30}}, saying(), facts(replies=Counted(21, 21)), GOES),
        # What it says.
        ({"secrets": "reject"}, saying("password: kX9#mQ2v"), facts(), (REJECT, Reason.LEAK_SECRET)),
        ({"secrets": "hold"}, saying(subject="password: kX9#mQ2v"), facts(), (HOLD, Reason.LEAK_SECRET)),
        ({}, saying("password: kX9#mQ2v"), facts(), GOES),
        ({"cardNumbers": "hold"}, saying(CARD), facts(), (HOLD, Reason.LEAK_CARD_NUMBER)),
        ({"ibans": "hold"}, saying(IBAN), facts(), (HOLD, Reason.LEAK_IBAN)),
        ({"canaryMarks": ["orchid-7731"]}, saying("Orchid 7731"), facts(), (REJECT, Reason.LEAK_CANARY)),
        ({"canaryMarks": ["orchid-7731"], "canaries": "deliver"}, saying("Orchid 7731"), facts(), GOES),
        (
            {"canaryMarks": ["orchid-7731"], "recipients": {"domains": ["other.example"]}},
            saying(to=[Address("orchid-7731-zebra", "other.example")]),
            facts(parent=None),
            (REJECT, Reason.LEAK_CANARY),
        ),
        ({"otherCorrespondents": "hold"}, saying(), facts(others=1), (HOLD, Reason.LEAK_CORRESPONDENT)),
        ({"otherCorrespondents": "hold"}, saying(), facts(others=None), (HOLD, Reason.LEAK_CORRESPONDENT)),
        ({}, saying(), facts(others=1), GOES),
        ({"secrets": "hold"}, saying("x " * 1_000_000), facts(), (HOLD, Reason.LEAK_UNREADABLE)),
        ({"footer": "An agent\nwrote this."}, saying("Hi.\n\nAn agent wrote this."), facts(), GOES),
        ({"footer": "By an agent."}, saying("By an agent. Not."), facts(), (REJECT, Reason.FOOTER_MISSING)),
        ({"footer": "An agent wrote this."}, saying(is_notice=True), facts(), (DELIVER, Reason.BOUNCE_TO_AUTHOR)),
        # What is attached.
        ({"attachments": {"types": ["application/pdf"]}}, with_file(), facts(), GOES),
        ({"attachments": {"types": ["application/*"]}}, with_file(), facts(), GOES),
        ({"attachments": {"types": ["image/*"]}}, with_file(), facts(), (REJECT, Reason.ATTACHMENT_TYPE)),
        ({"attachments": {"types": ["application/*"]}}, with_file("a.png"), facts(), (REJECT, Reason.ATTACHMENT_TYPE)),
        ({"attachments": {"names": ["*.PDF"]}}, with_file(), facts(), GOES),
        ({"attachments": {"names": ["*.pdf"]}}, with_file("a.pdf.exe"), facts(), (REJECT, Reason.ATTACHMENT_NAME)),
        ({"attachments": {"octetsAtMost": 10}}, with_file(), facts(), GOES),
        ({"attachments": {"octetsAtMost": 9}}, with_file(), facts(), (REJECT, Reason.ATTACHMENT_SIZE)),
        (
            {"attachments": {"filesAtMost": 1, "otherwise": "hold"}},
            with_file(count=2),
            facts(),
            (HOLD, Reason.ATTACHMENT_SIZE),
        ),
    ],
)  # fmt: skip
def test_each_gate(
    members: dict[str, Any], verified: Verified, known: Facts, expected: tuple[Disposition, Reason]
) -> None:
    assert said(decide(verified, policy(**members), known)) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, (REJECT, Reason.REPLY_AUTOMATIC_PARENT)),
        ({"toMachines": "hold"}, (HOLD, Reason.REPLY_AUTOMATIC_PARENT)),
        ({"toMachines": "deliver"}, GOES),
    ],
)
def test_a_machine_is_answered_only_where_the_policy_says_so(
    members: dict[str, Any], expected: tuple[Disposition, Reason]
) -> None:
    machine = facts(parent=replace(PARENT, was_automatic=True))
    assert said(decide(saying(), policy(**members), machine)) == expected
    assert said(settle(saying(), None, machine).decision) == (REJECT, Reason.REPLY_AUTOMATIC_PARENT)


def test_two_machines_do_not_answer_each_other_for_long() -> None:
    machine = facts(parent=replace(PARENT, was_automatic=True))
    message = saying()
    again = replace(message, evidence=replace(message.evidence, auto=AutoMail(own_references=4)))
    assert said(decide(again, policy(toMachines="deliver"), machine)) == (REJECT, Reason.REPLY_LOOP)


def test_a_canary_of_the_house_never_leaves() -> None:
    message = saying()
    sign = Signal("canary.echo", Family.CANARY, "text", 0, 1, 9.0)
    echo = replace(message, evidence=replace(message.evidence, injection=Injection(1.0, (Family.CANARY,), (sign,))))
    for by in (policy(), policy(secrets="hold"), None):
        assert said(settle(echo, by, facts()).decision) == (REJECT, Reason.LEAK_CANARY)


def test_the_strictest_gate_counts_and_all_are_in_the_trace() -> None:
    by = policy(firstContact="hold", external="hold", secrets="reject", rateLimit={"perAgent": {"perHour": 0}})
    decision = decide(saying("password: kX9#mQ2v"), by, facts(agent=Counted(1, 1)))
    assert said(decision) == (REJECT, Reason.LEAK_SECRET)
    assert decision.outcome is Outcome.REJECTED_AT_CONTENT_GUARD
    assert [(step.check, step.result) for step in decision.trace] == [
        ("parent", "proven"),
        ("recipient", "author"),
        ("outbound.secrets", "found"),
        ("outbound.external", "found"),
        ("outbound.firstContact", "found"),
        ("outbound.rateLimit.perAgent", "1 of 0, 1 of any"),
    ]


def test_the_decision_names_the_policy_that_spoke() -> None:
    assert decide(saying(), policy()).policy_version == 1
    plain, _ = parse(document(), version=1)
    assert decide(saying(), plain).policy_version == 0


@pytest.mark.parametrize(
    ("own", "above", "expected"),
    [
        ({}, {"external": "hold"}, (HOLD, Reason.RECIPIENT_EXTERNAL)),
        ({"external": "hold"}, {"external": "reject"}, (REJECT, Reason.RECIPIENT_EXTERNAL)),
        ({"external": "reject"}, {"external": "hold"}, (REJECT, Reason.RECIPIENT_EXTERNAL)),
        ({}, {"recipients": {"domains": ["other.example"]}}, (REJECT, Reason.RECIPIENT_UNLISTED)),
        ({"recipients": {"domains": ["example.com"]}}, {"recipients": {"domains": ["*.com", "example.com"]}}, GOES),
    ],
)
def test_the_tenants_policy_can_only_tighten(own: Any, above: Any, expected: tuple[Disposition, Reason]) -> None:
    decision = settle(saying(), policy(**own), facts(), above=policy(**above)).decision
    assert said(decision) == expected
    assert decision.tenant_policy_version == 1
    assert [step.check for step in decision.trace if step.check.startswith("tenant.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi.\n\nOurs.\nTheirs.", GOES),
        ("Hi.\n\nTheirs.\nOurs.", (REJECT, Reason.FOOTER_MISSING)),
        ("Hi.\n\nOurs.", (REJECT, Reason.FOOTER_MISSING)),
        ("Hi.\n\nTheirs.", (REJECT, Reason.FOOTER_MISSING)),
    ],
)
def test_footers_of_both_policies_stand_below_the_mailboxs_first(text: str, expected: Any) -> None:
    own, above = policy(footer="Ours."), policy(footer="Theirs.")
    assert said(settle(saying(text), own, facts(), above=above).decision) == expected


def test_a_footer_that_both_policies_want_stands_once() -> None:
    one = policy(footer="Ours.")
    assert said(settle(saying("Hi.\n\nOurs."), one, facts(), above=one).decision) == GOES


def test_the_tenants_list_alone_lets_nobody_be_written_to() -> None:
    listed = policy(recipients={"domains": ["example.com"]})
    assert said(settle(saying(), policy(), facts(parent=None), above=listed).decision) == (
        REJECT,
        Reason.REPLY_UNKNOWN_PARENT,
    )
    assert said(settle(saying(), None, facts(), above=listed).decision) == GOES


_WORDS = st.sampled_from(["deliver", "hold", "reject"])
_LIMITS = st.fixed_dictionaries({}, optional={"perHour": st.integers(0, 3), "perDay": st.integers(0, 3)})
_MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "recipients": st.fixed_dictionaries({}, optional={"thread": st.booleans(), "contacts": st.booleans()}),
        "recipientsPerMessage": st.integers(1, 2),
        "external": _WORDS,
        "firstContact": _WORDS,
        "toMachines": _WORDS,
        "secrets": _WORDS,
        "cardNumbers": _WORDS,
        "ibans": _WORDS,
        "otherCorrespondents": _WORDS,
        "rateLimit": st.fixed_dictionaries({}, optional={"perAgent": _LIMITS, "perDomain": _LIMITS}),
        "footer": st.just("An agent wrote this."),
    },
)
_COUNTS = st.builds(Counted, st.integers(0, 4), st.integers(0, 4))


@settings(deadline=None)  # a busy machine takes a second for what takes 50 ms
@given(
    _MEMBERS,
    st.sampled_from(["hello", CARD, IBAN, "password: kX9#mQ2v", "Bye.\nAn agent wrote this."]),
    st.sampled_from([frozenset(), frozenset({BOSS.key})]),
    _COUNTS,
    st.sampled_from([PARENT, None, replace(PARENT, was_automatic=True)]),
)
def test_taking_a_gate_away_never_makes_it_stricter(
    members: dict[str, Any], text: str, contacts: frozenset[str], counts: Counted, parent: Answered | None
) -> None:
    """Each member alone tightens what the house does, but for those that say whom else it may write to."""
    known = facts(parent=parent, contacts=contacts, agent=counts, domain=counts)
    whole = decide(saying(text), policy(**members), known)
    assert whole == decide(saying(text), policy(**members), known)
    for name in members.keys() - {"recipients", "toMachines"}:
        less = decide(saying(text), policy(**{key: value for key, value in members.items() if key != name}), known)
        assert less.disposition.strictness <= whole.disposition.strictness


@pytest.mark.parametrize(
    ("members", "is_told"),
    [
        ({"cardNumbers": "reject"}, False),
        ({"footer": "Regards"}, False),
        ({"canaries": "reject", "canaryMarks": ["zebra-7-crossing"]}, False),
        ({"external": "hold", "recipientsPerMessage": 1}, True),
    ],
)
def test_what_only_the_text_could_tell_is_not_guessed_once_it_is_gone(
    members: dict[str, Any], *, is_told: bool
) -> None:
    by = policy(**members)
    again = replayed(settle(saying(), by, facts()), by, None)
    assert again.verdict is (Verdict.SAME if is_told else Verdict.UNDECIDABLE)


@pytest.mark.parametrize("is_approved", [True, False])
def test_what_was_held_in_its_sandbox_and_ruled_on_comes_out_again(*, is_approved: bool) -> None:
    by = policy(external="hold")
    first = settle(saying(), by, replace(facts(), is_sandboxed=True))
    assert first.decision.reason is Reason.RECIPIENT_EXTERNAL
    ruled = replace(facts(), is_sandboxed=True, ruling=Ruling(is_approved=is_approved, by="ky_1"))
    assert decide(saying(), by, ruled).reason is (Reason.HOLD_APPROVED if is_approved else Reason.HOLD_DENIED)
    assert decide(saying(), policy(), replace(facts(), is_sandboxed=True)).reason is Reason.SANDBOX_HELD
