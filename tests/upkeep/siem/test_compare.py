import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.compare import Comparison, compare
from gatepost.upkeep.siem.marks import read_marks

ORIGIN = "log.house.example/t/tn_a"
LOG_SIZE = 50


def hash_at(place: int) -> str:
    return sha256(b"%d" % place).hexdigest()


def held(lines: list[str], size: int, start: int = 0) -> Comparison:
    return compare(read_marks(lines), origin=ORIGIN, start=start, size=size, log_size=LOG_SIZE, hash_at=hash_at)


def native(place: int) -> dict[str, object]:
    return {"leaf_index": place, "leaf_hash": hash_at(place), "log_origin": ORIGIN}


def test_a_repetition_is_counted_and_a_changed_event_named() -> None:
    lines = [json.dumps(native(0)), json.dumps(native(0)), json.dumps({**native(1), "leaf_hash": hash_at(7)})]
    found = held(lines, 2)
    assert (found.repeated, found.repeats, found.changed, found.missing) == (1, [0], [1], [(1, 1)])
    assert found.read == 0, "they carry no entry"


def test_an_event_the_log_never_had_is_named() -> None:
    found = held([json.dumps(native(at)) for at in (0, 1, LOG_SIZE)], 2)
    assert (found.missing_count, found.unknown, found.is_whole) == (0, [LOG_SIZE], False)


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
