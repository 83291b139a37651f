import os

from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import Drawn


class Source:
    """Octets of which any four in a row stand there once."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.given = b""

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        fresh = os.urandom(count)
        self.given += fresh
        return fresh


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 64))
def test_each_piece_is_as_long_as_asked_and_no_octet_is_given_twice(counts: list[int], stock: int) -> None:
    source = Source()
    drawn = Drawn(source, stock)
    at = 0
    for count in counts:
        piece = drawn(count)
        assert len(piece) == count
        found = source.given.index(piece, at)  # in order, each behind the one before
        at = found + count
    assert all(asked >= stock for asked in source.asked)


def test_nothing_is_drawn_before_it_is_wanted_and_then_once_for_many() -> None:
    source = Source()
    drawn = Drawn(source, 100)
    assert source.asked == []
    assert len({drawn(10) for _ in range(10)}) == 10
    assert source.asked == [100]
