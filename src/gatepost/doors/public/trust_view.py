"""What the trust pages show, read at most every few seconds, and how a page of theirs is written."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, Response

from gatepost import trust
from gatepost.journey import House
from gatepost.trust.document import Claims
from gatepost.trust.leaf import instant
from gatepost.trust.operator import Operator

FRESH = timedelta(seconds=5)
"""How long a reading serves: a crowd of visitors is one reading every few seconds, not a crowd of readings."""

_FOLDER = files("gatepost.doors.public")
_STYLE = (_FOLDER / "style.css").read_text() + (_FOLDER / "trust.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=5",
}
PAGE = {
    **SAFE,
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
}
MACHINE = {**SAFE, "Access-Control-Allow-Origin": "*", "Content-Security-Policy": "default-src 'none'"}
"""Anybody's program may read them, from any page."""

WORDS = {
    "PASS": "passes",
    "FAIL": "fails",
    "STALE": "stale",
    "COULD_NOT_VERIFY": "could not verify",
    "ATTESTED": "attested",
    "NOT_APPLICABLE": "not applicable",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One reading: claims and the folder they are in."""

    claims: Claims
    operator: Operator
    at: datetime


class View:
    """Reads for everybody, once at a time."""

    def __init__(self, house: House, folder: Path, version: str) -> None:
        self.house, self.version = house, version
        self._folder = folder
        self._seen: Seen | None = None
        self._lock = asyncio.Lock()

    async def look(self) -> Seen:
        """Return a reading not older than ``FRESH``.

        Raises:
            OperatorError: the operator's folder cannot be read.
        """
        async with self._lock:
            now = self.house.clock()
            if self._seen is None or not timedelta() <= now - self._seen.at < FRESH:
                operator = await asyncio.to_thread(trust.read_operator, self._folder)
                claims = await trust.read_claims(self.house.db, self._folder, self.house.clock)
                self._seen = Seen(claims, operator, now)
            return self._seen


def said(value: object) -> str:
    """Spell a measured value for a person: lists and tables in one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {said(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def moment(at: datetime | None) -> str:
    """Spell a moment for a person, in UTC."""
    return "never" if at is None else instant(at).replace("T", " ").replace("Z", " UTC")


_pages = Environment(
    autoescape=True,
    loader=FunctionLoader(lambda name: (_FOLDER / name).read_text()),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters |= {"said": said, "moment": moment, "instant": instant}
_pages.globals |= {"words": WORDS}


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    """Write a page from a template, in which everything is escaped that is not our own."""
    html = _pages.get_template(name).render(style=_STYLE, **values)
    return HTMLResponse(html.encode("utf-8", "replace"), status, dict(PAGE))


def unkept(response: Response) -> Response:
    """Let no cache keep a page that is one visitor's alone, and no search engine find it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def xml(name: str, media_type: str, **values: Any) -> Response:
    """Write XML from a template, escaped likewise."""
    text = _pages.get_template(name).render(**values)
    return Response(text.encode("utf-8", "replace"), headers=dict(MACHINE), media_type=media_type)


def machine(content: Any, media_type: str = "application/json") -> Response:
    """Write JSON for machines."""
    return JSONResponse(content, headers=dict(MACHINE), media_type=media_type)


def plain(text: str | bytes, media_type: str = "text/plain") -> Response:
    """Write text for machines."""
    return Response(text, headers=dict(MACHINE), media_type=media_type)
