"""One call of a tool of an MCP server, over the one way out; and what a server says of its tools.

Each call is a dialogue of its own: the server's list is looked at, and the tool is called if the server still says of
it what it said when the operator accepted it. Nothing is kept between calls, and a server that asks back (for input,
for a model's words, for files) is not answered.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as wire
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from gatepost.act.hosted.mcp_tools import McpServer, McpTool, digest_of, result_of
from gatepost.act.hosted.paper import Call, Result
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, dialogue

ANSWERS_MAX_OCTETS = 2_097_152
"""Read in one dialogue: the list, and one answer."""

PAGES_MAX = 20
"""Of the list."""

CALL_KEY = "gatepost/call"
"""The member of ``_meta`` by which a server knows a repetition."""

Definition = dict[str, Any]
"""What a server says of one tool, as ``tools/list`` spells it."""


class McpError(Exception):
    """The server gave no answer that can be used; ``reason`` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def call_mcp(egress: Egress, server: McpServer, tool: McpTool, call: Call, *, token: str) -> Result:
    """Call a tool; return what it said, or why it was not called.

    Args:
        egress: checks and counts.
        server: as the operator declared it.
        tool: of that server.
        call: its key goes along in ``_meta``.
        token: proves who calls; empty for none.
    """
    errand = Errand(Purpose.TOOL, call.turn.agent, call.turn.tenant)
    try:
        async with _opened(egress, errand, server, token) as client:
            _check(tool, await _definitions(client))
            asked = {"name": tool.name, "arguments": dict(call.arguments), "_meta": {CALL_KEY: call.key}}
            request = wire.CallToolRequest(params=wire.CallToolRequestParams.model_validate(asked))
            # Not ``Client.call_tool``: it would try the answer against a schema, and so patterns, of the server's own.
            answer = await client.session.send_request(request, wire.CallToolResult)
            return result_of(answer.model_dump(by_alias=True, mode="json", exclude_none=True))
    except McpError as error:
        return Result(value={"reason": error.reason}, reason=error.reason, is_error=True)


def _check(tool: McpTool, listed: Iterable[Definition]) -> None:
    """See that a tool is what was accepted, and that there is one of that name; raises ``McpError``."""
    said = [digest_of(each) for each in listed if each["name"] == tool.name]
    if said != [tool.sha256]:
        raise McpError("tool.changed" if said else "tool.withdrawn")


async def definitions(egress: Egress, server: McpServer, *, token: str) -> list[Definition]:
    """Return what a server says of its tools now; raises ``McpError``."""
    async with _opened(egress, Errand(Purpose.TOOL, server.name), server, token) as client:
        return await _definitions(client)


async def _definitions(client: Client) -> list[Definition]:
    found: list[Definition] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = await client.session.list_tools(params=wire.PaginatedRequestParams(cursor=cursor))
        found += [each.model_dump(by_alias=True, mode="json", exclude_none=True) for each in page.tools]
        cursor = page.next_cursor
        if not cursor:
            return found
    raise McpError("tool.list_too_long")


@asynccontextmanager
async def _opened(egress: Egress, errand: Errand, server: McpServer, token: str) -> AsyncIterator[Client]:
    """Open a dialogue; whatever goes wrong within, or the library makes of it, becomes ``McpError``."""
    headers = {"user-agent": "Gatepost"} | ({"authorization": f"Bearer {token}"} if token else {})
    try:
        async with (
            asyncio.timeout(server.timeout_s),
            dialogue(
                egress, errand, headers, timeout_s=server.timeout_s, answers_max_octets=ANSWERS_MAX_OCTETS
            ) as http,
            Client(streamable_http_client(server.url, http_client=http), cache=None) as client,
        ):
            yield client
    except Exception as error:
        raise McpError(_reason(error)) from error


def _reason(error: Exception) -> str:
    leaves = list(_leaves(error))
    for leaf in leaves:
        if isinstance(leaf, McpError):
            return leaf.reason
    if any(isinstance(leaf, EgressRefusedError) for leaf in leaves):
        return "tool.egress_refused"
    if any(_is_late(leaf) for leaf in leaves):
        return "tool.too_slow"
    return "tool.unusable_answer" if any(_is_about_an_answer(leaf) for leaf in leaves) else "tool.unreachable"


def _is_late(error: BaseException) -> bool:
    """Tell whether time ran out: ours for the whole, or the connection's for its next octets, which may be first."""
    return isinstance(error, TimeoutError) or (_is_of_the_way(error) and type(error).__name__.endswith("Timeout"))


def _is_about_an_answer(error: BaseException) -> bool:
    return not isinstance(error, OSError) and not _is_of_the_way(error)


def _is_of_the_way(error: BaseException) -> bool:
    return type(error).__module__.startswith("httpx2")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
