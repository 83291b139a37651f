import asyncio

import pytest

from gatepost.verify.reading.read import MAX_TEXT_CHARS
from gatepost.verify.room import ROOM_OCTETS, Place, Room
from gatepost.verify.stages import INLINE_OCTETS

LARGE = 25_000_000
TURNS = 5


async def _settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Crowd:
    """Messages that take a place and keep it until they are told to leave."""

    def __init__(self, room: Room, sizes: list[int]) -> None:
        self.inside: list[int] = []
        loop = asyncio.get_running_loop()
        self._leave = [asyncio.Event() for _ in sizes]
        self.tasks = [loop.create_task(self._stay(room, number, size)) for number, size in enumerate(sizes)]

    async def _stay(self, room: Room, number: int, size: int) -> None:
        with room.place(size) as place:
            await place.take()
            self.inside.append(number)
            await self._leave[number].wait()
        self.inside.remove(number)

    async def tell_to_leave(self, number: int) -> None:
        self._leave[number].set()
        await _settle()


async def _crowd(sizes: list[int], room: Room | None = None) -> Crowd:
    crowd = Crowd(room or Room(), sizes)
    await _settle()
    return crowd


async def test_of_the_largest_there_are_two_and_who_came_first_is_next() -> None:
    crowd = await _crowd([LARGE] * 6)
    assert crowd.inside == [0, 1]
    await crowd.tell_to_leave(1)
    assert crowd.inside == [0, 2]


async def test_smaller_ones_are_more_and_pass_nobody_who_waits() -> None:
    page = ROOM_OCTETS // 10
    assert (await _crowd([page] * 20)).inside == list(range(10))
    crowd = await _crowd([LARGE, page, LARGE, page])
    assert crowd.inside == [0, 1]  # the last one would find room, and the large one before it never would
    await crowd.tell_to_leave(0)
    assert crowd.inside == [1, 2, 3]


async def test_a_small_message_never_waits() -> None:
    crowd = await _crowd([LARGE] * 4 + [INLINE_OCTETS] * 100)
    assert len(crowd.inside) == 2 + 100


async def test_who_is_cancelled_while_waiting_keeps_nobody_behind_it() -> None:
    crowd = await _crowd([LARGE, LARGE // 25, LARGE, LARGE // 25])
    crowd.tasks[2].cancel()
    await _settle()
    assert crowd.inside == [0, 1, 3]


async def test_who_is_cancelled_as_its_turn_comes_gives_it_to_the_next() -> None:
    room = Room(MAX_TEXT_CHARS)
    crowd = await _crowd([LARGE] * 3, room)
    room.give(MAX_TEXT_CHARS)  # the turn of the second, which does not know it yet
    crowd.tasks[1].cancel()
    await _settle()
    assert crowd.inside == [0, 2]


async def test_who_is_cancelled_inside_leaves_its_room() -> None:
    crowd = await _crowd([LARGE] * 3)
    crowd.tasks[0].cancel()
    await _settle()
    assert crowd.inside[-1] == 2


async def test_a_place_that_was_not_taken_gives_nothing_back() -> None:
    room = Room()
    with room.place(LARGE):
        pass
    assert (await _crowd([LARGE] * 4, room)).inside == [0, 1]


async def test_a_place_is_taken_once() -> None:
    with Place(room := Room(), MAX_TEXT_CHARS) as place:
        await place.take()
        async with asyncio.timeout(1):
            for _ in range(ROOM_OCTETS // MAX_TEXT_CHARS):
                await place.take()
    assert (await _crowd([LARGE] * 4, room)).inside == [0, 1]


@pytest.mark.parametrize("octets", [1, MAX_TEXT_CHARS])
async def test_a_room_that_is_too_small_for_a_message_takes_it_alone(octets: int) -> None:
    assert (await _crowd([LARGE] * 2, Room(octets))).inside == [0]
