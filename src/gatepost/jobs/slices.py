"""Long work in small slices: between two of them the loop does whatever else is due."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

SIZE = 16
"""Rows of one slice: opening as many seals takes about as long as a thread's turn (``app/process.py``)."""


async def in_slices(make: Callable[[T], R], rows: Sequence[T]) -> list[R]:
    """Return what is made of each row, in order; raises what ``make`` raises."""
    return await slice_by_slice(lambda some: map(make, some), rows)


async def slice_by_slice(make: Callable[[Sequence[T]], Iterable[R]], rows: Sequence[T]) -> list[R]:
    """Return the same where ``make`` takes a slice, of which all together cost less than one by one."""
    made: list[R] = []
    for start in range(0, len(rows), SIZE):
        made += make(rows[start : start + SIZE])
        await asyncio.sleep(0)
    return made
