import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from act.hosted.pieces import document, step
from gatepost.act.hosted.paper import StepState
from gatepost.act.hosted.prompt import conversation, quoted, spelled, system
from gatepost.mail.reading import ModelView, Reading
from outbound import KEPT

WORDS = st.text(max_size=80)


@given(WORDS, WORDS, WORDS)
def test_whatever_a_stranger_writes_stays_in_its_string(subject: str, words: str, history: str) -> None:
    email = replace(KEPT, subject=subject, reading=Reading("", ModelView(words, quoted=history)))
    said = json.loads(quoted(email))
    assert list(said) == ["mail"]
    shown = words.encode("utf-8", "replace").decode()
    assert (said["mail"]["text"], said["mail"]["from"]) == (shown, str(KEPT.author))
    assert "quoted" not in said["mail"]  # anybody may have written that


def test_the_instructions_are_the_operators_and_nothing_elses() -> None:
    assert system(document(instructions="Be kind.")).endswith("Be kind.")


def test_a_conversation_has_each_call_with_its_result() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "reply", "input": {"text": "Yes."}}
    steps = [
        step(1, 0, StepState.SAID, content={"blocks": [use], "unreadable": []}),
        step(1, 1, StepState.REFUSED, reason="tool.not_granted"),
    ]
    first, said, results = conversation(KEPT, steps)
    assert (first["role"], said["role"], results["role"]) == ("user", "assistant", "user")
    assert said["content"] == [use]
    content = results["content"]
    assert isinstance(content, list)
    [result] = content
    assert isinstance(result, dict)
    assert (result["tool_use_id"], result["is_error"]) == ("toolu_1", True)
    assert json.loads(str(result["content"])) == {"outcome": "refused", "result": {"reason": "tool.not_granted"}}


def test_half_a_character_is_said_as_a_question_mark() -> None:
    assert json.loads(spelled({"a": ["\ud800"]})) == {"a": ["?"]}
