import asyncio
import gzip
import itertools
from typing import Any

import orjson
import pytest

from act.hosted.pieces import TURN
from gatepost.act.hosted.client import TOOL_ANSWER_MAX_OCTETS, ask, call_tool
from gatepost.act.hosted.http_tools import HttpTool
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.messages import ANSWER_MAX_OCTETS, ModelFaultError, request
from gatepost.act.hosted.paper import Call, Result, Said
from gatepost.egress import Errand, Purpose
from model_api import ModelApi, text
from outbound import NOW, TENANT, http_receiver
from talkers import talking
from ways import anywhere, way_out

ERRAND = Errand(Purpose.MODEL, "ag_x", TENANT)
BODY = request(
    model="m",
    system="s",
    messages=[{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    tools=[],
    output_tokens_max=10,
)


async def asked(api: ModelApi, url: str = "", key: str = "sk-test", timeout_s: float = 10) -> Said:
    return await ask(way_out(), ERRAND, url or api.url, key, BODY, timeout_s=timeout_s)


async def fault(api: ModelApi, url: str = "", key: str = "sk-test", timeout_s: float = 10) -> tuple[str, bool]:
    with pytest.raises(ModelFaultError) as caught:
        await asked(api, url, key, timeout_s)
    return caught.value.reason, caught.value.is_asked


async def test_an_answer_is_streamed_and_counted_as_the_api_counts(api: ModelApi) -> None:
    api.script = [[text("Hello yourself.")]]
    said = await asked(api, f"{api.url}/")
    assert said.blocks == ({"type": "text", "text": "Hello yourself."},)
    assert (said.usage.input, said.usage.output) == (api.input_tokens, api.output_tokens)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, "model.unavailable"),
        (529, "model.unavailable"),
        (500, "model.unavailable"),
        (403, "model.key_refused"),
        (404, "model.request_refused"),
        (302, "model.request_refused"),
    ],
)
async def test_a_status_says_whether_to_come_back_and_that_nothing_was_run(
    api: ModelApi, status: int, reason: str
) -> None:
    api.script = [status]
    assert await fault(api) == (reason, False)


async def test_a_wrong_key_is_named(api: ModelApi) -> None:
    assert await fault(api, key="sk-wrong") == ("model.key_refused", False)


async def test_nobody_there_means_nothing_was_run(api: ModelApi) -> None:
    assert await fault(api, "http://127.0.0.1:1") == ("model.unreachable", False)


async def test_an_answer_that_breaks_off_may_have_cost_something(api: ModelApi) -> None:
    api.cut_after = 3
    assert await fault(api) == ("model.answer_cut", True)


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
WORDS = b'data: {"type": "ping"}\n'
BOMB = gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", ("model.unreachable", False)),
        (b"SSH-2.0-x\r\n", ("model.unreachable", False)),
        (
            b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            ("model.request_refused", False),
        ),
        (STREAM + b"Content-Length: 9999\r\n\r\n" + WORDS, ("model.unreachable", True)),
        (STREAM + b"Connection: close\r\n\r\n" + WORDS, ("model.answer_cut", True)),
        (STREAM + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + BOMB, ("model.answer_cut", True)),
    ],
    ids=["nothing", "ssh", "redirect", "cut", "closed", "bomb"],
)
async def test_whatever_an_endpoint_says_is_a_fault_of_ours_and_was_asked_once_it_began(
    api: ModelApi, said: bytes, expected: tuple[str, bool]
) -> None:
    """What it counts decides nothing about that: one that never counts would cost nothing for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.write(said)

    async with talking(serve) as port:
        assert await fault(api, f"http://127.0.0.1:{port}") == expected


async def test_an_endpoint_that_never_stops_is_cut_off(api: ModelApi) -> None:
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 10_000}}
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + b"Connection: close\r\n\r\n")
        writer.write(b'data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}\n')
        while True:
            writer.write(b"data: " + orjson.dumps(delta) + b"\n")
            await writer.drain()
            sent += 10_000

    async with talking(serve) as port:
        assert await fault(api, f"http://127.0.0.1:{port}", timeout_s=60) == ("model.answer_too_long", True)
    assert sent < 3 * ANSWER_MAX_OCTETS  # with what lies in the sockets' buffers


async def test_an_endpoint_that_says_nothing_is_waited_for_no_longer_than_allowed(api: ModelApi) -> None:
    api.silent = True
    assert await fault(api, timeout_s=0.3) == ("model.too_slow", True)


async def test_an_endpoint_that_drips_its_answer_is_waited_for_no_longer_than_allowed(api: ModelApi) -> None:
    """It keeps the connection busy for ever, and says a little all the time."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for octet in itertools.cycle(b'event: ping\ndata: {"type": "ping"}\n\n'):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(serve) as port:
        assert await fault(api, f"http://127.0.0.1:{port}", timeout_s=0.5) == ("model.too_slow", True)


async def test_where_no_model_may_be_reached_no_socket_is_opened(api: ModelApi) -> None:
    with pytest.raises(ModelFaultError, match="egress_refused"):
        await ask(way_out(rows=anywhere(Purpose.WEBHOOK)), ERRAND, api.url, "sk-test", BODY)
    assert api.requests == []


CALL = Call(turn=TURN, arguments={"amount": 7}, key="k1", at=NOW)


async def tool_says(url: str, *, token: str = "", **changes: Any) -> Result:
    declared = HttpTool(
        name="pay", description="Pays.", url=url, parameters={"type": "object", "properties": {}}, **changes
    )
    return await call_tool(way_out(private=changes.get("answers") != "sender"), declared, CALL, token=token)


async def answered(body: bytes, status: str = "200 OK", **changes: Any) -> Result:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async with talking(serve) as port:
        return await tool_says(f"http://127.0.0.1:{port}/", **changes)


async def test_a_tool_gets_the_arguments_as_json_with_the_calls_key_and_the_operators_token() -> None:
    async with http_receiver() as receiver:
        result = await tool_says(receiver.url, token="t0ken")
    [(headers, body)] = receiver.requests
    assert (body, headers["idempotency-key"], headers["authorization"]) == (b'{"amount":7}', "k1", "Bearer t0ken")
    assert (result.value, result.is_error) == ({"status": 200, "answer": "ok"}, False)


async def test_what_a_tool_says_is_anybodys_word_unless_the_operator_says_whose() -> None:
    assert (await answered(b'{"a": [1]}')).label is Label.ANYBODY
    trusted = await answered(b'{"a": [1]}', answers="operator")
    assert (trusted.label, trusted.value) == (Label.OPERATOR, {"status": 200, "answer": {"a": [1]}})
    assert (await answered(b"no", "500 Oops", answers="operator")).label is Label.ANYBODY


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "500 Oops"])
async def test_anything_but_2xx_is_an_error(status: str) -> None:
    assert (await answered(b"", status)).is_error


@pytest.mark.parametrize(
    "body", [b"", b"\xff\x00", b"[" * 10_000, b"[" * 300 + b"]" * 300, b'"\\ud800"', b"x" * 100_000, b"1e999"]
)
async def test_whatever_a_tool_says_can_be_kept(body: bytes) -> None:
    result = await answered(body)
    assert len(orjson.dumps({"result": result.value})) < 7 * TOOL_ANSWER_MAX_OCTETS


async def test_a_tool_in_a_closed_network_is_not_visited() -> None:
    async with http_receiver() as receiver:
        result = await tool_says(receiver.url, answers="sender")
    assert (result.value, result.is_error, receiver.requests) == ({"reason": "tool.egress_refused"}, True, [])


async def test_a_tool_that_is_not_there_or_too_slow_is_an_answer_too() -> None:
    async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(never) as port:
        slow = await tool_says(f"http://127.0.0.1:{port}/", timeout_s=0.2)
    gone = await tool_says(f"http://127.0.0.1:{port}/")
    assert (slow.value, gone.value) == ({"reason": "tool.too_slow"}, {"reason": "tool.unreachable"})
