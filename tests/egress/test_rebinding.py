"""No errand leads inside: not by a name, not by its spelling, not by DNS that changes, not by a redirect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest

from act.hosted.pieces import TURN
from gatepost.act.hosted import HttpTool, McpServer, McpTool
from gatepost.act.hosted.calendars import Calendar
from gatepost.act.hosted.client import ask, call_tool, reach_calendar
from gatepost.act.hosted.mcp_client import call_mcp
from gatepost.act.hosted.messages import ModelFaultError
from gatepost.act.hosted.paper import Call
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, Register, UnreachableError, post
from outbound import NOW
from talkers import talking
from ways import anywhere

CALL = Call(turn=TURN, arguments={}, key="k", at=NOW)
OPEN = "127.0.0.2"
"""An address that is open in these tests, in place of a public one; 127.0.0.1 is closed, as everything inside is."""

INSIDE = (
    "127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0",  # noqa: S104  # to be refused, not bound
    "[::]", "[::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "localhost", "169.254.169.254", "10.0.0.1", "127.0.0.1.", "127.0.0.1%00.example",
)  # fmt: skip

Go = Callable[[Egress, str], Awaitable[object]]


async def webhook(egress: Egress, url: str) -> object:
    errand = Errand(Purpose.WEBHOOK, "wh_x", TURN.tenant)
    return await post(egress, errand, url, b"{}", {}, timeout_s=5, answer_max_octets=100)


async def model(egress: Egress, url: str) -> object:
    return await ask(egress, Errand(Purpose.MODEL), url, "", b"{}", timeout_s=5)


async def http_tool(egress: Egress, url: str) -> object:
    plain: dict[str, Any] = {"name": "t", "description": "T.", "parameters": {"type": "object"}, "timeout_s": 5}
    return await call_tool(egress, HttpTool.model_construct(**plain, url=url, answers="anybody"), CALL, token="")


async def calendar(egress: Egress, url: str) -> object:
    made = Calendar.model_construct(name="c", url=url, user="")
    return await reach_calendar(egress, made, CALL, "PUT", "x.ics", b"", password="")


async def mcp(egress: Egress, url: str) -> object:
    server = McpServer.model_construct(name="s", url=url, timeout_s=5, token_file="", tool=())
    tool = McpTool(name="t", sha256="0" * 64, description="T.", parameters={"type": "object"})
    return await call_mcp(egress, server, tool, CALL, token="")


GOING: tuple[Go, ...] = (webhook, model, http_tool, calendar, mcp)


@dataclass
class Target:
    """Whoever listens inside, and must never be spoken to."""

    port: int = 0
    knocks: int = 0

    async def serve(self, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        self.knocks += 1


@dataclass
class Changing:
    """A resolver whose answers change from one question to the next; the last one stays."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def outside(resolve: Callable[[str], Awaitable[Sequence[str]]]) -> Egress:
    rows = anywhere(is_clear=True)
    return Egress(Register(rows, allow_private=[ip_network(f"{OPEN}/32")]), resolve, lambda: NOW)


async def go(way: Go, egress: Egress, url: str) -> None:
    """Go, and let come of it what will: what counts is who was spoken to."""
    with suppress(EgressRefusedError, UnreachableError, TimeoutError, ModelFaultError):
        await way(egress, url)


@pytest.fixture
async def inside() -> AsyncIterator[Target]:
    target = Target()
    async with talking(target.serve) as target.port:
        yield target


@pytest.mark.parametrize("way", GOING)
async def test_no_spelling_of_an_address_leads_inside(way: Go, inside: Target) -> None:
    resolve = Changing([["127.0.0.1", "::1", "::ffff:127.0.0.1"]])  # as every name there is would be answered
    for host in INSIDE:
        await go(way, outside(resolve), f"http://{host}:{inside.port}/")
        await go(way, outside(resolve), f"http://{OPEN}@{host}:{inside.port}/")
    assert inside.knocks == 0


@pytest.mark.parametrize("way", GOING)
async def test_an_answer_that_changes_after_the_check_changes_nothing(way: Go, inside: Target) -> None:
    """What was checked is what is connected to: nobody asks a second time, and the second answer is checked itself."""
    resolve = Changing([[OPEN], ["127.0.0.1"]])
    egress = outside(resolve)
    await go(way, egress, f"http://rebound.example:{inside.port}/")
    assert resolve.asked[:1] == ["rebound.example"]
    await go(way, egress, f"http://rebound.example:{inside.port}/")
    assert inside.knocks == 0


@pytest.mark.parametrize("way", GOING)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_nowhere(way: Go, status: int, inside: Target) -> None:
    asked = []

    async def sending_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        to = f"http://127.0.0.1:{inside.port}/"
        head = f"HTTP/1.1 {status} There\r\nLocation: {to}\r\nRefresh: 0; url={to}\r\nContent-Length: 0\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        await writer.drain()

    async with talking(sending_away, OPEN) as port:
        await go(way, outside(Changing([[OPEN]])), f"http://outside.example:{port}/")
    assert asked
    assert inside.knocks == 0


@pytest.mark.parametrize("way", GOING)
async def test_where_it_is_open_each_of_them_arrives(way: Go) -> None:
    """Or else nothing above would prove anything."""
    target = Target()
    async with talking(target.serve, OPEN) as port:
        await go(way, outside(Changing([[OPEN]])), f"http://outside.example:{port}/")
    assert target.knocks > 0
