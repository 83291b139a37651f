import json

import pytest

from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.otlp import Otlp
from gatepost.upkeep.siem.paper import Kind
from upkeep.siem.papers import decided, destination

OTLP = Otlp(destination(Kind.OTLP, credential="Bearer x"), native)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_only_these_are_sent_again(status: int) -> None:
    assert list(OTLP.judge(2, status, b"").again) == [0, 1]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 500, 501])
def test_all_others_never(status: int) -> None:
    verdict = OTLP.judge(2, status, b"")
    assert not verdict.again
    assert verdict.stop


@pytest.mark.parametrize(("said", "count"), [("2", 2), (2, 2), ("0", 0), (0, 0), ("x", 0), (None, 0), ("9" * 30, 0)])
def test_a_partial_success_is_counted_and_not_sent_again(said: object, count: int) -> None:
    verdict = OTLP.judge(3, 200, json.dumps({"partialSuccess": {"rejectedLogRecords": said}}).encode())
    assert (verdict.rejected, bool(verdict.again), bool(verdict.alert)) == (count, False, bool(count))


def test_a_record_is_spelled_as_proto3_json_demands() -> None:
    event = decided()
    found = json.loads(OTLP.body([OTLP.spell(event)]))
    (record,) = found["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert record["timeUnixNano"] == str(int(event.at.timestamp()) * 10**9)
    assert record["severityNumber"] == 9
    assert {"key": "leaf_index", "value": {"intValue": "5"}} in record["attributes"]
    assert json.loads(record["body"]["stringValue"])["leaf_hash"] == event.leaf_hash
    assert (OTLP.url, OTLP.headers["Authorization"]) == ("https://siem.example/v1/logs", "Bearer x")
