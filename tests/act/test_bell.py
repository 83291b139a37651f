import asyncio

from gatepost.act.bell import HINT_S, Bell


async def test_it_rings_once_in_a_while() -> None:
    bell = Bell()
    assert bell.may_ring()
    assert not bell.may_ring()
    await asyncio.sleep(HINT_S * 1.5)
    assert bell.may_ring()
