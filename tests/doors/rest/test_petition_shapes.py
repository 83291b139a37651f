"""The wire's JSON for petitions."""

from typing import Any

import pytest
from pydantic import ValidationError

from gatepost.act.petition import WHY_MAX_CHARS
from gatepost.doors.rest.petition_shapes import NewSender, PetitionRuling

GOOD: dict[str, Any] = {"address": "ann@customer.example", "why": "She orders."}


@pytest.mark.parametrize(
    "changes", [{"address": "ann"}, {"address": ""}, {"why": ""}, {"why": "x" * (WHY_MAX_CHARS + 1)}, {"why": "\ud800"}]
)
def test_a_proposal_names_an_address_and_a_reason_that_can_be_kept(changes: dict[str, Any]) -> None:
    assert NewSender.model_validate(GOOD).why == "She orders."
    with pytest.raises(ValidationError):
        NewSender.model_validate({**GOOD, **changes})


def test_a_word_is_yes_or_no() -> None:
    assert PetitionRuling.model_validate({"decision": "deny"}).digest is None
    for said in ({"decision": "maybe"}, {"decision": "approve", "digest": "x"}):
        with pytest.raises(ValidationError):
            PetitionRuling.model_validate(said)
