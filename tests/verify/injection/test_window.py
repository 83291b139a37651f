from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.injection.phrases import PHRASES
from gatepost.verify.injection.window import REACH_CHARS, worst

ONES = [1.0] * len(PHRASES)
HITS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, len(PHRASES) - 1)), max_size=60).map(sorted)


def test_a_phrase_counts_once_however_often_it_stands_there() -> None:
    assert worst([(10, 3), (20, 3), (30, 3)], ONES).weight == 1


def test_phrases_far_apart_do_not_add_up() -> None:
    assert worst([(0, 1), (REACH_CHARS + 1, 2)], ONES).weight == 1
    assert worst([(0, 1), (REACH_CHARS, 2)], ONES).weight == 2


def test_nothing_found_weighs_nothing() -> None:
    assert worst([], ONES).weight == 0


@given(HITS)
def test_it_is_the_heaviest_of_all_windows(hits: list[tuple[int, int]]) -> None:
    slow = max(
        (len({p for end, p in hits if first <= end <= first + REACH_CHARS}) for first, _ in hits),
        default=0,
    )
    found = worst(hits, ONES)
    assert round(found.weight) == slow == len(found.ends)


@given(HITS, HITS)
def test_more_text_never_weighs_less(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    assert worst(sorted(one + other), ONES).weight >= worst(one, ONES).weight
