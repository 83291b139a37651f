from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import LeafIndex
from gatepost.upkeep.siem.batches import WAIT_MAX_S, cut, halves, wait_s
from gatepost.upkeep.siem.paper import Limits, Spelled

LIMITS = Limits(events=5, batch_octets=100, event_octets=50)


@given(st.lists(st.integers(1, 50)))
def test_batches_fit_keep_the_order_and_lose_nothing(sizes: list[int]) -> None:
    events = [Spelled(LeafIndex(at), b"x" * size) for at, size in enumerate(sizes)]
    made = list(cut(events, LIMITS))
    assert [each for batch in made for each in batch] == events
    for batch in made:
        assert 1 <= len(batch) <= LIMITS.events
        assert sum(len(each.octets) + 1 for each in batch) <= LIMITS.batch_octets


@given(st.integers(2, 100))
def test_halves_are_never_empty(count: int) -> None:
    first, second = halves([Spelled(LeafIndex(at), b"") for at in range(count)])
    assert first
    assert second
    assert len(first) + len(second) == count


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_are_spread_and_have_an_end(failures: int, chance: float) -> None:
    assert 0.5 <= wait_s(failures, chance) <= WAIT_MAX_S
    assert wait_s(failures, 0) >= wait_s(max(failures - 1, 1), 0)
