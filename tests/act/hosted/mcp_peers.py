"""MCP servers for tests: a real one in a process of its own, and one that answers whatever the test wants."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatepost.act.hosted.mcp_client import definitions
from gatepost.act.hosted.mcp_tools import McpServer, McpTool, digest_of
from talkers import talking
from ways import way_out

SCRIPT = Path(__file__).with_name("mcp_server.py")


@dataclass(frozen=True)
class Shop:
    """A real server: what it is declared as, and what was called of it, counted by itself."""

    server: McpServer
    folder: Path

    def calls(self) -> list[dict[str, Any]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@asynccontextmanager
async def shop(folder: Path, *, description: str = "") -> AsyncIterator[Shop]:
    """Run it, saying this of ``lookup``; both its tools are accepted as they are."""
    await asyncio.to_thread(_prepare, folder, description)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(folder), stdout=PIPE, stderr=DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            port = int(await process.stdout.readline())
        bare = McpServer(name="shop", url=f"http://127.0.0.1:{port}/mcp")
        yield Shop(accepting(bare, await definitions(way_out(), bare, token="")), folder)
    finally:
        process.terminate()
        await process.wait()


def _prepare(folder: Path, description: str) -> None:
    folder.mkdir()
    if description:
        (folder / "description").write_text(description)


def accepting(server: McpServer, said: list[dict[str, Any]]) -> McpServer:
    """Return the server with every tool it offers accepted."""
    tools = [
        McpTool(
            name=each["name"],
            sha256=digest_of(each),
            description=each["description"],
            parameters=each["inputSchema"],
            bounds={"amount": "amount_max"} if each["name"] == "pay" else {},
        )
        for each in said
    ]
    return server.model_copy(update={"tool": tuple(tools)})


TOOL: dict[str, Any] = {"name": "lookup", "description": "Looks.", "inputSchema": {"type": "object"}}
ANSWER: dict[str, Any] = {"content": [{"type": "text", "text": "Ten left."}]}


@dataclass
class Scripted:
    """A server of the older protocol, with sessions, that says what the test wants.

    ``more`` goes with the list of tools, ``events`` before the answer to a call; ``raw`` is said in place of it all.
    """

    tools: list[dict[str, Any]] = field(default_factory=lambda: [TOOL])
    answer: Any = field(default_factory=lambda: ANSWER)
    more: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        message = json.loads(body) if body else {}
        self.heads.append(head)
        self.asked.append(message.get("method") or head.partition(" ")[0])
        writer.write(self.raw or self._said(message))
        await writer.drain()

    def _said(self, message: dict[str, Any]) -> bytes:
        match message.get("method"):
            case "initialize":
                server = {"name": "old", "version": "1"}
                version = message["params"]["protocolVersion"]
                return self._result(
                    message, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}
                )
            case "tools/list":
                return self._result(message, {"tools": self.tools, **self.more})
            case "tools/call":
                return self._result(message, self.answer)
            case "notifications/initialized" | None:
                return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            case _:
                error = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "unknown"}}
                return _http(json.dumps(error).encode(), "application/json")

    def _result(self, message: dict[str, Any], result: Any) -> bytes:
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        if message["method"] == "tools/call" and self.events:
            said = "".join(f"event: message\ndata: {json.dumps(each)}\n\n" for each in [*self.events, answer])
            return _http(said.encode(), "text/event-stream")
        return _http(json.dumps(answer).encode(), "application/json", "Mcp-Session-Id: s1\r\n")


def _http(body: bytes, kind: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def scripted(**said: Any) -> AsyncIterator[tuple[Scripted, McpServer]]:
    """Run it, its tool accepted as it is."""
    running = Scripted(**said)
    async with talking(running.serve) as port:
        bare = McpServer(name="old", url=f"http://127.0.0.1:{port}/mcp", timeout_s=10)
        yield running, accepting(bare, running.tools)
