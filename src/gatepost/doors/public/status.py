"""The status page: HTML without script, Statuspage's JSON and an Atom feed, over what the house measures of itself."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import orjson
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public import status_atom, status_chart, status_json
from gatepost.doors.public.lean import Lean
from gatepost.doors.public.own_url import own_url
from gatepost.doors.public.reading import Patient, Reading
from gatepost.journey import House
from gatepost.trust import status as doing
from gatepost.trust.held import Held
from gatepost.trust.incidents import Incident
from gatepost.trust.status import Part, Status
from gatepost.trust.uptime import NAMES, REASONS, Pace, measured_of, share_of

PATHS = ("/status", "/api/v2")
"""How the paths begin that this face answers."""
ECHO = "/status/echo"
"""Where the canaries' own webhook arrives."""

FRESH = timedelta(seconds=2)
"""How long a reading serves."""

_FOLDER = files("gatepost.doors.public")
STYLE = (_FOLDER / "style.css").read_text() + (_FOLDER / "status.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=15",
    "Access-Control-Allow-Origin": "*",  # public, and the same for everybody: other pages may show it
}
HTML, ATOM, JSON = "text/html; charset=utf-8", "application/atom+xml", "application/json"


_WORDS = {**REASONS, "postmortem": "post-mortem"}


@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of a page lead.

    Args:
        root: above ``status`` and ``api``; relative where the pages lie in a plain folder.
        index: what the name of a page ends in there.
        trust: the trust centre; empty where nobody knows its address.
    """

    root: str = "/"
    index: str = ""
    trust: str = "/trust/"


SERVED = Links()
"""Of the pages that a house serves."""


def _moment(at: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M} UTC")


def _worded(code: str) -> str:
    """Spell a state or a reason for a person."""
    return _WORDS.get(code, code.replace("_", " "))


_pages = Environment(
    autoescape=True, loader=FunctionLoader(lambda name: (_FOLDER / name).read_text()), undefined=StrictUndefined
)
_pages.filters |= {"moment": _moment, "worded": _worded}


@dataclass(slots=True)
class Shown:
    """One reading, and the page it makes once somebody asks for it."""

    status: Status
    html: bytes = b""


class Pages:
    """The pages of one house.

    Args:
        house: what they read; its clock is theirs.
        name: of the page.
        pace: of the probes.
        held: what was held against the log before.
    """

    def __init__(self, house: House, name: str, pace: Pace, held: Held) -> None:
        self._house, self._name, self._pace, self._held = house, name, pace, held
        self._reading = Reading(self._read, house.clock, FRESH)

    async def _read(self) -> Shown:
        return Shown(await doing.read_status(self._house, self._pace, self._held))

    async def _look(self) -> Shown:
        """Return how the house is; one that cannot read it any more is out, whatever it was."""
        try:
            return await self._reading.look()
        except DatabaseUnavailableError:
            if self._reading.last is None:
                raise
            return Shown(doing.unreadable(self._reading.last.status, self._house.clock()))

    async def page(self, _request: Request) -> Response:
        """The page for people."""
        shown = await self._look()
        if not shown.html:
            shown.html = page_html(self._name, shown.status)
        return Response(shown.html, headers=HEADERS, media_type=HTML)

    async def incident(self, request: Request) -> Response:
        """One incident and every word on it."""
        found = await doing.read_incident(self._house, str(request.path_params["incident"])[:64], self._held)
        if found is None or found.is_exercise:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(incident_html(found), headers=HEADERS, media_type=HTML)

    async def feed(self, request: Request) -> Response:
        """Atom (RFC 4287)."""
        now = (await self._look()).status
        text = status_atom.feed(self._head(request, now), now)
        return Response(text, headers=HEADERS, media_type=ATOM)

    async def answer(self, request: Request) -> Response:
        """One of Statuspage's answers."""
        spell = status_json.ANSWERS.get(str(request.path_params["name"]))
        if spell is None:
            return _nothing()
        now = (await self._look()).status
        octets = orjson.dumps(spell(self._head(request, now), now))
        return Response(octets, headers=HEADERS, media_type=JSON)

    def _head(self, request: Request, now: Status) -> status_json.Page:
        return status_json.page_of(self._name, f"{own_url(request, self._house.public_url)}/status", now)

    @staticmethod
    async def echo(_request: Request) -> Response:
        """Take the canaries' own webhook."""
        return Response(status_code=HTTPStatus.NO_CONTENT)


def build(house: House, *, name: str, pace: Pace, held: Held) -> ASGIApp:
    """Return the status page of a house.

    Args:
        house: what it reads; its clock is the page's.
        name: of the page.
        pace: of the probes.
        held: what was held against the public trust log before, by these pages and others.
    """
    pages = Pages(house, name, pace, held)
    app = Starlette(
        routes=[
            Route("/status", pages.page),
            Route("/status/", pages.page),
            Route("/status/history.atom", pages.feed),
            Route("/status/incidents/{incident}", pages.incident),
            Route(ECHO, pages.echo, methods=["POST"]),
            Route("/api/v2/{name:path}", pages.answer),
        ],
        exception_handlers={DatabaseUnavailableError: _away, HTTPException: _missing},
    )
    return Patient(Lean(app), _late)


def page_html(name: str, status: Status, links: Links = SERVED) -> bytes:
    """Return the page."""
    indicator = status_json.INDICATORS[status.worst]
    return _rendered(
        "status.html",
        name=name,
        links=links,
        worst=status.worst.value,
        verdict=indicator[1],
        measured=status.measured_at,
        open=status.open_incidents,
        parts=[_part(each) for each in status.parts],
        planned=[each for each in status.maintenance if not each.is_over],
        past=[each for each in status.incidents if each.is_over],
        faults=len(status.faults),
    )


def incident_html(incident: Incident, links: Links = SERVED) -> bytes:
    """Return the page of one incident."""
    parts = [NAMES[each][0] for each in incident.components]
    return _rendered("status_incident.html", incident=incident, parts=parts, links=links)


def _part(part: Part) -> Mapping[str, Any]:
    name, description = NAMES[part.component]
    return {
        "name": name,
        "description": description,
        "condition": part.condition.value,
        "reason": part.reason,
        "latency": part.last.latency_ms if part.last.is_up else 0,
        "bars": status_chart.bars(part.days, name),
        "share": status_chart.percent(share_of(part.days)),
        "measured": status_chart.percent(measured_of(part.days)),
        "probes": sum(day.probes + day.unprobed for day in part.days),
        "lines": status_chart.lines(part.latencies, name),
        "top": max((each.p95_ms for each in part.latencies), default=0),
    }


def _rendered(template: str, **values: Any) -> bytes:
    return _pages.get_template(template).render(style=STYLE, **values).encode("utf-8", "replace")


def _nothing() -> Response:
    return Response(b"There is no such page.\n", HTTPStatus.NOT_FOUND, HEADERS, "text/plain; charset=utf-8")


async def _missing(_request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    text = "This status page says nothing under that name."
    octets = _rendered("said.html", title="Nothing is here", text=text, ways=[("/status", "Status")])
    return Response(octets, status, HEADERS, HTML)


async def _away(request: Request, _error: Exception) -> Response:
    """A house without its database cannot know how it is: saying so is an answer, and never a green one."""
    headers = {**HEADERS, "Cache-Control": "no-store"}
    text = "The house cannot reach its database: take it for out."
    if request.url.path.startswith("/api/"):
        return Response(f"{text}\n", HTTPStatus.SERVICE_UNAVAILABLE, headers, "text/plain; charset=utf-8")
    octets = _rendered("said.html", title="Out of order", text=text, ways=[("/status", "Look again")])
    return Response(octets, HTTPStatus.SERVICE_UNAVAILABLE, headers, HTML)


async def _late(scope: Scope, receive: Receive, send: Send) -> None:
    answer = await _away(Request(scope), DatabaseUnavailableError("it does not answer"))
    await answer(scope, receive, send)
