import asyncio
import gzip
import itertools

import pytest

from gatepost.act.client import post
from gatepost.act.paper import Answer
from gatepost.egress import Errand, Purpose
from gatepost.ids import TenantId
from outbound import http_receiver
from talkers import Talk, talking
from ways import way_out

ERRAND = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


async def _post(url: str, *, allow: bool = True, timeout_s: float = 30.0) -> Answer:
    way = way_out(private=allow)
    return await post(url, b'{"a":1}', {"webhook-id": "ev_x"}, errand=ERRAND, egress=way, timeout_s=timeout_s)


async def test_a_receiver_gets_body_and_headers() -> None:
    async with http_receiver("204 No Content") as receiver:
        answer = await _post(receiver.url)
    assert (answer.status_code, answer.reason, answer.is_done) == (204, "receiver.accepted", True)
    [(headers, body)] = receiver.requests
    assert (body, headers["webhook-id"]) == (b'{"a":1}', "ev_x")


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "410 Gone"])
async def test_anything_but_2xx_is_a_refusal(status: str) -> None:
    async with http_receiver(status) as receiver:
        answer = await _post(receiver.url)
    assert (answer.is_done, answer.reason) == (False, "receiver.refused")
    assert answer.is_gone == (answer.status_code == 410)


async def test_a_redirect_is_not_followed() -> None:
    async with http_receiver() as other, http_receiver(f"307 Moved\r\nLocation: {other.url}") as receiver:
        answer = await _post(receiver.url)
    assert (answer.status_code, answer.is_done, other.requests) == (307, False, [])


async def test_nobody_there_is_an_answer_too() -> None:
    async with http_receiver() as receiver:
        pass
    assert (await _post(receiver.url)).reason == "receiver.unreachable"


@pytest.mark.parametrize("url", ["http://does-not-exist.invalid/", "http://xn--/", "http://.../"])
async def test_a_name_that_leads_nowhere_is_an_answer_too(url: str) -> None:
    assert (await _post(url)).status_code == 0


async def test_a_closed_network_is_not_visited() -> None:
    async with http_receiver() as receiver:
        answer = await _post(receiver.url, allow=False)
    assert (answer.status_code, answer.reason, receiver.requests) == (0, "egress.refused", [])


@pytest.mark.parametrize("said", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"])
async def test_a_receiver_that_talks_nonsense_is_an_answer_too(said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)

    async with talking(serve) as port:
        answer = await _post(f"http://127.0.0.1:{port}/")
    assert answer.is_done == said.startswith(b"HTTP/1.1 200")


def _dripping(at_once: bytes, one_by_one: bytes) -> Talk:
    """Say the first part, and of the second an octet now and then, for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(at_once)
        for octet in itertools.cycle(one_by_one):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.05)

    return serve


async def test_an_answer_that_drips_in_after_its_status_line_was_an_answer() -> None:
    """And nobody's place is taken for as long as the receiver likes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    async with talking(_dripping(head, b"x")) as port:
        answer = await _post(f"http://127.0.0.1:{port}/")
    assert (answer.status_code, answer.reason) == (200, "receiver.accepted")
    assert answer.took_ms < 20_000  # it would drip for thirty seconds


@pytest.mark.parametrize(
    ("at_once", "one_by_one"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nX: "),
        (b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
)
async def test_a_status_line_that_never_ends_is_waited_for_until_the_deadline(
    at_once: bytes, one_by_one: bytes
) -> None:
    async with talking(_dripping(at_once, one_by_one)) as port:
        answer = await _post(f"http://127.0.0.1:{port}/", timeout_s=0.5)
    assert (answer.status_code, answer.reason) == (0, "receiver.too_slow")


async def test_a_header_without_end_is_not_read() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Y: z\r\n" * 1000)
            await writer.drain()

    async with talking(serve) as port:
        answer = await _post(f"http://127.0.0.1:{port}/")
    assert (answer.status_code, answer.reason) == (0, "receiver.unreachable")


async def test_who_takes_the_connection_and_shakes_no_hands_is_too_slow() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(serve) as port:
        answer = await _post(f"https://127.0.0.1:{port}/", timeout_s=0.5)
    assert (answer.status_code, answer.is_done) == (0, False)
    assert answer.reason in {"receiver.too_slow", "receiver.unreachable"}


async def test_a_bomb_of_an_answer_is_neither_opened_nor_read_to_its_end() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"%x\r\n%b\r\n" % (len(bomb), bomb))
            await writer.drain()
            sent += len(bomb)

    async with talking(serve) as port:
        answer = await _post(f"http://127.0.0.1:{port}/")
    assert answer.is_done
    assert sent < 20_000_000  # what lies in the sockets' buffers, and no more


@pytest.mark.parametrize(
    ("status", "asked"),
    [("429 Slow", "7"), ("503 Later", "Fri, 20 Nov 2026 12:00:00 GMT"), ("429 Slow", "9" * 4000)],
)
async def test_a_receiver_may_say_when_to_come_again(status: str, asked: str) -> None:
    async with http_receiver(f"{status}\r\nRetry-After: {asked}") as receiver:
        answer = await _post(receiver.url)
    assert (answer.reason, answer.retry_after) == ("receiver.refused", asked[:64])


async def test_a_redirect_into_the_machine_is_an_answer_and_no_visit() -> None:
    for inside in ("http://169.254.169.254/latest/meta-data/", "http://[::1]:22/", "file:///etc/passwd"):
        async with http_receiver(f"302 Found\r\nLocation: {inside}") as receiver:
            answer = await _post(receiver.url)
        assert (answer.status_code, answer.is_done, len(receiver.requests)) == (302, False, 1)
