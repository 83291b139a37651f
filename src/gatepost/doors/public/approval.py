"""The approval page: a signed link shows a held message (GET), a button on it rules (POST). No script, no cookie.

Scanners of mail open links, so opening changes nothing. The page is rendered here and escapes what a stranger wrote.
Its policy (CSP) lets a browser load nothing, run nothing, and send the form to this house alone.
"""

import base64
import hashlib
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import structlog
from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gatepost import access, journey
from gatepost.access.paper import Person
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.decide.paper import Ruling
from gatepost.deliver import ask, hold, hold_end, link
from gatepost.deliver.hold import Approver
from gatepost.deliver.link import Link
from gatepost.deliver.paper import Hold, HoldState
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.verify.paper import UNSEEN

FORM_MAX_OCTETS = 4_096
TEXT_MAX_CHARS = 20_000
"""Shown of a message's text; the page says where it cuts."""
SPANS_MAX = 20

log = structlog.get_logger()

_FOLDER = files("gatepost.doors.public")
STYLE = (_FOLDER / "style.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the link is a key
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
_pages = Environment(
    autoescape=True, loader=FunctionLoader(lambda name: (_FOLDER / name).read_text()), undefined=StrictUndefined
)


class _EndError(Exception):
    """The way ends at a page that only says something."""

    def __init__(self, status: HTTPStatus, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


_UNKNOWN = (HTTPStatus.NOT_FOUND, "This link leads nowhere", "It is not one of ours, or its time is over.")
_AWAY = (HTTPStatus.SERVICE_UNAVAILABLE, "Not now", "The house is not available. Nothing was done; try again soon.")
_ERASED = (HTTPStatus.GONE, "Erased", "Nobody can read this message any more, so nobody can let it go.")


def build(house: House) -> Starlette:
    """Return the pages of a house."""

    async def show(request: Request) -> Response:
        held, _, token = await _asked(request, house)
        return await _page(held, house, tenant=token.tenant)

    async def rule(request: Request) -> Response:
        form = await _form(request)
        held, person, token = await _asked(request, house)
        is_approved = {"approve": True, "deny": False}.get(form.get("decision", ""))
        if is_approved is None:
            raise _EndError(HTTPStatus.BAD_REQUEST, "Nothing was done", "The form was not one of this page's.")
        ruling = Ruling(is_approved=is_approved, by=person.id)
        try:
            await journey.release(token.tenant, held.id, ruling, house, digest=form.get("digest", ""))
        except hold_end.HoldChangedError:
            raise _EndError(HTTPStatus.CONFLICT, "It is not what you saw", "Open the link again and look.") from None
        except hold_end.NotNowError:
            text = "A limit of the policy stands in its way. It still waits: open the link again later."
            raise _EndError(HTTPStatus.CONFLICT, "Not now", text) from None
        except hold_end.HoldSettledError:
            pass  # somebody was quicker: the page says how it ended
        log.info("page.ruled", hold=held.id, person=person.id)
        async with house.db.transaction(token.tenant) as tx:
            held = await hold.get(tx, held.id)
        return await _page(held, house, tenant=token.tenant)

    place = f"{link.PATH}/{{token}}"
    return Starlette(
        routes=[Route(place, show, methods=["GET"]), Route(place, rule, methods=["POST"])],
        exception_handlers={
            _EndError: _said,
            HTTPException: _said,
            ErasedError: _saying(_ERASED),
            DatabaseUnavailableError: _saying(_AWAY),
            BlobsUnavailableError: _saying(_AWAY),
        },
    )


async def _asked(request: Request, house: House) -> tuple[Hold, Person, Link]:
    """Return the hold a link leads to, and whose link it is, if that person may still rule on it."""
    found = link.read(str(request.path_params["token"]), house.keyring, now=house.clock())
    if found is None:
        raise _EndError(*_UNKNOWN)
    async with house.db.transaction(found.tenant) as tx:
        people = {each.id: each for each in await access.list_people(tx)}
        try:
            held = await hold.get(tx, found.hold)
        except hold.HoldMissingError:
            raise _EndError(*_UNKNOWN) from None
    person = people.get(found.person)
    if person is None or not ask.may_rule(person):
        raise _EndError(*_UNKNOWN)
    try:
        hold.check_approver(held, Approver(id=person.id, address=person.address))
    except hold.ApproverError:
        raise _EndError(HTTPStatus.FORBIDDEN, "Not yours", "Whoever wrote a message may not let it go.") from None
    return held, person, found


async def _form(request: Request) -> dict[str, str]:
    """Return the form's first values; raises where it is longer than ours can be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX_OCTETS:
            raise _EndError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Nothing was done", "The form was too long.")
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8, errors="replace")
    return {name: values[0] for name, values in fields.items()}


async def _page(held: Hold, house: House, *, tenant: Any) -> Response:
    if held.state is not HoldState.WAITING:
        return _rendered("ended.html", HTTPStatus.OK, hold=held)
    verified = await hold_end.take_up(held, tenant, house.db, house.blobs, house.extractor)
    evidence, reading = verified.evidence, verified.evidence.content.reading
    return _rendered(
        "approval.html",
        HTTPStatus.OK,
        hold=held,
        text=reading.human[:TEXT_MAX_CHARS],
        is_cut=len(reading.human) > TEXT_MAX_CHARS,
        files=[one.filename or "(no name)" for one in reading.attachments],
        hidden=[span.text for span in reading.spans if span.technique in UNSEEN][:SPANS_MAX],
        is_proven=evidence.is_aligned or evidence.auth,
        injection=round(evidence.injection.score * 100),
    )


def _rendered(name: str, status: HTTPStatus, **values: Any) -> Response:
    html = _pages.get_template(name).render(style=STYLE, **values)
    return HTMLResponse(html.encode("utf-8", "replace"), status, dict(HEADERS))


async def _said(_request: Request, error: Exception) -> Response:
    if isinstance(error, _EndError):
        return _rendered("said.html", error.status, title=error.title, text=error.text)
    status, title, text = _UNKNOWN
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
    return _rendered("said.html", status, title=title, text=text)


def _saying(end: tuple[HTTPStatus, str, str]) -> Any:
    async def say(_request: Request, _error: Exception) -> Response:
        status, title, text = end
        return _rendered("said.html", status, title=title, text=text)

    return say
