import asyncio
from collections.abc import Sequence

from gatepost.jobs.slices import SIZE, in_slices, slice_by_slice


async def test_others_have_their_turn_between_two_slices() -> None:
    made: list[int] = []
    seen: list[int] = []

    def make(row: int) -> int:
        made.append(row)
        return -row

    async def look() -> None:
        while len(made) < 5 * SIZE:
            seen.append(len(made))
            await asyncio.sleep(0)

    found, _ = await asyncio.gather(in_slices(make, range(5 * SIZE)), look())
    assert found == [-row for row in range(5 * SIZE)]
    assert seen == [SIZE, 2 * SIZE, 3 * SIZE, 4 * SIZE]


async def test_of_nothing_nothing_is_made() -> None:
    assert await in_slices(str, []) == []


async def test_a_slice_can_be_made_together() -> None:
    slices: list[int] = []

    def make(rows: Sequence[int]) -> list[str]:
        slices.append(len(rows))
        return [str(row) for row in rows]

    assert await slice_by_slice(make, range(SIZE + 3)) == [str(row) for row in range(SIZE + 3)]
    assert slices == [SIZE, 3]
