"""Every result code and status of the HTTP Event Collector, and what we do then."""

from collections import deque
from typing import Any

import pytest

from gatepost.upkeep.siem.delivery import ACK_PATIENCE_S, ACK_POLL_S, PROBE_PATIENCE_S
from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import Road
from upkeep.siem.contract import COUNT, Listen, Means, Row, deliver, keeps, ready
from upkeep.siem.papers import destination
from upkeep.siem.receivers import SplunkDouble

TAKEN, SLOW, AGAIN, SPLIT, STOP = Means


def code(number: int, status: int, means: Means) -> Row:
    body = {"text": "as Splunk says it", "code": number}
    return Row(status, body, means, "" if means is TAKEN else f"splunk.{number}")


CODES = [
    code(0, 200, TAKEN),
    code(1, 403, STOP),  # token disabled
    code(2, 401, STOP),  # token required
    code(3, 401, STOP),  # bad authorization
    code(4, 403, STOP),  # bad token
    code(5, 400, STOP),  # no data
    code(6, 400, SPLIT),  # bad format
    code(7, 400, STOP),  # wrong index
    code(8, 500, AGAIN),  # internal
    code(9, 503, AGAIN),  # busy
    code(10, 400, STOP),  # channel missing
    code(11, 400, STOP),  # channel invalid
    code(12, 400, SPLIT),  # event missing
    code(13, 400, SPLIT),  # event blank
    code(14, 400, STOP),  # acknowledgements are off
    code(15, 400, SPLIT),  # indexed fields
    code(16, 400, STOP),  # a token in the query is off
    code(17, 200, STOP),  # healthy: no answer to events
    code(18, 503, AGAIN),  # unhealthy: queue
    code(19, 503, AGAIN),  # unhealthy: acknowledgements
    code(20, 503, AGAIN),  # unhealthy: both
    code(21, 400, STOP),  # health: token invalid
    code(22, 400, STOP),  # health: token disabled
    code(23, 503, AGAIN),  # shutting down
    code(24, 200, SLOW),  # queue near its limit
    code(25, 200, SLOW),  # acknowledgements near theirs
    code(26, 429, AGAIN),  # queue full
    code(27, 429, AGAIN),  # channel full
]
STATUSES = [
    Row(413, b"<html>too large", SPLIT, "splunk.too_large"),
    Row(413, {"code": 0}, SPLIT, "splunk.too_large"),
    Row(429, b"", AGAIN, "splunk.http_429", wait_s=17),
    Row(500, b"", AGAIN, "splunk.http_500"),
    Row(500, {"text": "Success", "code": 0}, AGAIN, "splunk.http_500"),  # says two things
    Row(302, {"text": "Success", "code": 24}, STOP, "splunk.http_302"),
    Row(501, b"", AGAIN, "splunk.http_501"),
    Row(502, b"<html>", AGAIN, "splunk.http_502"),
    Row(503, {"text": "busy", "code": 9}, AGAIN, "splunk.9", wait_s=3),
    Row(504, b"", AGAIN, "splunk.http_504"),
    Row(401, b"", STOP, "splunk.http_401"),
    Row(403, b"", STOP, "splunk.http_403"),
    Row(404, b"", STOP, "splunk.http_404"),
    Row(302, b"", STOP, "splunk.http_302"),
    Row(415, b"", STOP, "splunk.http_415"),  # no gzip
    Row(429, {"text": "Server is busy", "code": 26}, AGAIN, "splunk.26", wait_s=40),
    Row(200, b"<html>a proxy", AGAIN, "splunk.unreadable"),
    Row(200, {"text": "a code to come", "code": 99}, AGAIN, "splunk.unreadable"),
]


def test_the_table_has_every_code() -> None:
    assert [row.body["code"] for row in CODES] == list(range(28))


@pytest.mark.parametrize("row", CODES + STATUSES, ids=str)
async def test_an_answer_leads_to_what_the_contract_says(row: Row, listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble())
    if row.status == 200 and row.means in {AGAIN, STOP}:  # whoever answers so is no collector, and keeps nothing
        double.keeps_faulty = False
    await keeps(row, double, ready(destination(Kind.SPLUNK, double.url)), double.places)


@pytest.mark.parametrize("number", [6, 12, 13, 15])
async def test_an_event_that_is_named_is_taken_out_at_once(number: int, listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble())
    double.faults.append((400, {"text": "", "code": number, "invalid-event-number": 2}))
    played = await deliver(ready(destination(Kind.SPLUNK, double.url)))
    assert [len(each) for each in double.requests] == [COUNT, 2, 1]  # those before it, those behind it
    assert (played.outcome.dead, played.outcome.reached) == ({2: f"splunk.{number}"}, COUNT)
    assert (double.places(), played.paused) == ([0, 1, 3], [])


async def test_any_number_of_faulty_events_in_one_batch_is_passed(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(faulty=set(range(1, 30, 2))))
    outcome = (await deliver(ready(destination(Kind.SPLUNK, double.url)), count=30)).outcome
    assert (outcome.dead, outcome.reached) == (dict.fromkeys(range(1, 30, 2), "splunk.6"), 30)
    assert sorted(set(double.places())) == list(range(0, 30, 2))


# Acknowledgements


def acknowledging(double: SplunkDouble) -> Road:
    double.uses_ack = True
    return ready(destination(Kind.SPLUNK, double.url, wants_ack=True))


@pytest.mark.parametrize(
    ("body", "stop", "alert"),
    [
        ({"code": 0}, "splunk.ack_missing", ""),
        ({"code": 0, "ackId": "7"}, "splunk.ack_missing", ""),
        ({"code": 24}, "", "splunk.ack_missing"),  # forbids sending again
        ({"code": 25}, "", "splunk.ack_missing"),
    ],
    ids=str,
)
async def test_a_200_without_a_number_to_ask_for(
    body: dict[str, Any], stop: str, alert: str, listen: Listen[SplunkDouble]
) -> None:
    double = listen(SplunkDouble(faults=deque([(200, body)])))
    outcome = (await deliver(acknowledging(double))).outcome
    assert (outcome.stop, outcome.alert) == (stop, alert)
    assert outcome.reached == (0 if stop else COUNT)
    assert len(double.requests) == 1


async def test_it_is_asked_every_ten_seconds_until_all_is_indexed(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(acks_after=3))
    played = await deliver(acknowledging(double))
    assert played.paused == [ACK_POLL_S] * 4
    assert (played.outcome.taken, played.outcome.reached) == (list(range(COUNT)), COUNT)


async def test_after_five_minutes_the_same_batch_is_sent_again(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(acks_after=31))
    way = acknowledging(double)
    played = await deliver(way)
    assert (sum(played.paused), played.outcome.reached) == (ACK_PATIENCE_S, 0)
    assert (played.outcome.reason, played.outcome.is_behind, played.outcome.taken) == ("splunk.ack_late", True, [])
    assert (await deliver(way)).outcome.reached == COUNT
    assert double.requests[0] == double.requests[1]


async def test_a_test_waits_half_a_minute_only(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(acks_after=31))
    assert sum((await deliver(acknowledging(double), is_patient=False)).paused) == PROBE_PATIENCE_S


@pytest.mark.parametrize(("status", "body"), [(503, {"code": 19}), (400, {"code": 11}), (200, b"<html>"), (200, [])])
async def test_a_question_that_is_not_answered_is_asked_again(
    status: int, body: Any, listen: Listen[SplunkDouble]
) -> None:
    double = listen(SplunkDouble(ack_faults=deque([(status, body)])))
    played = await deliver(acknowledging(double))
    assert (played.paused, played.outcome.reached) == ([ACK_POLL_S] * 2, COUNT)


@pytest.mark.parametrize(("status", "number"), [(403, 1), (401, 2), (401, 3), (403, 4), (400, 14), (400, 16)], ids=str)
async def test_a_question_that_nobody_will_ever_answer_stops(
    status: int, number: int, listen: Listen[SplunkDouble]
) -> None:
    double = listen(SplunkDouble(ack_faults=deque([(status, {"text": "as Splunk says it", "code": number})])))
    played = await deliver(acknowledging(double))
    assert (played.paused, played.outcome.stop) == ([ACK_POLL_S], f"splunk.{number}")
    assert (played.outcome.reached, played.outcome.taken, len(double.requests)) == (0, [], 1)


async def test_many_batches_are_on_their_way_and_asked_about_together(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(acks_after=1))
    played = await deliver(acknowledging(double), count=1_300)
    numbers = [1, 2, 3]
    assert [sum(len(each) for each in double.requests), len(double.requests)] == [1_300, len(numbers)]
    assert double.questions == [numbers, numbers]
    assert (played.paused, played.outcome.reached) == ([ACK_POLL_S] * 2, 1_300)


async def test_the_cursor_waits_for_the_first_batch_that_is_not_indexed(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(never={2}))
    played = await deliver(acknowledging(double), count=1_300)
    first, second = (len(each) for each in double.requests[:2])
    assert (played.outcome.reached, played.outcome.reason) == (first, "splunk.ack_late")
    assert played.outcome.taken == [*range(first), *range(first + second, 1_300)]
    assert double.questions[1:] == [[2]] * 29


@pytest.mark.parametrize("killed_before", [2, 3])
async def test_a_collector_that_was_started_again_confirms_nothing_for_the_one_before(
    killed_before: int, listen: Listen[SplunkDouble]
) -> None:
    """Acknowledgements are numbered in its memory: after a start, number 1 is another batch."""
    double = listen(SplunkDouble(killed_before={killed_before}))
    way = acknowledging(double)
    played = await deliver(way, count=1_300)
    assert (played.outcome.reached, played.outcome.is_behind) == (0, True)
    assert (played.outcome.reason, played.outcome.taken) == ("splunk.ack_repeated", [])
    assert played.paused == [], "nothing is waited for that nobody has"
    assert (await deliver(way, count=1_300)).outcome.reached == 1_300
    assert set(double.places()) == set(range(1_300))


async def test_a_test_is_numbered_apart_and_confirms_nothing_for_the_log(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble())
    double.uses_ack = True
    to = destination(Kind.SPLUNK, double.url, wants_ack=True)
    for way in (ready(to), ready(to, is_test=True)):
        await deliver(way, count=1)
    assert len(double.channels) == 2


async def test_a_receiver_near_its_limits_is_sent_no_further_batch_ahead(listen: Listen[SplunkDouble]) -> None:
    double = listen(SplunkDouble(near_limit=25))
    played = await deliver(acknowledging(double))
    assert (played.outcome.is_slow, played.outcome.reached, len(double.requests)) == (True, COUNT, 1)
