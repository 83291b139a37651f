import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.compare import Comparison, compare, read_marks

ORIGIN = "log.house.example/t/tn_a"


def hash_at(place: int) -> str:
    return sha256(b"%d" % place).hexdigest()


def held(lines: list[str], size: int, start: int = 0) -> Comparison:
    return compare(read_marks(lines), origin=ORIGIN, start=start, size=size, hash_at=hash_at)


def native(place: int) -> dict[str, object]:
    return {"leaf_index": place, "leaf_hash": hash_at(place), "log_origin": ORIGIN}


SPELLINGS: dict[str, Callable[[int], dict[str, object]]] = {
    "native": native,
    "splunk": lambda at: {"preview": False, "result": {"leaf_index": str(at), "leaf_hash": hash_at(at)}},
    "elastic": lambda at: {"_index": "x", "_source": {"gatepost": native(at)}},
    "datadog": lambda at: {"content": {"attributes": native(at)}},
    "ocsf": lambda at: {"metadata": {"sequence": at, "original_event_uid": hash_at(at), "log_name": ORIGIN}},
    "flat": lambda at: {"gatepost.leaf_index": at, "gatepost.leaf_hash": hash_at(at)},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_gaps_are_named_whatever_tool_wrote_the_export(spelling: str) -> None:
    lines = [json.dumps(SPELLINGS[spelling](at)) for at in (0, 1, 4, 9)]
    found = held(lines, 10)
    assert (found.missing, found.missing_count, found.present) == ([(2, 3), (5, 8)], 6, 4)
    assert not found.is_whole


def test_csv_is_read_by_its_header() -> None:
    lines = ["_time,leaf_index,leaf_hash\n", f'"x, y",0,{hash_at(0)}\n', f"z,2,{hash_at(2)}\n"]
    assert held(lines, 3).missing == [(1, 1)]


def test_an_array_is_read_line_by_line() -> None:
    assert held(["[\n", json.dumps(native(0)) + ",\n", json.dumps(native(1)) + "\n", "]\n"], 2).is_whole


def test_a_repetition_is_counted_and_a_changed_event_named() -> None:
    lines = [json.dumps(native(0)), json.dumps(native(0)), json.dumps({**native(1), "leaf_hash": hash_at(7)})]
    found = held(lines, 2)
    assert (found.repeated, found.changed, found.missing) == (1, [1], [(1, 1)])


def test_events_of_other_logs_and_beyond_the_end_do_not_count() -> None:
    lines = [json.dumps(native(0)), json.dumps({**native(1), "log_origin": "other"}), json.dumps(native(5))]
    found = held(lines, 2)
    assert (found.foreign, found.beyond, found.missing) == (1, 1, [(1, 1)])


def test_an_empty_export_lacks_everything_and_an_empty_log_nothing() -> None:
    assert held([], 3).missing == [(0, 2)]
    assert held([], 0).is_whole


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 10))
def test_missing_is_exactly_what_is_not_there(there: set[int], size: int, start: int) -> None:
    found = held([json.dumps(native(at)) for at in there], size, start)
    told = [at for first, last in found.missing for at in range(first, last + 1)]
    assert told == [at for at in range(start, size) if at not in there]
    assert found.missing_count == len(told)


@given(st.lists(st.text()))
def test_any_file_can_be_read(lines: list[str]) -> None:
    held(lines, 3)
