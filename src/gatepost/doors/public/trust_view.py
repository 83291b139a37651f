"""What the trust pages show, read at most every few seconds, and how a page of theirs is written."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from gatepost import trust
from gatepost.doors.public.reading import Reading
from gatepost.journey import House
from gatepost.record.trust_log import Stated
from gatepost.trust import deeds
from gatepost.trust.document import Claims
from gatepost.trust.folder import Folder
from gatepost.trust.held import Held
from gatepost.trust.leaf import instant
from gatepost.trust.operator import Operator

FRESH = timedelta(seconds=5)
"""How long a reading serves: a crowd of visitors is one reading every few seconds, not a crowd of readings."""

OUTSIDE_SHOWN = 20
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))

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

COUNTED = WORDS | {"PASS": "pass", "FAIL": "fail", "COULD_NOT_VERIFY": "could not be verified"}
"""Of how many."""

BASES = {
    "probe": "a probe from outside",
    "introspection": "what the house finds in itself",
    "drill": "a drill",
    "ledger": "dated entries of the logs",
    "attested": "the operator's word",
    "statement": "a statement, which nothing could prove",
}
"""What a claim rests on, in words."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One reading: claims, the folder they are in, what others saw.

    ``written``: pages that say nothing else, by template.
    """

    claims: Claims
    operator: Operator
    at: datetime
    outside: Sequence[Stated]
    written: dict[str, bytes] = field(default_factory=dict, compare=False)


class View:
    """Reads for everybody, once at a time.

    Args:
        house: whose log.
        folder: the operator's.
        version: of the running build.
        held: what was held against the log before.
    """

    def __init__(self, house: House, folder: Path, version: str, held: Held) -> None:
        self.house, self.version, self.held = house, version, held
        self._folder = Folder(folder)
        self._reading = Reading(self._read, house.clock, FRESH)

    async def look(self) -> Seen:
        """Return a reading not older than ``FRESH``.

        Raises:
            OperatorError: the operator's folder cannot be read.
            DatabaseUnavailableError: the house's log cannot be read now.
        """
        return await self._reading.look()

    async def _read(self) -> Seen:
        now = self.house.clock()
        folder = await asyncio.to_thread(self._folder.read)
        claims = await trust.claims_of_folder(self.house, folder, self.held)
        operator = deeds.applied(folder, await trust.read_deeds(self.house, held=self.held))
        outside = await trust.read_outside(self.house, held=self.held, limit=OUTSIDE_SHOWN)
        return Seen(claims, operator, now, outside)


def kept(seen: Seen, name: str, write: Callable[[], bytes]) -> bytes:
    """Return what one reading alone says, written once however many ask for it."""
    if name not in seen.written:
        seen.written[name] = write()
    return seen.written[name]


def said(value: object) -> str:
    """Spell a measured value for a person: lists and tables in one line, what lies within another in brackets."""
    if isinstance(value, Mapping):
        between = "; " if any(map(_is_several, value.values())) else ", "
        return between.join(f"{str(name).replace('_', ' ')} {_within(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _is_several(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list | tuple) and len(value) > 1)


def _within(value: object) -> str:
    return f"({said(value)})" if isinstance(value, Mapping) else said(value)


def every(cadence: timedelta) -> str:
    """Spell how often something is looked at."""
    seconds = max(1, round(cadence.total_seconds()))
    unit, name = next(each for each in _UNITS if seconds % each[0] == 0)
    return f"every {name}" if seconds == unit else f"every {seconds // unit} {name}s"


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
_pages.filters |= {"said": said, "moment": moment, "instant": instant, "every": every}
_pages.globals |= {"words": WORDS, "counted": COUNTED, "bases": BASES}


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    """Write a page from a template, in which everything is escaped that is not our own."""
    return HTMLResponse(html(name, **values), status, dict(PAGE))


def html(name: str, **values: Any) -> bytes:
    """Write a page's text."""
    return _pages.get_template(name).render(style=_STYLE, **values).encode("utf-8", "replace")


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
    """Write JSON for machines; octets are JSON already."""
    octets = content if isinstance(content, bytes) else octets_of(content)
    return Response(octets, headers=dict(MACHINE), media_type=media_type)


def octets_of(content: Any) -> bytes:
    """Write a JSON text, in UTF-8."""
    return orjson.dumps(content)


def plain(text: str | bytes, media_type: str = "text/plain") -> Response:
    """Write text for machines."""
    return Response(text, headers=dict(MACHINE), media_type=media_type)
