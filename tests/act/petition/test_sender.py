"""Where in a policy a proposed sender's rule stands."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import evidence, inbound
from gatepost.act.petition.paper import PetitionInvalidError
from gatepost.act.petition.sender import with_sender
from gatepost.decide import settle
from gatepost.decide.language import Policy, parse
from gatepost.decide.paper import Disposition, Facts
from gatepost.mail.address import Address

ANN = Address.parse("Ann@customer.example")
SHUT: dict[str, Any] = {"match": {"anyone": True, "assurance": "none"}, "action": "reject"}
LOUD: dict[str, Any] = {**SHUT, "when": {"injectionScore": {"atLeast": 0.8}}}


def document(*senders: dict[str, Any]) -> dict[str, Any]:
    return {"defaultAction": "bounce", "senders": list(senders), "auditLog": {"retentionDays": 30}}


def compiled(written: object) -> Policy:
    return parse(written, version=1)[0]


def widened(*senders: dict[str, Any]) -> dict[str, Any]:
    written = document(*senders)
    return with_sender(written, compiled(written), ANN, name="pt_1")


def disposition(written: object, author: Address = ANN, **found: Any) -> Disposition:
    said = evidence(author=author, **found)
    return settle(inbound(said), compiled(written), Facts()).decision.disposition


def test_the_sender_is_let_in_proven_and_granted_nothing_but_an_answer() -> None:
    for others in ((), (SHUT,), (LOUD,), (LOUD, SHUT), ({"match": {"domain": "else.example"}}, SHUT)):
        after = widened(*others)
        assert disposition(after) is Disposition.DELIVER
        assert disposition(after, is_aligned=False, dkim=()) is Disposition.REJECT
        rule = next(each for each in after["senders"] if each.get("name") == "pt_1")
        assert rule["capabilities"] == []


def test_rules_with_conditions_that_came_before_stay_before() -> None:
    after = widened(LOUD, SHUT)
    assert [each.get("name") for each in after["senders"]] == [None, "pt_1", None]


@pytest.mark.parametrize("match", [{"address": "ann@customer.example"}, {"domain": "customer.example"}])
def test_what_people_wrote_about_just_this_sender_is_not_overruled(match: dict[str, Any]) -> None:
    with pytest.raises(PetitionInvalidError, match=r"sender\.known"):
        widened({"match": match, "action": "reject"})
    assert disposition(widened({"match": match, "action": "reject", "when": {"tls": True}})) is Disposition.DELIVER


authors = st.sampled_from(["bob@customer.example", "ann@customer.example.evil", "ann@else.example"])
rules = st.lists(
    st.sampled_from(
        [SHUT, LOUD, {"match": {"domain": "else.example"}}, {"match": {"address": "bob@customer.example"}}]
    ),
    max_size=5,
)


@given(rules, authors)
def test_nobody_else_gets_any_further(others: list[dict[str, Any]], author: str) -> None:
    parsed = Address.parse(author)
    assert disposition(widened(*others), parsed) is disposition(document(*others), parsed)
