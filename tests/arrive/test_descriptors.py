import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.arrive import descriptors

OPEN = Path("/proc/self/fd")


@pytest.fixture
def highest() -> Iterator[int]:
    """The first descriptor that is free; the limit may be changed."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    yield next_one
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _allow(most: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def test_the_last_are_a_quarter_of_few_and_256_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (400, 400))
    assert [descriptors.is_among_the_last(number) for number in (299, 300)] == [False, True]
    monkeypatch.setattr("resource.getrlimit", lambda _: (10_000, 10_000))
    assert [descriptors.is_among_the_last(number) for number in (9743, 9744)] == [False, True]


def test_they_are_used_up_where_the_next_is_among_the_last(highest: int) -> None:
    _allow(highest * 5 // 4)
    assert descriptors.are_used_up()
    _allow(2 * highest + 40)
    assert not descriptors.are_used_up()


def test_where_not_one_is_left_all_are_used(highest: int) -> None:
    _allow(highest)
    opened = list[int]()
    try:
        while True:
            opened.append(os.dup(0))
    except OSError:
        assert descriptors.are_used_up()
        assert descriptors.short(0.1) == -(-(highest - highest // 4) // 10)
    finally:
        for number in opened:
            os.close(number)


@pytest.mark.usefixtures("highest")
def test_as_many_are_short_as_a_share_of_those_that_clients_get_lacks() -> None:
    most = 4 * max(int(each.name) for each in OPEN.iterdir())
    _allow(most)
    given = most - min(descriptors.KEPT, most // 4)
    assert descriptors.short(0.1) == 0
    opened = [os.dup(0) for _ in range(given - len(list(OPEN.iterdir())) - 5)]
    try:
        assert 0 < descriptors.short(0.5) <= given // 2 + 1
        assert descriptors.short(0.5) - descriptors.short(0.25) in {given // 4, given // 4 + 1}
    finally:
        for number in opened:
            os.close(number)
