import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typing_extensions import override

from gatepost.dns.ears import Ears
from ports import free_port


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with ours, theirs:
        yield ours, theirs


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_each_socket_hears_its_own() -> None:
    ears = Ears()
    with pair() as (one, to_one), pair() as (other, to_other):
        heard = asyncio.gather(ears.hear(one, soon(5)), ears.hear(other, soon(5)))
        await asyncio.sleep(0)
        to_other.send(b"for the other")
        to_one.send(b"for one")
        assert list(await heard) == [b"for one", b"for the other"]
        to_one.send(b"again")
        assert await ears.hear(one, soon(5)) == b"again"
    ears.close()


async def test_each_waits_until_its_own_time_in_whatever_order_they_came() -> None:
    ears, loop = Ears(), asyncio.get_running_loop()
    began = loop.time()
    ended: list[int] = []

    async def waits(for_ms: int) -> None:
        with pair() as (ours, _), pytest.raises(TimeoutError):
            await ears.hear(ours, began + for_ms / 1000)
        assert loop.time() - began >= for_ms / 1000 - 0.01
        ended.append(for_ms)

    await asyncio.gather(*map(waits, (120, 40, 200, 80, 120)))
    assert ended == [40, 80, 120, 120, 200]
    ears.close()


async def test_whose_time_is_over_already_is_told_so() -> None:
    ears = Ears()
    with pair() as (ours, _), pytest.raises(TimeoutError):
        await ears.hear(ours, soon(-1))
    ears.close()


async def test_nobody_there_is_told_at_once() -> None:
    ears = Ears()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ours:
        ours.connect(("127.0.0.1", free_port()))
        ours.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            await ears.hear(ours, soon(5))
    ears.close()


async def test_who_gives_up_leaves_nothing_behind_and_takes_nothing_from_the_others() -> None:
    ears = Ears()
    with pair() as (ours, theirs):
        with pair() as (another, _):
            hasty = asyncio.ensure_future(ears.hear(another, soon(5)))
            patient = asyncio.ensure_future(ears.hear(ours, soon(5)))
            await asyncio.sleep(0)
            hasty.cancel()
            await asyncio.gather(hasty, return_exceptions=True)
        assert list(ears._waiting) == [ours.fileno()]
        theirs.send(b"an answer")
        assert await patient == b"an answer"
    assert not ears._waiting
    ears.close()


async def test_a_datagram_that_is_none_after_all_is_waited_through() -> None:
    """The system tells of a datagram, and then throws it away where its checksum is wrong."""

    class Odd(socket.socket):
        tries = 0

        @override
        def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
            self.tries += 1
            if self.tries == 1:
                raise BlockingIOError
            return super().recv(bufsize, flags)

    ears = Ears()
    with pair() as (ours, theirs), Odd(fileno=ours.detach()) as odd:
        theirs.send(b"an answer")
        assert await ears.hear(odd, soon(5)) == b"an answer"
        assert odd.tries == 2
    ears.close()


def test_another_loop_is_heard_as_well_and_what_is_closed_holds_nothing() -> None:
    ears = Ears()
    held: list[select.epoll | None] = []

    async def hears() -> None:
        with pair() as (ours, theirs):
            theirs.send(b"x")
            assert await ears.hear(ours, soon(5)) == b"x"
        held.append(ears._epoll)

    for _ in range(2):
        asyncio.run(hears())
    ears.close()
    ears.close()
    assert [one is not None and one.closed for one in held] == [True, True]


async def test_whoever_waits_when_they_are_closed_hears_that_there_is_nobody() -> None:
    ears = Ears()
    with pair() as (ours, _):
        heard = asyncio.ensure_future(ears.hear(ours, soon(60)))
        await asyncio.sleep(0)
        ears.close()
        with pytest.raises(OSError, match="canceled"):
            await asyncio.wait_for(heard, 5)
