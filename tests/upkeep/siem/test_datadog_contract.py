"""Every status of Datadog's logs intake, and what we do then."""

from collections import deque

import pytest

from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import Road
from upkeep.siem.contract import COUNT, Listen, Means, Row, deliver, keeps, ready
from upkeep.siem.papers import decided, destination
from upkeep.siem.receivers import DatadogDouble

TAKEN, SLOW, AGAIN, SPLIT, STOP = Means


def error(status: int, means: Means, *, wait_s: float = 0) -> Row:
    body = {"errors": [{"status": str(status), "title": "as Datadog says it", "detail": "boss@corp.example"}]}
    return Row(status, body, means, f"datadog.http_{status}", wait_s)


ROWS = [
    Row(202, {}, TAKEN),
    error(400, SPLIT),  # format
    error(401, STOP),  # no key
    error(403, STOP),  # a wrong key
    error(404, STOP),
    error(408, AGAIN),
    error(415, STOP),  # no gzip
    Row(413, {"errors": []}, SPLIT, "datadog.too_large"),
    error(429, AGAIN),
    error(429, AGAIN, wait_s=20),
    error(500, AGAIN),
    error(501, AGAIN),
    error(502, AGAIN),
    error(503, AGAIN),
    error(504, AGAIN),
    Row(200, b"<html>a proxy", AGAIN, "datadog.unreadable"),
    Row(204, b"", AGAIN, "datadog.unreadable"),
    Row(307, b"", STOP, "datadog.http_307"),
]


def at(double: DatadogDouble, **place: str) -> Road:
    return ready(destination(Kind.DATADOG, f"{double.url}/api/v2/logs", **place))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_an_answer_leads_to_what_the_contract_says(row: Row, listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble())
    await keeps(row, double, at(double), double.places)


async def test_a_missing_key_is_its_own_status(listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble())
    outcome = (await deliver(at(double, credential="none"))).outcome
    assert outcome.stop == "datadog.http_401"
    outcome = (await deliver(at(double, credential="other"))).outcome
    assert outcome.stop == "datadog.http_403"


async def test_no_request_holds_more_than_they_take(listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble())
    await deliver(at(double), count=1_300)
    assert [len(each) for each in double.requests] == [1000, 300]
    assert double.wrong == []


async def test_no_request_has_more_octets_than_we_want(listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble())
    await deliver(at(double), events=[decided(index=place, opened={"sender": "x" * 900_000}) for place in range(5)])
    assert [len(each) for each in double.requests] == [4, 1]
    assert double.wrong == []


async def test_what_they_would_cut_and_call_taken_is_not_sent(listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble())
    way = at(double)
    large = decided(opened={"sender": "x" * 1_000_000})
    assert len(way.spell(large)) > way.limits.event_octets
    outcome = (await deliver(way, events=[decided(index=4), large, decided(index=6)])).outcome
    assert (outcome.dead, outcome.reached, double.places()) == ({5: "event.too_large"}, 7, [4, 6])


async def test_an_entry_older_than_they_honour_keeps_its_time_in_an_attribute(listen: Listen[DatadogDouble]) -> None:
    double = listen(DatadogDouble(faults=deque([None])))
    await deliver(at(double), count=COUNT)
    assert {each["occurred_at"] for each in double.logs} == {decided().leaf["ts"]}
