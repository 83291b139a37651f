from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gatepost.record.erased import RANGES_MAX, Erased, Rule, parts, ranges

INDEXES = st.sets(st.integers(0, 500)).map(sorted)


def _leaf(**detail: object) -> dict[str, object]:
    return {"detail": detail}


@given(INDEXES)
def test_ranges_say_the_indexes_and_nothing_else(indexes: list[int]) -> None:
    found = ranges(indexes)
    assert [index for first, last in found for index in range(first, last + 1)] == indexes
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


@given(INDEXES)
def test_what_was_cut_into_parts_covers_the_same(indexes: list[int]) -> None:
    cut = parts(indexes)
    assert all(len(part) <= RANGES_MAX for part in cut)
    erased = Erased(_leaf(rule=Rule.PERSON, entries=part) for part in cut)
    assert [index for index in range(502) if erased.covers(index, None)] == indexes


def test_the_plan_covers_all_below_and_a_policy_its_mailboxes() -> None:
    erased = Erased(
        [_leaf(rule="plan", through=3), _leaf(rule="policy", through=5, accounts=[7]), _leaf(rule="keys", months=[])]
    )
    assert [erased.covers(index, None) for index in (2, 3, 4)] == [True, False, False]
    assert [erased.covers(index, 7) for index in (2, 4, 5)] == [True, True, False]
    assert not erased.covers(4, 8)


def test_an_older_entry_takes_nothing_back() -> None:
    erased = Erased([_leaf(rule="plan", through=9), _leaf(rule="plan", through=3), {"detail": None}])
    assert erased.covers(8, None)


def test_an_opening_may_be_shut_by_its_person_or_its_month_and_by_no_limit() -> None:
    erased = Erased(
        [
            _leaf(rule="plan", through=9),
            _leaf(rule="policy", through=9, accounts=[7]),
            _leaf(rule="person", entries=[[3, 4]]),
            _leaf(rule="keys", months=["2026-02"]),
        ]
    )
    assert [erased.shuts(index, "2026-01-31T23:59:59Z") for index in (2, 3, 4, 5)] == [False, True, True, False]
    assert erased.shuts(5, "2026-02-01T00:00:00Z")
