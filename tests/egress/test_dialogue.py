import asyncio
import gzip

import httpx2
import pytest

from gatepost.egress import EgressRefusedError, Errand, Purpose, dialogue
from gatepost.ids import TenantId
from outbound import http_receiver
from talkers import talking
from ways import way_out

HOOK = Errand(Purpose.TOOL, "ag_x", TenantId("tn_one"))


def packed(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(body)


async def talk_to(url: str, method: str = "POST", *, answers_max_octets: int = 100, times: int = 1) -> httpx2.Response:
    answer = httpx2.Response(0)
    async with dialogue(way_out(), HOOK, {}, timeout_s=5, answers_max_octets=answers_max_octets) as client:
        for _ in range(times):
            answer = await client.request(method, url, content=b"{}")
    return answer


async def test_a_dialogue_sees_no_redirect_and_pulls_no_stream() -> None:
    async with http_receiver("307 There\r\nLocation: /else", "200 OK") as receiver:
        answer = await talk_to(receiver.url)
        assert (answer.status_code, answer.headers.get("Location"), answer.next_request) == (307, None, None)
        assert (await talk_to(receiver.url, "GET")).status_code == 405
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("times", [1, 3])
async def test_the_answers_of_a_dialogue_are_bounded_together(times: int) -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (120 // times))
        await writer.drain()

    async with talking(answering) as port:
        assert (await talk_to(f"http://127.0.0.1:{port}/", answers_max_octets=120, times=times)).status_code == 200
        with pytest.raises(httpx2.ReadError):
            await talk_to(f"http://127.0.0.1:{port}/", answers_max_octets=119, times=times)


async def test_what_is_compressed_is_no_answer_in_a_dialogue() -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(packed(b"x" * 10_000_000))
        await writer.drain()

    async with talking(answering) as port:
        with pytest.raises(httpx2.DecodingError):
            await talk_to(f"http://127.0.0.1:{port}/", answers_max_octets=1_000_000)


@pytest.mark.parametrize("host", ["127.0.0.1", "rebound.example", "[::ffff:127.0.0.1]", "2130706433"])
async def test_a_dialogue_leads_inside_no_more_than_a_post(host: str) -> None:
    egress = way_out(private=False, names={"rebound.example": ["127.0.0.1", "::1"]})
    async with (
        http_receiver() as receiver,
        dialogue(egress, HOOK, {}, timeout_s=5, answers_max_octets=100) as client,
    ):
        with pytest.raises((EgressRefusedError, httpx2.HTTPError)):
            await client.post(f"http://{host}:{receiver.url.rpartition(':')[2]}")
    assert receiver.requests == []
