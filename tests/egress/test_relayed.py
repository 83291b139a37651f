"""HTTP through a door: the answer at the door comes first, octets behind it are the other side's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gatepost.egress import EgressRefusedError, Errand, HttpAnswer, Purpose, Rule, UnreachableError, post
from gatepost.egress.distant import Distant
from gatepost.egress.knock import Asked
from ways import NOW

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def door(folder: Path, said: bytes) -> AsyncIterator[list[Asked]]:
    """Keep a door that answers everybody the same."""
    asked: list[Asked] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(Asked.read(await reader.readline()))
        writer.write(said)
        writer.close()

    async with await asyncio.start_unix_server(answer, folder / "door"):
        yield asked


async def get(folder: Path, url: str) -> HttpAnswer:
    egress = Distant(str(folder / "door"), lambda: NOW)
    return await post(egress, Errand(Purpose.MODEL, "ag_1"), url, b"", {}, timeout_s=5, answer_max_octets=99)


async def test_an_open_door_is_the_connection(tmp_path: Path) -> None:
    async with door(tmp_path, b"open\n" + ANSWER) as asked:
        answer = await get(tmp_path, "http://model.example/")
    assert (answer.status_code, answer.body) == (200, b"hi")
    assert asked == [Asked(Errand(Purpose.MODEL, "ag_1"), "model.example", 80, in_clear=True)]


async def test_the_rule_said_at_the_door_is_the_refusal(tmp_path: Path) -> None:
    async with door(tmp_path, b"address.private\n"):
        with pytest.raises(EgressRefusedError) as refused:
            await get(tmp_path, "http://model.example/")
    assert refused.value.rule is Rule.PRIVATE


@pytest.mark.parametrize("said", [b"unreachable\n", b"", b"x" * 10_000])
async def test_whatever_else_is_said_nobody_answered(tmp_path: Path, said: bytes) -> None:
    async with door(tmp_path, said):
        with pytest.raises(UnreachableError):
            await get(tmp_path, "http://model.example/")


async def test_tls_is_asked_for_as_such_and_never_begun_with_the_door(tmp_path: Path) -> None:
    async with door(tmp_path, b"open\n" + ANSWER) as asked:
        with pytest.raises(UnreachableError):  # the other side speaks no TLS
            await get(tmp_path, "https://model.example/")
    assert [(each.port, each.in_clear) for each in asked] == [(443, False)]
