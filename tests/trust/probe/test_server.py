"""The listener that stands for a model's endpoint."""

import asyncio

import pytest

from gatepost.trust.probe.server import HOST, sink


async def say(port: int, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(octets)
    writer.write_eof()
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


async def test_it_remembers_what_it_was_sent_and_runs_nothing() -> None:
    async with sink() as endpoint:
        said = await say(endpoint.port, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nwords")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert endpoint.knocks == 1
    assert endpoint.heard[0].endswith(b"\r\n\r\nwords")


@pytest.mark.parametrize("octets", [b"", b"\x00\xff", b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n"])
async def test_a_knock_counts_whatever_is_said(octets: bytes) -> None:
    async with sink() as endpoint:
        assert await say(endpoint.port, octets) == b""
    assert (endpoint.knocks, endpoint.heard) == (1, [])
