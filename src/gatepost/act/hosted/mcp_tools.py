"""Tools of MCP servers, as an operator declares them: one table ``[[mcp]]`` for each server. Pure.

What a server says of a tool is a stranger's text that a model would read, so the model is told what the operator wrote,
and a tool is called only while the server still says of it what it said when the operator accepted it.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gatepost.act.hosted.http_tools import Bounds, ToolUrl, check_parameters
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result
from gatepost.act.hosted.tools import Tool
from gatepost.decide import capabilities
from gatepost.record.paper import Json

TOOLS_MAX = 64
ANSWER_MAX_OCTETS = 32_768
"""How much of an answer's texts, and of its structure, a model is shown."""

PARTS_MAX = 100


def _capability(text: str) -> str:
    if not capabilities.is_known(text):
        raise ValueError("a policy cannot grant this: no capability has such a name")
    return text


class McpTool(BaseModel):
    """One tool of a server.

    Attributes:
        name: as its server calls it.
        sha256: of what its server said of it when the operator accepted it (``digest_of``).
        description: what the model reads.
        parameters: JSON Schema of the arguments, the part of it that is enforced (``schema.py``).
        capability: what a grant must name for it; if not said, ``mcp:<server>/<tool>``.
        accepts: the lowest label at which it runs without a person.
        bounds: arguments that must stay within the agent's limits.
        is_repeatable: repeating a call of it does no harm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,47}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    description: Annotated[str, Field(min_length=1, max_length=2_000)]
    parameters: dict[str, Any]
    capability: Annotated[str, AfterValidator(_capability)] | None = None
    accepts: Literal["anybody", "sender", "operator"] = "sender"
    bounds: Bounds = {}
    is_repeatable: bool = False

    @model_validator(mode="after")
    def _is_enforced(self) -> "McpTool":
        check_parameters(self.parameters, self.bounds)
        return self


class McpServer(BaseModel):
    """One server, by streamable HTTP.

    Attributes:
        timeout_s: for a whole call, the look at its list included.
        token_file: holds the bearer token it is called with; empty for none.
        tool: those that agents may be given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    url: ToolUrl
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 30.0
    token_file: str = ""
    tool: tuple[McpTool, ...] = Field(default=(), max_length=TOOLS_MAX)

    def name_of(self, tool: McpTool) -> str:
        """Return what an agent's document and the model call it: a model's API takes no dot in a name."""
        return f"{self.name}_{tool.name.replace('.', '_')}"

    def capability_of(self, tool: McpTool) -> str:
        """Return what a grant must name for it."""
        return tool.capability or f"mcp:{self.name}/{tool.name}"


def digest_of(definition: Mapping[str, Any]) -> str:
    """Return SHA-256, lowercase hex, of what a server says of a tool: everything a person or a model goes by.

    Args:
        definition: as ``tools/list`` spells it; its ``_meta`` and ``icons``, which nobody here reads, may change.
    """
    said = {name: value for name, value in definition.items() if name not in {"_meta", "icons"} and value is not None}
    octets = json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(octets).hexdigest()


Reach = Callable[[McpServer, McpTool, Call], Awaitable[Result]]
"""Makes one call (``mcp_client.call_mcp``)."""


def mcp_tools(servers: Iterable[McpServer], reach: Reach) -> list[Tool]:
    """Return the tools of all servers."""
    return [_tool(server, each, reach) for server in servers for each in server.tool]


def _tool(server: McpServer, declared: McpTool, reach: Reach) -> Tool:
    async def run(call: Call) -> Result:
        return await reach(server, declared, call)

    return Tool(
        name=server.name_of(declared),
        description=declared.description,
        schema=declared.parameters,
        capability=server.capability_of(declared),
        accepts=Label[declared.accepts.upper()],
        run=run,
        bounds=declared.bounds,
        is_repeatable=declared.is_repeatable,
    )


def result_of(answer: Mapping[str, Any]) -> Result:
    """Return what a model is shown of an answer (``CallToolResult``): texts and structure, cut, as anybody's words.

    Pictures, sounds and resources are named by their kind and not handed on; a link is not followed.
    """
    parts = [part for part in answer.get("content", ()) if isinstance(part, Mapping)][:PARTS_MAX]
    value: dict[str, Json] = {"text": _cut([str(part["text"]) for part in parts if part.get("type") == "text"])}
    if others := [str(part.get("type"))[:40] for part in parts if part.get("type") != "text"]:
        value["left_out"] = [*others]
    structure = answer.get("structuredContent")
    if structure is not None and not value["text"]:  # a server that sends both sends the same twice
        value["structure"] = _kept(structure)
    return Result(value=value, label=Label.ANYBODY, is_error=bool(answer.get("isError")))


def _cut(texts: Iterable[str]) -> str:
    return "\n".join(texts).encode("utf-8", "replace")[:ANSWER_MAX_OCTETS].decode("utf-8", "ignore")


def _kept(value: Any) -> Json:
    """Return JSON as such where it can be kept as such, and else its text, cut."""
    try:
        octets = orjson.dumps([[[[value]]]])  # as deep as it will lie
    except TypeError:
        octets = b""
    if 0 < len(octets) <= ANSWER_MAX_OCTETS:
        found: Json = value
        return found
    return _cut([json.dumps(value)])
