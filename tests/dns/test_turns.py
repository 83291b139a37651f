"""Who asks without end leaves turns for who asks little, and silence frees them."""

import asyncio
import math

import pytest

from gatepost.dns.paper import RdType
from gatepost.dns.turns import SLOW_S, Asker, Turn, Turns


def ask(turns: Turns, asker: Asker, count: int) -> list[Turn]:
    """Take as many turns as there are at once, ``count`` at most."""
    now = asyncio.get_running_loop().time()
    return [turn for turn in (turns.at_once(asker, now) for _ in range(count)) if turn is not None]


def wait(turns: Turns, asker: Asker, name: str, until: float = math.inf) -> "asyncio.Task[Turn]":
    until = min(until, asyncio.get_running_loop().time() + 60)
    return asyncio.get_running_loop().create_task(turns.wait((name, RdType.A), asker, until))


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_without_end_leaves_turns_for_twenty_more() -> None:
    turns = Turns(256, 0)
    assert [len(ask(turns, Asker(), 1_000)) for _ in range(5)] == [128, 49, 24, 14, 9]
    assert all(ask(turns, Asker(), 1_000) for _ in range(15))


async def test_a_message_with_all_the_signatures_that_are_looked_at_waits_for_none_of_them() -> None:
    assert len(ask(Turns(256, 0), Asker(), 120)) == 120


async def test_the_next_turn_is_for_whoever_holds_the_fewest_and_then_for_who_waited_longest() -> None:
    turns = Turns(3, 0)
    greedy, few, newest = Asker(), Asker(), Asker()
    held = [*ask(turns, greedy, 2), *ask(turns, few, 1)]
    assert len(held) == 3
    waiting = [wait(turns, asker, str(at)) for at, asker in enumerate((greedy, greedy, newest, few, newest))]
    await settle()
    assert not any(one.done() for one in waiting)
    order = []
    for turn in held:
        turns.give_back(turn)
        await settle()
        order.append([at for at, one in enumerate(waiting) if one.done()])
    assert order == [[2], [0, 2], [0, 2, 3]]
    for task in waiting:
        task.cancel()


async def test_the_bound_holds_and_everybody_is_served() -> None:
    turns, on_the_wire, most = Turns(8, 0), 0, 0

    async def question(asker: Asker, name: str) -> None:
        nonlocal on_the_wire, most
        turn = turns.at_once(asker, asyncio.get_running_loop().time()) or await wait(turns, asker, name)
        on_the_wire += 1
        most = max(most, on_the_wire)
        await asyncio.sleep(0.001)
        on_the_wire -= 1
        turns.give_back(turn)

    askers = [Asker() for _ in range(20)]
    async with asyncio.timeout(10):
        await asyncio.gather(*(question(asker, f"{at}.{id(asker)}") for asker in askers for at in range(20)))
    assert most == 8
    assert {asker.held for asker in askers} == {0}
    assert len(ask(turns, Asker(), 8)) == 4


async def test_who_gives_up_or_runs_out_of_time_takes_no_turn_along() -> None:
    turns = Turns(1, 0)
    asker = Asker()
    (held,) = ask(turns, asker, 1)
    late = wait(turns, asker, "late", asyncio.get_running_loop().time() + 0.01)
    gone, both = wait(turns, asker, "gone"), wait(turns, asker, "both")
    with pytest.raises(TimeoutError):
        await late
    gone.cancel()
    await settle()
    turns.give_back(held)
    both.cancel()  # while its turn is on the way to it
    await asyncio.wait([gone, both])
    assert both.cancelled()
    assert len(ask(turns, Asker(), 1)) == 1


async def test_a_slow_question_frees_its_turn_while_there_is_room_for_slow_ones() -> None:
    loop = asyncio.get_running_loop()
    turns = Turns(2, 1)
    began = loop.time() - SLOW_S + 0.05
    silent = [turns.at_once(Asker(), began) for _ in range(2)]
    waiting = [wait(turns, Asker(), name) for name in ("first", "second")]
    await settle()
    assert not waiting[0].done()
    async with asyncio.timeout(0.5):
        first = await waiting[0]
    await asyncio.sleep(0.05)
    assert not waiting[1].done()  # one socket besides, no more
    assert silent[0] is not None
    turns.give_back(silent[0])
    async with asyncio.timeout(0.5):  # its place as a slow one is the other's now
        second = await waiting[1]
    assert silent[1] is not None
    for turn in (silent[1], first, second):
        turns.give_back(turn)
    assert len([turns.at_once(Asker(), loop.time()) for _ in range(2)]) == 2


async def test_who_holds_slow_questions_alone_is_served_when_they_end() -> None:
    turns = Turns(1, 4)
    asker = Asker()
    slow = turns.at_once(asker, asyncio.get_running_loop().time() - SLOW_S)
    assert slow is not None
    another = await wait(turns, asker, "another")
    another.began -= SLOW_S
    waiting = wait(turns, asker, "next")
    await settle()
    assert not waiting.done()
    turns.give_back(slow)
    async with asyncio.timeout(1):
        assert (await waiting).asker is asker


async def test_a_question_that_waits_as_a_greedy_one_comes_first_once_another_wants_it() -> None:
    turns = Turns(2, 0)
    greedy, honest = Asker(), Asker()
    held = [*ask(turns, greedy, 1), *ask(turns, Asker(), 1)]
    waiting = [wait(turns, greedy, name) for name in ("a", "b", "wanted")]
    await settle()
    turns.join(("wanted", RdType.A), honest)
    turns.join(("unknown", RdType.A), honest)
    turns.give_back(held[1])
    await settle()
    assert [one.done() for one in waiting] == [False, False, True]
    assert (await waiting[2]).asker is honest
    turns.give_back(held[0])
    async with asyncio.timeout(1):
        turns.give_back(await waiting[0])
        await waiting[1]
