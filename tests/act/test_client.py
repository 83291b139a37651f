import asyncio

import pytest

from gatepost.act.client import post
from gatepost.act.paper import Answer
from gatepost.egress import Errand, Purpose
from gatepost.ids import TenantId
from outbound import http_receiver
from talkers import talking
from ways import way_out

ERRAND = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


async def _post(url: str, *, allow: bool = True) -> Answer:
    return await post(url, b'{"a":1}', {"webhook-id": "ev_x"}, errand=ERRAND, egress=way_out(private=allow))


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
