"""Every status of OTLP over HTTP, partial successes inside a 200, and what we do then."""

from typing import Any

import pytest

from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import Road
from upkeep.siem.contract import COUNT, Listen, Means, Row, deliver, keeps, ready
from upkeep.siem.papers import destination
from upkeep.siem.receivers import OtlpDouble

TAKEN, SLOW, AGAIN, SPLIT, STOP = Means


def http(status: int, means: Means, *, wait_s: float = 0) -> Row:
    return Row(status, {"code": 3, "message": "as a collector says it"}, means, f"otlp.http_{status}", wait_s)


ROWS = [
    Row(200, {}, TAKEN),
    Row(200, {"partialSuccess": {}}, TAKEN),
    Row(200, b"", TAKEN),  # no octets of Protobuf: nothing was rejected
    Row(200, b"{ }\n", TAKEN),
    Row(201, b"", TAKEN),  # as Fluent Bit answers unless told otherwise
    Row(202, {}, TAKEN),
    Row(201, b"<html>a proxy", AGAIN, "otlp.unreadable"),
    Row(200, b"<html>a proxy", AGAIN, "otlp.unreadable"),
    Row(200, b'{"partialSuccess": {"rejectedLogRecords": "3", "err', AGAIN, "otlp.unreadable"),
    Row(200, [], AGAIN, "otlp.unreadable"),
    Row(200, {"partialSuccess": {"rejectedLogRecords": "0", "errorMessage": "a warning"}}, TAKEN),
    http(400, SPLIT),
    http(401, STOP),
    http(403, STOP),
    http(404, STOP),
    http(408, STOP),
    http(413, SPLIT),
    http(415, STOP),  # no gzip
    http(429, AGAIN),
    http(429, AGAIN, wait_s=25),
    http(500, STOP),
    http(501, STOP),
    http(502, AGAIN),
    http(503, AGAIN, wait_s=5),
    http(504, AGAIN),
]


def at(double: OtlpDouble) -> Road:
    return ready(destination(Kind.OTLP, double.url, credential="Bearer secret"))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_an_answer_leads_to_what_the_contract_says(row: Row, listen: Listen[OtlpDouble]) -> None:
    double = listen(OtlpDouble())
    await keeps(row, double, at(double), double.places)


@pytest.mark.parametrize(("said", "count"), [("3", 3), (3, 3)])
async def test_what_is_rejected_inside_a_200_is_counted_alerts_and_is_not_sent_again(
    said: Any, count: int, listen: Listen[OtlpDouble]
) -> None:
    double = listen(OtlpDouble())
    double.faults.append((200, {"partialSuccess": {"rejectedLogRecords": said, "errorMessage": "x"}}))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.rejected, outcome.alert, outcome.reached, len(double.requests)) == (
        count,
        "otlp.rejected",
        COUNT,
        1,
    )


@pytest.mark.parametrize("said", [str(COUNT), COUNT, "99"])
async def test_where_all_is_rejected_each_is_known_and_a_letter(said: Any, listen: Listen[OtlpDouble]) -> None:
    double = listen(OtlpDouble())
    double.faults.append((200, {"partialSuccess": {"rejectedLogRecords": said, "errorMessage": "x"}}))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.dead, outcome.rejected) == (dict.fromkeys(range(COUNT), "otlp.rejected"), 0)
    assert (outcome.alert, outcome.reached, len(double.requests)) == ("otlp.rejected", COUNT, 1)
