import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from egress.test_http import certificate
from gatepost.egress import Egress, EgressRefusedError, Errand, Lines, Purpose, UnreachableError
from gatepost.egress import lines as room
from gatepost.ids import TenantId
from talkers import talking
from ways import way_out

HOOK = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


class Server:
    """Answers each request with a status that numbers its connection from 201 on; hangs up after ``each`` answers."""

    def __init__(self, each: int = 1_000) -> None:
        self.each = each
        self.connections = 0
        self.open = 0
        self.is_left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = 200 + self.connections
        self.open += 1
        try:
            for _ in range(self.each):
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 %d Yes\r\nContent-Length: 2\r\n\r\nok" % number)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.open -= 1
            self.is_left.set()
            writer.close()


async def said(egress: Egress, url: str, lines: Lines, errand: Errand = HOOK) -> int:
    """Return the number of the connection that answered."""
    return (await lines.tell(egress, errand, url, b"{}", {}, timeout_s=5)).code - 200


@asynccontextmanager
async def kept() -> AsyncIterator[Lines]:
    lines = Lines()
    try:
        yield lines
    finally:
        lines.close()


async def test_requests_one_after_another_share_a_connection() -> None:
    server = Server()
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        assert [await said(way_out(), url, lines) for _ in range(3)] == [1, 1, 1]


async def test_requests_at_once_have_a_connection_each() -> None:
    server = Server()
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        answers = await asyncio.gather(*(said(way_out(), url, lines) for _ in range(5)))
    assert sorted(answers) == [1, 2, 3, 4, 5]


async def test_nobody_else_speaks_through_a_connection() -> None:
    server = Server()
    names = {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]}
    egress = way_out(names=names)
    other = replace(HOOK, tenant=TenantId("tn_two"))
    async with talking(server.serve) as port, kept() as lines:
        one, two = f"http://one.example:{port}/", f"http://two.example:{port}/"
        assert [await said(egress, one, lines), await said(egress, two, lines)] == [1, 2]
        assert [await said(egress, one, lines, other), await said(egress, one, lines)] == [3, 1]


async def test_a_name_that_moves_is_followed_at_once() -> None:
    server = Server()
    names = {"hook.example": ["127.0.0.1"]}
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://hook.example:{port}/"
        assert await said(way_out(names=names), url, lines) == 1
        names["hook.example"] = ["127.0.0.9"]
        with pytest.raises(UnreachableError):
            await said(way_out(names=names), url, lines)


async def test_a_server_that_hangs_up_after_each_answer_fails_no_request() -> None:
    server = Server(each=1)
    async with talking(server.serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        assert [await said(way_out(), url, lines) for _ in range(3)] == [1, 2, 3]


async def test_what_rests_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IDLE_S", 0.02)
    server = Server()
    async with talking(server.serve) as port, kept() as lines, asyncio.TaskGroup() as group:
        assert await said(way_out(), f"http://127.0.0.1:{port}/", lines) == 1
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


async def test_a_kept_connection_that_may_be_used_no_more_is_hung_up() -> None:
    server, egress = Server(), way_out()
    async with talking(server.serve) as port, kept() as lines:
        await said(egress, f"http://127.0.0.1:{port}/", lines)
        egress.register = way_out(private=False).register
        with pytest.raises(EgressRefusedError):
            await said(egress, f"http://127.0.0.1:{port}/", lines)
        async with asyncio.timeout(5):
            await server.is_left.wait()


async def test_more_places_than_are_kept_are_spoken_to_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PLACES_MAX", 1)
    server = Server()
    egress = way_out(names={"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]})
    async with talking(server.serve) as port, kept() as lines:
        one, two = f"http://one.example:{port}/", f"http://two.example:{port}/"
        assert [await said(egress, url, lines) for url in (one, two, two, one)] == [1, 2, 3, 1]


async def test_a_server_that_hangs_up_while_it_is_asked_is_asked_again() -> None:
    """It tires of waiting in the moment that the next request comes, and nobody can know before."""
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n{}")
        served += 1
        writer.write(b"HTTP/1.1 200 Yes\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n{}")  # the second request is heard, and not answered

    async with talking(serve) as port, kept() as lines:
        url = f"http://127.0.0.1:{port}/"
        assert [await said(way_out(), url, lines) for _ in range(2)] == [0, 0]
    assert served == 2


async def test_a_server_that_hangs_up_on_a_new_connection_is_not_asked_again() -> None:
    asked = 0

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n{}")
        asked += 1

    async with talking(serve) as port, kept() as lines:
        with pytest.raises(UnreachableError):
            await said(way_out(), f"http://127.0.0.1:{port}/", lines)
    assert asked == 1


async def test_over_tls_a_connection_proves_the_name_and_is_kept(tmp_path: Path) -> None:
    server = Server()
    tls, trust = certificate(tmp_path, "hook.example")
    egress = way_out(names={"hook.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})

    async def told(host: str, believed: ssl.SSLContext | None) -> int:
        url = f"https://{host}:{port}/"
        return (await lines.tell(egress, HOOK, url, b"{}", {}, timeout_s=5, trust=believed)).code - 200

    async with talking(server.serve, tls=tls) as port, kept() as lines:
        assert [await told("hook.example", trust) for _ in range(3)] == [1, 1, 1]
        for host, believed in (("other.example", trust), ("hook.example", None), ("127.0.0.1", trust)):
            with pytest.raises(UnreachableError):
                await told(host, believed)
        assert await told("hook.example", trust) == 1


async def test_an_address_that_proves_another_name_is_passed_over(tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "other.example")
    tls, trust = certificate(tmp_path, "hook.example")
    server = Server()
    egress = way_out(names={"hook.example": ["127.0.0.2", "127.0.0.1"]})
    async with (
        talking(server.serve, tls=tls) as port,
        talking(server.serve, tls=other, host="127.0.0.2", port=port),
        kept() as lines,
    ):
        status = await lines.tell(egress, HOOK, f"https://hook.example:{port}/", b"{}", {}, timeout_s=5, trust=trust)
    assert status.code > 200
