"""A message that a draft lets further out is told in words, and there is none where a proof says so."""

from itertools import product
from typing import Any

import pytest

from decide.test_outbound_widening import DOCUMENTS, compiled
from gatepost.decide.outbound_specimens import further
from gatepost.decide.outbound_widening import loosened
from gatepost.decide.widening import Verdict, compare

LOOSER: list[tuple[dict[str, Any] | None, dict[str, Any] | None, str]] = [
    ({"recipients": {"domains": ["a.example"]}}, {"recipients": {"domains": ["a.example", "b.example"]}}, "@b.example"),
    ({"recipients": {"domains": ["a.example"]}}, {"recipients": {"domains": ["*.a.example"]}}, ".a.example"),
    ({"recipients": {"addresses": ["x@a.example"]}}, {}, "an answer to"),
    ({"rateLimit": {"perAgent": {"perHour": 3}}}, {"rateLimit": {"perAgent": {"perHour": 9}}}, "3 before it (agent)"),
    ({"rateLimit": {"perDomain": {"perDay": 3}}}, None, "3 before it (domain)"),
    ({"repliesPerThread": {"perHour": 3}}, {"repliesPerThread": {"perHour": 4}}, "3 before it (replies)"),
    ({"external": "hold"}, {"external": "deliver"}, "an answer to"),
    ({"firstContact": "reject"}, {"firstContact": "hold"}, "no contact before"),
    ({"secrets": "reject"}, {}, "a password"),
    ({"cardNumbers": "reject"}, {"cardNumbers": "hold"}, "a card's number"),
    ({"ibans": "hold"}, {}, "an IBAN"),
    ({"otherCorrespondents": "hold"}, {}, "another correspondent's address"),
    ({}, {"toMachines": "deliver"}, "a machine's mail before it"),
    ({"canaryMarks": ["MARKONE-12345"]}, {}, "a canary's mark"),
    ({"footer": "by a machine"}, {}, "an answer to"),
    ({"external": "hold"}, {"external": "hold", "hold": {"then": "deliver"}}, "an answer to"),
]


@pytest.mark.parametrize(("live", "draft", "what"), LOOSER)
def test_a_looser_gate_is_shown_by_a_message(
    live: dict[str, Any] | None, draft: dict[str, Any] | None, what: str
) -> None:
    found = compare(compiled(live), compiled(draft))
    assert found.verdict is Verdict.WIDER
    assert what in found.why
    assert found.mail is None


@pytest.mark.parametrize(
    ("live", "draft"),
    [
        ({"external": "hold", "footer": "x" * 9}, {"external": "hold"}),
        ({"external": "reject", "secrets": "reject"}, {"external": "reject"}),
        ({"attachments": {"filesAtMost": 1}}, {}),
        ({"recipientsPerMessage": 1}, {"recipientsPerMessage": 2}),
        (None, {"recipients": {"domains": ["a.example"]}}),
    ],
)
def test_what_another_gate_may_stop_or_a_grant_must_allow_stays_undecided_or_is_shown(
    live: dict[str, Any] | None, draft: dict[str, Any] | None
) -> None:
    found = compare(compiled(live), compiled(draft))
    assert found.verdict is not Verdict.NOT_WIDER
    assert (found.verdict is Verdict.WIDER) == bool(
        further(compiled(live).outbound, compiled(draft).outbound, is_tenant_wide=False)
    )


def test_nobody_is_told_of_a_gate_above_the_mailboxes_that_was_not_there() -> None:
    said, silent = compiled({"secrets": "reject"}, is_tenant_wide=True), compiled(None, is_tenant_wide=True)
    assert compare(silent, said).verdict is Verdict.NOT_WIDER
    assert compare(said, silent).verdict is Verdict.WIDER


@pytest.mark.parametrize("is_wide", [False, True])
def test_nothing_is_shown_to_be_wider_and_proven_not_to_be(*, is_wide: bool) -> None:
    """Of all pairs some: a message that gets further, and a proof that none does, cannot both be."""
    policies = [compiled(each, is_tenant_wide=is_wide).outbound for each in (*DOCUMENTS[:60], None)]
    shown = 0
    for live, draft in list(product(policies, repeat=2))[::29]:
        found = further(live, draft, is_tenant_wide=is_wide)
        assert not found or loosened(live, draft, is_tenant_wide=is_wide), (live, draft)
        shown += bool(found)
    assert shown > 9
