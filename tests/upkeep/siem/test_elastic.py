import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.ecs import document
from gatepost.upkeep.siem.elastic import Elastic
from gatepost.upkeep.siem.paper import Kind
from upkeep.siem.papers import decided, destination

ELASTIC = Elastic(destination(Kind.ELASTIC), document, "logs-gatepost.audit-tn_a")
CONFLICT = "version_conflict_engine_exception"


def answer(*items: Any) -> bytes:
    return json.dumps({"took": 1, "errors": True, "items": [{"create": each} for each in items]}).encode()


def test_each_item_is_judged_on_its_own() -> None:
    verdict = ELASTIC.judge(
        6,
        200,
        answer(
            {"status": 201},
            {"status": 409, "error": {"type": CONFLICT}},
            {"status": 429, "error": {"type": "es_rejected_execution_exception"}},
            {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "boss@corp.example"}},
            {"status": 503, "error": {"type": "unavailable_shards_exception"}},
            {"status": 501},
        ),
    )
    assert list(verdict.again) == [2, 4]
    assert verdict.dead == {3: "elastic.400.mapper_parsing_exception", 5: "elastic.501.other"}
    assert not verdict.stop


def test_another_conflict_is_no_success() -> None:
    assert ELASTIC.judge(1, 200, answer({"status": 409, "error": {"type": "other_exception"}})).dead


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_item_that_may_not_be_written_stops(status: int) -> None:
    error = {"type": "security_exception"}
    assert (
        ELASTIC.judge(1, 200, answer({"status": status, "error": error})).stop == f"elastic.{status}.security_exception"
    )


def test_the_failure_store_is_a_success_that_alerts() -> None:
    verdict = ELASTIC.judge(1, 200, answer({"status": 201, "failure_store": "used"}))
    assert (verdict.alert, verdict.again, verdict.dead) == ("elastic.failure_store", [], {})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_cluster_is_asked_again(status: int) -> None:
    assert list(ELASTIC.judge(2, status, b"").again) == [0, 1]


@pytest.mark.parametrize("status", [401, 403, 501])
def test_a_request_that_cannot_succeed_stops(status: int) -> None:
    assert ELASTIC.judge(2, status, b"").stop == f"elastic.http_{status}"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"items":[]}', b'{"items":[{"create":{"status":201}}]}'])
def test_an_answer_that_does_not_name_every_item_is_no_success(body: bytes) -> None:
    assert list(ELASTIC.judge(2, 200, body).again) == [0, 1]


def test_only_create_with_the_leaf_hash_for_id_and_a_final_lf() -> None:
    event = decided()
    lines = ELASTIC.body([ELASTIC.spell(event)]).split(b"\n")
    assert json.loads(lines[0]) == {"create": {"_id": event.leaf_hash}}
    assert json.loads(lines[1])["event"]["id"] == event.leaf_hash
    assert lines[2:] == [b""]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_answer_has_a_verdict(items: object) -> None:
    ELASTIC.judge(2, 200, json.dumps({"items": [items, {"create": items}]}).encode())
