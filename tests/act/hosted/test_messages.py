import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from act.hosted.pieces import tool
from gatepost.act.hosted.messages import ANSWER_MAX_OCTETS, Answer, ModelFaultError, request
from gatepost.act.hosted.paper import ToolUse, Usage
from model_api import _events, text, use


def spelled(events: list[dict[str, Any]]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def fed(octets: bytes, size: int = 1_000_000) -> Answer:
    answer = Answer()
    for start in range(0, len(octets), size):
        answer.feed(octets[start : start + size])
    return answer


@given(st.integers(1, 50))
def test_an_answer_is_the_same_however_the_network_cuts_it(size: int) -> None:
    octets = spelled(_events([text("Let me see. \u00e9"), use("reply", text="Yes.", count=3)], 25, 15))
    said = fed(octets, size).said()
    assert said.blocks[0] == {"type": "text", "text": "Let me see. \u00e9"}
    [call] = said.calls
    assert (call.name, call.arguments) == ("reply", {"text": "Yes.", "count": 3})
    assert (said.stop, said.usage) == ("tool_use", Usage(input=25, output=15))


def test_a_call_whose_arguments_are_no_object_has_none() -> None:
    events = _events([use("reply", text="Yes.")], 1, 1)
    events[3]["delta"]["partial_json"] = '["broken'
    [call] = (
        fed(spelled([event for event in events if event.get("index") != 0 or events.index(event) < 4])).said().calls
    )
    assert call == ToolUse(call.id, "reply", None)


@pytest.mark.parametrize(("depth", "is_call"), [(200, True), (400, False), (900, False)])
def test_arguments_too_deep_to_be_kept_are_none(depth: int, is_call: bool) -> None:  # noqa: FBT001  # a parameter
    """Wherever they stand: in the pieces, or in the block's beginning."""
    written = '{"text":' + "[" * depth + "]" * depth + "}"
    events = _events([use("reply")], 1, 1)
    events[3]["delta"]["partial_json"] = written
    at_once = [event for event in events if event["type"] != "content_block_delta"]
    at_once[2]["content_block"]["input"] = json.loads(written)
    for each in (events, at_once):
        [call] = fed(spelled(each)).said().calls
        assert (call.arguments is not None) == is_call


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('{"amount": 5, "amount": 1000}', {"amount": 1000}),
        ('{"amount": 1e400}', None),
        ('{"amount": NaN}', None),
        ('{"text": "\\ud800"}', None),
        ('{"amount": 5} {"amount": 6}', None),
        ("", {}),
    ],
)
def test_odd_json_is_read_in_one_way_or_not_at_all(written: str, arguments: dict[str, Any] | None) -> None:
    events = _events([use("pay")], 1, 1)
    events[3]["delta"]["partial_json"] = written
    [call] = fed(spelled(events)).said().calls
    assert call.arguments == arguments


def test_what_comes_after_the_end_is_not_heard() -> None:
    late = _events([text("x"), use("pay", amount=5)], 1, 1)
    late = [event for event in late if event["type"].startswith("content_block")]
    assert fed(spelled([*_events([], 1, 1), *late])).said().calls == ()


def test_an_answer_without_its_end_is_none() -> None:
    octets = spelled(_events([text("Half")], 25, 15)[:-1])
    answer = fed(octets)
    with pytest.raises(ModelFaultError, match="answer_cut"):
        answer.said()
    assert answer.usage.input == 25  # what it cost so far is known


def test_an_error_in_the_stream_is_a_fault_that_may_pass() -> None:
    octets = spelled([*_events([text("Half")], 1, 1)[:4], {"type": "error", "error": {"type": "overloaded_error"}}])
    with pytest.raises(ModelFaultError, match="overloaded"):
        fed(octets)


def test_an_endless_answer_is_cut_off() -> None:
    answer = Answer()
    answer.feed(b"x" * ANSWER_MAX_OCTETS)
    with pytest.raises(ModelFaultError, match="too_long"):
        answer.feed(b"x")


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "content_block_start", "index": 5, "content_block": {"type": "text"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a b", "name": "x"}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "a", "name": "x" * 200},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}},
        {"type": "message_start", "message": 5},
        [],
        5,
    ],
)
def test_an_event_that_makes_no_sense_is_a_fault(event: Any) -> None:
    with pytest.raises(ModelFaultError, match="unreadable"):
        fed(b"data: " + json.dumps(event).encode() + b"\n")


def test_why_it_stopped_is_said_in_the_apis_words_or_not_at_all() -> None:
    events = _events([text("x")], 1, 1)
    events[-2]["delta"]["stop_reason"] = "boss@example.org wrote"
    assert fed(spelled(events)).said().stop == "unknown"


def test_two_calls_of_one_id_are_a_fault() -> None:
    block = use("reply", text="Yes.")
    with pytest.raises(ModelFaultError, match="unreadable"):
        fed(spelled(_events([block, block], 1, 1))).said()


def test_counts_that_are_none_are_passed_over() -> None:
    events = _events([text("x")], 7, 9)
    events[-2]["usage"] = {"output_tokens": -5, "input_tokens": True, "cache_read_input_tokens": 10**30, "x": {}}
    assert fed(spelled(events)).said().usage == Usage(input=7, output=1)


@given(st.lists(st.binary(max_size=60)))
def test_whatever_comes_in_is_an_answer_or_a_fault(pieces: list[bytes]) -> None:
    answer = Answer()
    try:
        for piece in pieces:
            answer.feed(b"data:" + piece + b"\n")
        answer.said()
    except ModelFaultError:
        return
    raise AssertionError("noise is no answer")


def test_a_request_names_only_the_tools_it_is_given() -> None:
    body = json.loads(request(model="m", system="s", messages=[], tools=[tool()], output_tokens_max=5))
    assert (body["stream"], body["max_tokens"], [each["name"] for each in body["tools"]]) == (True, 5, ["pay"])
    assert "tools" not in json.loads(request(model="m", system="s", messages=[], tools=[], output_tokens_max=5))
