import pytest

from act.hosted.pieces import DOCUMENT, document
from gatepost.act.hosted.agent import AgentError, parse, read


def test_what_is_not_said_has_a_default() -> None:
    plain = parse({"name": "A", "instructions": "B", "model": "m"})
    assert (plain.tools, plain.approval, plain.limits.recipients) == (("reply", "handover"), {}, ())
    assert plain.budget.calls_per_turn > 0


def test_a_document_comes_back_as_it_was_stored_and_keeps_its_digest() -> None:
    whole = document(approval={"reply": 3, "handover": "never"}, limits={"recipients": ["a@b.example"]})
    again = read(whole.model_dump_json().encode())
    assert (again, again.digest) == (whole, whole.digest)
    assert document(instructions="Other.").digest != whole.digest


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": ""}, "name"),
        ({"instructions": "a\x00b"}, "instructions"),
        ({"model": "a model"}, "model"),
        ({"tools": ["reply"] * 65}, "tools"),
        ({"approval": {"reply": "sometimes"}}, "approval.reply"),
        ({"approval": {"reply": 0}}, "approval.reply"),
        ({"budget": {"tokens_per_turn": "5"}}, "budget.tokens_per_turn"),
        ({"limits": {"amount_max": -1}}, "limits.amount_max"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_document_that_says_something_else_is_refused_by_name(changes: dict[str, object], where: str) -> None:
    with pytest.raises(AgentError) as caught:
        parse({**DOCUMENT, **changes})
    assert any(error.startswith(where) for error in caught.value.errors)


@pytest.mark.parametrize("wrong", [None, [], "x", {"name": object()}, {}])
def test_what_is_no_document_is_an_error_of_ours(wrong: object) -> None:
    with pytest.raises(AgentError):
        parse(wrong)
