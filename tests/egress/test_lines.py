import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gatepost.egress import Egress, Errand, Lines, Purpose, UnreachableError, post
from gatepost.egress import lines as room
from gatepost.ids import TenantId
from talkers import talking
from ways import way_out

HOOK = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


class Server:
    """Answers each request with the number of its connection, and hangs up after ``each`` answers."""

    def __init__(self, each: int = 1_000) -> None:
        self.each = each
        self.connections = 0
        self.open = 0
        self.is_left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = b"%d" % self.connections
        self.open += 1
        try:
            for _ in range(self.each):
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(number), number))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.open -= 1
            self.is_left.set()
            writer.close()


async def said(egress: Egress, url: str, lines: Lines | None, errand: Errand = HOOK) -> bytes:
    answer = await post(egress, errand, url, b"{}", {}, timeout_s=5, answer_max_octets=100, lines=lines)
    return answer.body


@asynccontextmanager
async def kept() -> AsyncIterator[Lines]:
    lines = Lines()
    try:
        yield lines
    finally:
        await lines.close()


async def test_requests_one_after_another_share_a_connection() -> None:
    server = Server()
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        assert [await said(way_out(), url, lines) for _ in range(3)] == [b"1", b"1", b"1"]
        assert [await said(way_out(), url, None) for _ in range(2)] == [b"2", b"3"]


async def test_requests_at_once_have_a_connection_each() -> None:
    server = Server()
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        answers = await asyncio.gather(*(said(way_out(), url, lines) for _ in range(5)))
    assert sorted(answers) == [b"1", b"2", b"3", b"4", b"5"]


async def test_nobody_else_speaks_through_a_connection() -> None:
    server = Server()
    names = {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]}
    egress = way_out(names=names)
    other = replace(HOOK, tenant=TenantId("tn_two"))
    async with talking(server.serve) as port, kept() as lines:
        one, two = f"http://one.example:{port}/", f"http://two.example:{port}/"
        assert [await said(egress, one, lines), await said(egress, two, lines)] == [b"1", b"2"]
        assert [await said(egress, one, lines, other), await said(egress, one, lines)] == [b"3", b"1"]


async def test_a_name_that_moves_is_followed_at_once() -> None:
    server = Server()
    names = {"hook.example": ["127.0.0.1"]}
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://hook.example:{port}/"
        assert await said(way_out(names=names), url, lines) == b"1"
        names["hook.example"] = ["127.0.0.9"]
        with pytest.raises(UnreachableError):
            await said(way_out(names=names), url, lines)


async def test_a_server_that_hangs_up_after_each_answer_fails_no_request() -> None:
    server = Server(each=1)
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        assert [await said(way_out(), url, lines) for _ in range(3)] == [b"1", b"2", b"3"]


async def test_what_rests_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IDLE_S", 0.02)
    server = Server()
    async with talking(server.serve) as port, kept() as lines, asyncio.TaskGroup() as group:
        assert await said(way_out(), f"http://127.0.0.1:{port}/", lines) == b"1"
        assert server.open == 1
        tidy = group.create_task(lines.tidy())
        async with asyncio.timeout(30):
            await server.is_left.wait()
        assert server.open == 0
        tidy.cancel()


async def test_closing_hangs_up_at_once() -> None:
    server = Server()
    async with talking(server.serve) as port:
        async with kept() as lines:
            await said(way_out(), f"http://127.0.0.1:{port}/", lines)
        async with asyncio.timeout(30):
            await server.is_left.wait()
        assert server.open == 0


async def test_more_places_than_are_kept_are_spoken_to_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PLACES_MAX", 1)
    server = Server()
    egress = way_out(names={"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]})
    async with talking(server.serve) as port, kept() as lines:
        one, two = f"http://one.example:{port}/", f"http://two.example:{port}/"
        assert [await said(egress, url, lines) for url in (one, two, two, one)] == [b"1", b"2", b"3", b"1"]
