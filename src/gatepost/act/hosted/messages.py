"""The Messages API as it is on the wire: a request's JSON, and an answer put together from its events. Pure.

Anthropic's shape, version 2023-06-01, streamed as server-sent events. Whoever answers is a stranger too: what cannot be
read is ``ModelFaultError``, and nothing grows without a bound.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gatepost.act.hosted.paper import Said, ToolUse, Usage
from gatepost.act.hosted.tools import Tool
from gatepost.record.paper import Json

VERSION = "2023-06-01"
ANSWER_MAX_OCTETS = 8 * 1024 * 1024
BLOCKS_MAX = 128
CALLS_MAX = 16
"""Calls of one answer; what goes beyond is refused with the answer."""
TOKENS_MAX = 10**9
STOPS = ("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal")
"""Why an answer ended, in the API's words: they become words of ours, so nobody else's are taken over."""

_NAME_MAX_CHARS = 128
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class ModelFaultError(Exception):
    """What came back is no answer.

    Args:
        reason: a word of ours.
        is_asked: False where the model was surely not run.
        retry_after: the field of that name, as it came.
    """

    def __init__(self, reason: str, *, is_asked: bool, retry_after: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_asked = is_asked
        self.retry_after = retry_after


def request(
    *, model: str, system: str, messages: Sequence[Mapping[str, Json]], tools: Sequence[Tool], output_tokens_max: int
) -> bytes:
    """Return the body of one call."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": output_tokens_max,
        "system": system,
        "messages": list(messages),
        "stream": True,
    }
    if tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema)} for tool in tools
        ]
    return orjson.dumps(body)


class Answer:
    """An answer that is still coming in.

    Feed it octets as they arrive; ``said`` once ``is_over``.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._size = 0
        self._blocks: list[dict[str, Any]] = []
        self._pieces: dict[int, list[str]] = {}
        self._counts: dict[str, int] = {}
        self._stop = ""
        self.is_over = False

    @property
    def usage(self) -> Usage:
        """What it has cost so far, as the API says."""
        return Usage(
            input=self._counts.get("input_tokens", 0),
            output=self._counts.get("output_tokens", 0),
            cache_write=self._counts.get("cache_creation_input_tokens", 0),
            cache_read=self._counts.get("cache_read_input_tokens", 0),
        )

    def feed(self, octets: bytes) -> None:
        """Take in what arrived; raises ``ModelFaultError``."""
        self._size += len(octets)
        if self._size > ANSWER_MAX_OCTETS:
            raise ModelFaultError("model.answer_too_long", is_asked=True)
        self._rest += octets
        if b"\n" not in octets:
            return
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            if line.startswith(b"data:") and not self.is_over:
                self._take(line[5:])

    def said(self) -> Said:
        """Return the whole; raises ``ModelFaultError`` where the end is missing or it makes no sense."""
        if not self.is_over:
            raise ModelFaultError("model.answer_cut", is_asked=True)
        blocks: list[Mapping[str, Json]] = []
        calls: list[ToolUse] = []
        for index, block in enumerate(self._blocks):
            written = "".join(self._pieces.get(index, ()))
            if block["type"] == "text":
                if text := (block["text"] + written).strip():  # the API takes no empty text back
                    blocks.append({"type": "text", "text": text})
            elif block["type"] == "tool_use":
                call = _tool_use(block, written)
                calls.append(call)
                blocks.append(
                    {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments or {})}
                )
        if len(calls) > CALLS_MAX or len({call.id for call in calls}) < len(calls):
            raise ModelFaultError("model.answer_unreadable", is_asked=True)
        return Said(tuple(blocks), tuple(calls), self._stop, self.usage)

    def _take(self, octets: bytes) -> None:
        try:
            event = orjson.loads(octets)
            self._follow(event)
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise ModelFaultError("model.answer_unreadable", is_asked=True) from error

    def _follow(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "message_start":
                self._count(event["message"].get("usage") or {})
            case "content_block_start":
                self._begin(event["index"], event["content_block"])
            case "content_block_delta":
                self._extend(event["index"], event["delta"])
            case "message_delta":
                stop = event["delta"].get("stop_reason")
                self._stop = stop if stop in STOPS else "unknown"
                self._count(event.get("usage") or {})
            case "message_stop":
                self.is_over = True
            case "error":
                raise ModelFaultError("model.overloaded", is_asked=True)
            case _:  # ping, content_block_stop, and whatever they think of next
                return

    def _count(self, usage: Mapping[str, Any]) -> None:
        """Take over counts; each is of the whole answer so far, so the latest holds."""
        for name, number in usage.items():
            if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= TOKENS_MAX:
                self._counts[name] = number

    def _begin(self, index: int, block: Mapping[str, Any]) -> None:
        if index != len(self._blocks) or index >= BLOCKS_MAX:
            raise IndexError
        kind = block["type"]
        if kind == "text":
            self._blocks.append({"type": "text", "text": str(block.get("text", ""))})
        elif kind == "tool_use":
            identifier, name = block["id"], block["name"]
            if not _ID.fullmatch(identifier) or not 0 < len(name) <= _NAME_MAX_CHARS:
                raise ValueError
            self._blocks.append({"type": "tool_use", "id": identifier, "name": name, "input": block.get("input")})
        else:
            self._blocks.append({"type": "passed over"})

    def _extend(self, index: int, delta: Mapping[str, Any]) -> None:
        block = self._blocks[index]
        if delta["type"] == "text_delta" and block["type"] == "text":
            self._pieces.setdefault(index, []).append(str(delta["text"]))
        elif delta["type"] == "input_json_delta":
            self._pieces.setdefault(index, []).append(str(delta["partial_json"]))


def _tool_use(block: Mapping[str, Any], written: str) -> ToolUse:
    """Read a call; of a name that stands twice in its arguments the last holds, for the gate and for the tool."""
    arguments: Any = block["input"]
    try:
        if written:
            arguments = orjson.loads(written)
        if isinstance(arguments, dict):
            orjson.dumps([[[[[[[[arguments]]]]]]]])  # it writes less deep than it reads, and they are to be kept
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        arguments = None
    return ToolUse(block["id"], block["name"], arguments if isinstance(arguments, dict) else None)
