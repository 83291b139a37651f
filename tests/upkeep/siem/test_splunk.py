import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.paper import Kind, Verdict
from gatepost.upkeep.siem.splunk import Splunk
from upkeep.siem.papers import decided, destination
from upkeep.siem.receivers import concatenated

STATUSES = {
    **dict.fromkeys((0, 17, 24, 25), 200),
    **dict.fromkeys((1, 4), 403),
    **dict.fromkeys((2, 3), 401),
    **dict.fromkeys((5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 21, 22), 400),
    8: 500,
    **dict.fromkeys((9, 18, 19, 20, 23), 503),
    **dict.fromkeys((26, 27), 429),
}
TAKEN, AGAIN, STOP, SPLIT = "taken", "again", "stop", "split"
MEANT = {
    **dict.fromkeys((0, 24, 25), TAKEN),
    **dict.fromkeys((8, 9, 18, 19, 20, 23, 26, 27), AGAIN),
    **dict.fromkeys((6, 12, 13, 15), SPLIT),
    **dict.fromkeys((1, 2, 3, 4, 5, 7, 10, 11, 14, 16, 17, 21, 22), STOP),
}


def splunk(**place: object) -> Splunk:
    return Splunk(destination(Kind.SPLUNK, **place), native)  # type: ignore[arg-type]  # as destination takes them


def said(verdict: Verdict) -> str:
    if verdict.stop:
        return STOP
    return AGAIN if verdict.again else SPLIT if verdict.is_split else TAKEN


@pytest.mark.parametrize("code", range(28))
def test_every_code_means_what_the_contract_says(code: int) -> None:
    verdict = splunk().judge(3, STATUSES[code], json.dumps({"text": "", "code": code}).encode())
    assert said(verdict) == MEANT[code]
    assert verdict.is_slow == (code in {24, 25})
    if verdict.stop:
        assert verdict.stop == f"splunk.{code}"


@pytest.mark.parametrize("code", [6, 12, 13, 15])
def test_the_event_that_is_named_is_taken_out_and_the_others_sent_again(code: int) -> None:
    verdict = splunk().judge(4, 400, json.dumps({"code": code, "invalid-event-number": 2}).encode())
    assert (verdict.dead, list(verdict.again)) == ({2: f"splunk.{code}"}, [0, 1, 3])


@pytest.mark.parametrize("number", [-1, 4, "2", None, True, 1.5])
def test_a_number_that_names_no_event_of_ours_is_halved(number: object) -> None:
    assert splunk().judge(4, 400, json.dumps({"code": 6, "invalid-event-number": number}).encode()).is_split


def test_413_is_halved_whatever_its_body_says() -> None:
    assert splunk().judge(4, 413, b'{"code":0}').is_split
    assert splunk().judge(4, 413, b"<html>").is_split


def test_a_200_without_an_ack_where_one_is_wanted_is_a_configuration_error() -> None:
    assert splunk(wants_ack=True).judge(1, 200, b'{"code":0}').stop == "splunk.ack_missing"
    near = splunk(wants_ack=True).judge(1, 200, b'{"code":25}')
    assert (said(near), near.alert) == (TAKEN, "splunk.ack_missing")  # it forbids sending again
    assert splunk(wants_ack=True).judge(1, 200, b'{"code":0,"ackId":0}').ack == 0


def test_a_channel_is_named_where_acknowledgements_are_wanted_and_only_there() -> None:
    assert "X-Splunk-Request-Channel" not in splunk().headers
    one = splunk(wants_ack=True)
    assert one.ack_url == (
        "https://siem.example/services/collector/ack?channel=" + one.headers["X-Splunk-Request-Channel"]
    )
    assert json.loads(one.ask([7])) == {"acks": [7]}
    assert one.indexed(200, b'{"acks":{"7":true,"8":false,"9":1}}').numbers == {7}
    assert one.indexed(503, b'{"acks":{"7":true}}').numbers == set()


@given(st.binary() | st.from_type(dict[str, bool]).map(lambda each: json.dumps({"acks": each}).encode()))
def test_any_answer_about_acknowledgements_can_be_read(answer: bytes) -> None:
    assert all(number >= 0 for number in splunk().indexed(200, answer).numbers)


@pytest.mark.parametrize("path", ["", "/", "/services/collector", "/services/collector/event"])
def test_the_path_may_be_left_out(path: str) -> None:
    assert Splunk(destination(Kind.SPLUNK, f"https://h:8088{path}"), native).url == (
        "https://h:8088/services/collector/event"
    )


def test_events_stand_one_after_another_with_flat_fields() -> None:
    one = splunk(index="mail")
    event = decided()
    body = one.body([one.spell(event), one.spell(event)])
    found = list(concatenated(body.decode()))
    assert len(found) == 2
    assert found[0]["fields"] == event.marks
    assert (found[0]["time"], found[0]["index"], found[0]["sourcetype"]) == (
        event.at.timestamp(),
        "mail",
        "gatepost:audit",
    )
    assert not body.startswith(b"[")


@given(st.integers(100, 599), st.binary() | st.from_type(dict[str, int]).map(lambda each: json.dumps(each).encode()))
def test_any_answer_has_a_verdict_and_only_a_success_is_taken(status: int, answer: bytes) -> None:
    verdict = splunk().judge(2, status, answer)
    if said(verdict) == TAKEN:
        assert status // 100 == 2
        assert json.loads(answer).get("code") in {0, 24, 25}
