"""Every status of ``_bulk``, of the request and of single items inside a 200, and what we do then."""

from collections import deque
from typing import Any

import pytest

from gatepost.upkeep.siem.batches import wait_s
from gatepost.upkeep.siem.delivery import TRIES_MAX
from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import Road
from upkeep.siem.contract import COUNT, Listen, Means, Row, deliver, keeps, ready
from upkeep.siem.papers import decided, destination
from upkeep.siem.receivers import ElasticDouble

TAKEN, SLOW, AGAIN, SPLIT, STOP = Means
BUSY = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue"}}


def http(status: int, means: Means, *, wait_s: float = 0) -> Row:
    body = {"error": {"type": "as_elastic_says_it", "reason": "boss@corp.example"}, "status": status}
    return Row(status, body, means, f"elastic.http_{status}", wait_s)


ROWS = [
    http(400, SPLIT),
    http(401, STOP),
    http(403, STOP),
    http(404, STOP),  # require_data_stream, and there is none
    http(415, STOP),  # no gzip
    Row(413, b"", SPLIT, "elastic.too_large"),
    http(429, AGAIN),
    http(429, AGAIN, wait_s=12),
    http(500, AGAIN),
    http(501, STOP),
    http(502, AGAIN),
    http(503, AGAIN, wait_s=9),
    http(504, AGAIN),
    Row(200, b"<html>a proxy", AGAIN, "elastic.unreadable"),
    Row(200, {"took": 1, "errors": False, "items": []}, AGAIN, "elastic.unreadable"),
    Row(200, {"took": 1, "errors": False, "items": [{"create": {"status": 201}}] * 3}, AGAIN, "elastic.unreadable"),
    Row(200, {"took": 1, "errors": False, "items": [{"index": {"status": 201}}] * 4}, AGAIN, "elastic.unreadable"),
]


def at(double: ElasticDouble) -> Road:
    return ready(destination(Kind.ELASTIC, double.url, credential="id:secret"))


def refused(status: int, kind: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "reason": "boss@corp.example"}}


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_an_answer_leads_to_what_the_contract_says(row: Row, listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble())
    await keeps(row, double, at(double), double.places)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_only_a_busy_item_is_sent_again_after_a_pause(status: int, listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={2: [refused(status, "any_exception")] * 2}))
    played = await deliver(at(double))
    assert [len(each) for each in double.requests] == [COUNT, 1]
    assert (played.outcome.reached, played.outcome.dead, played.outcome.is_behind) == (2, {}, True)
    assert played.paused == [wait_s(1, 0.5)]
    assert (await deliver(at(double), start=2, count=2)).outcome.reached == COUNT
    assert sorted(double.places()) == list(range(COUNT))


async def test_items_busy_in_turn_are_tried_so_often_and_then_later(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={place: [BUSY] * (place + 1) for place in range(20)}))
    played = await deliver(at(double), count=20)
    assert (played.outcome.is_behind, len(double.requests)) == (True, 1)  # all at once: the cluster, not an item
    played = await deliver(at(double), count=20)
    assert (played.outcome.reached, len(double.requests)) == (TRIES_MAX, 1 + TRIES_MAX)


@pytest.mark.parametrize(
    "kind", ["mapper_parsing_exception", "document_parsing_exception", "strict_dynamic_mapping_exception"]
)
async def test_a_document_it_cannot_map_is_a_letter_whose_reason_quotes_nobody(
    kind: str, listen: Listen[ElasticDouble]
) -> None:
    double = listen(ElasticDouble(items={1: [refused(400, kind)]}))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.dead, outcome.reached, double.places()) == ({1: f"elastic.400.{kind}"}, COUNT, [0, 2, 3])


async def test_what_is_there_already_counts_as_taken_and_is_stored_once(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble())
    await deliver(at(double))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.taken, outcome.dead) == ([0, 1, 2, 3], {})
    assert (len(double.requests), len(double.stored)) == (2, COUNT)


async def test_another_conflict_is_a_letter(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={0: [refused(409, "other_exception")]}))
    assert (await deliver(at(double))).outcome.dead == {0: "elastic.409.other_exception"}


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_item_nobody_may_write_stops(status: int, listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={3: [refused(status, "security_exception")]}))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.stop, outcome.reached) == (f"elastic.{status}.security_exception", 0)


async def test_the_failure_store_counts_as_taken_and_alerts(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={1: [{"status": 201, "failure_store": "used"}]}))
    outcome = (await deliver(at(double))).outcome
    assert (outcome.alert, outcome.reached, outcome.dead) == ("elastic.failure_store", COUNT, {})


async def test_busy_and_refused_items_of_one_answer_are_told_apart(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble(items={0: [BUSY], 1: [refused(400, "mapper_parsing_exception")]}))
    played = await deliver(at(double))
    assert [len(each) for each in double.requests] == [COUNT, 1]
    assert (list(played.outcome.dead), played.outcome.reached, len(played.paused)) == ([1], COUNT, 1)


async def test_an_error_is_read_from_the_items_whatever_the_flag_says(listen: Listen[ElasticDouble]) -> None:
    items = [{"create": {"status": 201}}] * 3 + [{"create": refused(400, "mapper_parsing_exception")}]
    double = listen(ElasticDouble(faults=deque([(200, {"took": 1, "errors": False, "items": items})])))
    assert list((await deliver(at(double))).outcome.dead) == [3]


async def test_a_request_stays_far_below_what_they_take(listen: Listen[ElasticDouble]) -> None:
    double = listen(ElasticDouble())
    way = at(double)
    large = [decided(index=place, opened={"sender": "x" * 1_500_000}) for place in range(5)]
    await deliver(way, events=large)
    assert [len(each) for each in double.requests] == [3, 2]
