import httpcore2
import pytest
from typing_extensions import override

from gatepost.egress.hearing import Heard
from gatepost.egress.talk import HEAD_MAX_OCTETS, INTERIM_MAX, PIECE_OCTETS

HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


class Peer(httpcore2.AsyncNetworkStream):
    """Says its words, ``at_once`` octets at a time, and hangs up."""

    def __init__(self, words: bytes, at_once: int) -> None:
        self.words = words
        self.at_once = at_once

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        size = min(max_bytes, self.at_once)
        said, self.words = self.words[:size], self.words[size:]
        return said

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        assert buffer


@pytest.mark.parametrize("at_once", [1, 2, 7, 100_000])
async def test_one_head_at_a_time_is_handed_on_however_it_comes(at_once: int) -> None:
    heard = Heard(Peer(HINT * 2 + HEAD + b"abc", at_once))
    read = [await heard.read(65_536) for _ in range(3)]
    assert read == [HINT, HINT, HEAD]
    assert b"".join([await heard.read(65_536) for _ in range(4)]) == b"abc"


async def test_a_body_is_handed_on_in_small_pieces_however_much_is_there() -> None:
    crumbs = b"1\r\na\r\n" * 20_000
    heard = Heard(Peer(HEAD + crumbs, 65_536))
    assert await heard.read(65_536) == HEAD
    read = []
    while piece := await heard.read(65_536):
        read.append(piece)
    assert max(map(len, read)) <= PIECE_OCTETS
    assert b"".join(read) == crumbs


async def test_interim_answers_are_counted_for_each_request() -> None:
    heard = Heard(Peer(HINT * INTERIM_MAX + HEAD + HINT * (INTERIM_MAX + 1), 65_536))
    assert [await heard.read(65_536) for _ in range(INTERIM_MAX + 1)][-1] == HEAD
    await heard.write(b"POST / HTTP/1.1\r\n\r\n")
    for _ in range(INTERIM_MAX):
        assert await heard.read(65_536) == HINT
    with pytest.raises(httpcore2.RemoteProtocolError, match="interim"):
        await heard.read(65_536)


async def test_a_head_without_end_is_given_up() -> None:
    heard = Heard(Peer(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * HEAD_MAX_OCTETS, 1_000))
    with pytest.raises(httpcore2.RemoteProtocolError, match="head"):
        await heard.read(65_536)


async def test_the_end_of_a_connection_is_its_end() -> None:
    assert await Heard(Peer(b"", 10)).read(10) == b""
    broken = Heard(Peer(b"HTTP/1.1 20", 3))
    assert [await broken.read(10), await broken.read(10)] == [b"HTTP/1.1 20", b""]


async def test_whoever_said_more_than_was_asked_is_asked_nothing_more() -> None:
    heard = Heard(Peer(HEAD + b"abc" + HEAD, 65_536))
    await heard.read(65_536)
    assert heard.get_extra_info("is_readable") is True
