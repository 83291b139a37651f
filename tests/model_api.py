"""A small server of the Messages API on loopback, streaming as the real one does; what it says is up to the test."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
Reply = list[Block] | int
"""Blocks to say, or a status to fail with."""

_ids = itertools.count(1)


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def use(tool: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "id": f"toolu_{next(_ids)}", "name": tool, "input": arguments}


@dataclass
class ModelApi:
    """What it was asked, and what it will say: ``script`` in order, then ``otherwise``.

    It counts a token for four octets of the request, and for four of what it says, and remembers both.
    """

    port: int = 0
    key: str = "sk-test"
    script: list[Reply] = field(default_factory=list)
    otherwise: Callable[[dict[str, Any]], Reply] = lambda _asked: [text("Nothing to do.")]
    requests: list[dict[str, Any]] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    silent: bool = False
    cut_after: int | None = None
    """Hang up after so many events, once."""

    retry_after: str = ""
    """Asked for with each failure."""

    counts_nothing: bool = False
    """Say in no answer what it cost."""

    says: tuple[int, int] | None = None
    """Say that each answer cost so many tokens, of what it read and of what it wrote."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(fields["content-length"]))
            await self._answer(head.split("\r\n", 1)[0], fields, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: str, fields: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        if line != "POST /v1/messages HTTP/1.1" or fields.get("anthropic-version") != "2023-06-01":
            return await _fail(writer, 404)
        if fields.get("x-api-key") != self.key:
            return await _fail(writer, 401)
        asked = json.loads(body)
        if fault := why_wrong(asked):
            return await _fail(writer, 400, fault)
        self.requests.append(asked)
        if self.silent:
            await asyncio.sleep(30)
        said = self.script.pop(0) if self.script else self.otherwise(asked)
        if isinstance(said, int):
            return await _fail(writer, said, retry_after=self.retry_after)
        counts = self.says or (len(body) // 4, len(json.dumps(said)) // 4 + 1)
        self.input_tokens += counts[0]
        self.output_tokens += counts[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        events = list(_events(said, *counts))
        if self.cut_after is not None:
            events, self.cut_after = events[: self.cut_after], None
        for event in events:
            if self.counts_nothing:
                event.get("message", event).pop("usage", None)
            octets = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            for piece in (octets[:7], octets[7:]):  # whoever reads must not rely on where the network cuts
                writer.write(piece)
                await writer.drain()
        return None


def why_wrong(asked: dict[str, Any]) -> str:
    """Say what the real API would not take."""
    roles = [message["role"] for message in asked["messages"]]
    if asked.get("stream") is not True or not isinstance(asked["max_tokens"], int):
        return "stream and max_tokens"
    if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        return "roles must alternate and begin and end with the user"
    waiting: set[str] = set()
    for message in asked["messages"]:
        used = {block["id"] for block in message["content"] if block["type"] == "tool_use"}
        answered = {block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"}
        if message["role"] == "user" and answered != waiting:
            return "each tool_use needs its tool_result in the next message"
        if not message["content"]:
            return "content must not be empty"
        waiting = used
    return ""


def _events(said: Sequence[Block], input_tokens: int, output_tokens: int) -> list[dict[str, Any]]:
    usage = {"input_tokens": input_tokens, "output_tokens": 1, "cache_creation_input_tokens": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": [], "usage": usage}},
        {"type": "ping"},
    ]
    for index, block in enumerate(said):
        empty: Block = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        whole = block["text"] if block["type"] == "text" else json.dumps(block["input"])
        for start in range(0, len(whole), 40):
            piece = whole[start : start + 40]
            delta = (
                {"type": "text_delta", "text": piece}
                if block["type"] == "text"
                else {"type": "input_json_delta", "partial_json": piece}
            )
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    stop = "tool_use" if any(block["type"] == "tool_use" for block in said) else "end_turn"
    events += [
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": output_tokens}},
        {"type": "message_stop"},
    ]
    return events


async def _fail(writer: asyncio.StreamWriter, status: int, why: str = "failed", retry_after: str = "") -> None:
    body = json.dumps({"type": "error", "error": {"type": "api_error", "message": why}}).encode()
    later = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    head = f"HTTP/1.1 {status} No\r\n{later}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


@asynccontextmanager
async def model_api() -> AsyncIterator[ModelApi]:
    """Serve on a free port of loopback while the context lasts."""
    api = ModelApi()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.port = server.sockets[0].getsockname()[1]
    async with server:
        yield api
