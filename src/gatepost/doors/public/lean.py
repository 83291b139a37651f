"""What is public, and the same for everybody, goes out compressed, and not again to whoever has it.

Only answers that call themselves public are touched: one that belongs to a visitor may hold a secret beside a
stranger's words, and its compressed length would tell of it (BREACH).
"""

import gzip
import hashlib
import re
from collections import OrderedDict
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESSED_FROM_OCTETS = 1_000
"""Below it an answer is one packet, however it is written."""
KEPT = 32
"""Compressed answers that are remembered: what one reading says is asked for many times."""
_LEVEL = 6
_TYPES = ("text/", "application/json", "application/atom+xml", "application/vnd.cyclonedx+json")
_TAGS = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')
_SAFE = frozenset({"GET", "HEAD"})


class Lean:
    """An application whose public answers have an ETag (RFC 9110 section 8.8.3) and, for whoever takes it, gzip.

    The tag is weak, since it is that of both forms.

    Args:
        app: whose answers; each is sent as a whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed: OrderedDict[str, bytes] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in _SAFE:
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        start: Message = {}

        async def said(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_public(message):
                start = message
                return
            if start:
                head, start = start, {}
                if not message.get("more_body", False):
                    message = self._shaped(asked, head, message)
                await send(head)
            await send(message)

        await self._app(scope, receive, said)

    def _shaped(self, asked: Headers, head: Message, message: Message) -> Message:
        """Return the body to send, and change the head to fit."""
        octets: bytes = message.get("body", b"")
        headers = MutableHeaders(raw=head["headers"])
        tag = f'"{hashlib.sha256(octets).hexdigest()[:32]}"'
        headers["ETag"] = f"W/{tag}"
        headers.add_vary_header("Accept-Encoding")
        if _has(asked, tag):
            head["status"] = int(HTTPStatus.NOT_MODIFIED)
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
            head["headers"] = headers.raw
            return {**message, "body": b""}
        is_text = headers.get("Content-Type", "").startswith(_TYPES)
        if is_text and len(octets) >= COMPRESSED_FROM_OCTETS and _takes_gzip(asked):
            octets = self._gzip(tag, octets)
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(octets))
        head["headers"] = headers.raw
        return {**message, "body": octets}

    def _gzip(self, tag: str, octets: bytes) -> bytes:
        if tag not in self._compressed:
            self._compressed[tag] = gzip.compress(octets, _LEVEL, mtime=0)
            if len(self._compressed) > KEPT:
                self._compressed.popitem(last=False)
        self._compressed.move_to_end(tag)
        return self._compressed[tag]


def _is_public(start: Message) -> bool:
    kept = Headers(raw=start["headers"]).get("Cache-Control", "")
    return start["status"] == HTTPStatus.OK and kept.startswith("public")


def _has(asked: Headers, tag: str) -> bool:
    """Tell whether the asker has it already, by the weak comparison (RFC 9110 section 13.1.2)."""
    known = asked.get("If-None-Match", "").strip()
    return known == "*" or tag in _TAGS.findall(known)


def _takes_gzip(asked: Headers) -> bool:
    """Tell whether gzip is acceptable (RFC 9110 section 12.5.3)."""
    weights: dict[str, bool] = {}
    for item in ",".join(asked.getlist("Accept-Encoding")).lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weights[coding] = not any(re.fullmatch(r"q\s*=\s*0(\.0{0,3})?", each) for each in parameters)
    return weights.get("gzip", weights.get("*", False))
