import asyncio

from gatepost.act.bell import HINT_S, Bell


async def test_it_rings_once_in_a_while() -> None:
    bell: Bell[str] = Bell()
    assert bell.may_ring()
    assert not bell.may_ring()
    await asyncio.sleep(HINT_S * 1.5)
    assert bell.may_ring()


async def test_what_is_rung_is_heard_afterwards_by_who_listens_and_by_nobody_else() -> None:
    bell: Bell[str] = Bell()
    heard: list[str] = []
    bell.ring("before")
    with bell.heard_by("me", heard.append):
        bell.ring("now")
        assert (bell.herald, heard) == ("me", [])
        await asyncio.sleep(0)
    bell.ring("after")
    await asyncio.sleep(0)
    assert (bell.herald, heard) == ("", ["now"])
