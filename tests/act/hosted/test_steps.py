from dataclasses import replace

from act.hosted.pieces import TURN, step
from gatepost.act.hosted.paper import Said, StepState, ToolUse, Usage
from gatepost.act.hosted.steps import answer_of, arguments_of, begun, digest_of, key_of, number_of, spelled
from gatepost.ids import TurnId
from gatepost.record.paper import Json
from outbound import NOW


def test_an_answer_comes_back_from_its_step() -> None:
    blocks: tuple[dict[str, Json], ...] = (
        {"type": "tool_use", "id": "a", "name": "reply", "input": {"text": "Yes."}},
        {"type": "tool_use", "id": "b", "name": "reply", "input": {}},
    )
    said = Said(blocks, (ToolUse("a", "reply", {"text": "Yes."}), ToolUse("b", "reply", None)), "tool_use", Usage(1))
    kept = spelled(TURN, said, 3, at=NOW)
    assert (answer_of(kept), kept.step, kept.place) == (replace(said, usage=Usage()), 3, 0)


def test_each_call_has_a_key_of_its_own() -> None:
    other = replace(TURN, id=TurnId("tu_other"))
    one = step(1, 1, StepState.BEGUN)
    keys = {
        key_of(TURN, one),
        key_of(TURN, replace(one, place=2)),
        key_of(TURN, replace(one, step=2)),
        key_of(other, one),
    }
    assert len(keys) == 4
    assert key_of(TURN, replace(one, state=StepState.DONE)) == key_of(TURN, one)


def test_a_digest_names_tool_and_arguments() -> None:
    one = step(1, 1, StepState.HELD)
    assert digest_of(replace(one, state=StepState.APPROVED)) == digest_of(one)
    others = [replace(one, tool="pay"), replace(one, content={**one.content, "arguments": {"text": "No."}})]
    assert digest_of(one) not in {digest_of(other) for other in others}


def test_steps_are_counted_and_calls_keep_what_was_asked() -> None:
    assert number_of([]) == 0
    assert number_of([step(1, 0, StepState.SAID), step(2, 1, StepState.DONE)]) == 2
    made = begun(TURN, ToolUse("a", "reply", None), 1, 1, tool="reply", state=StepState.REFUSED, reason="x", at=NOW)
    assert (made.content["arguments"], arguments_of(made)) == (None, {})
