"""The trust centre: every claim with value, time, expiry, proof and history; texts, sub-processors, changes.

Rendered here, readable without script; what the operator or a check wrote is escaped. Each page tells what was read,
and nothing that was not: a folder that cannot be read is a page saying so, never an old or empty one.
"""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost import trust
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public import challenge, report, room, subscribe, trust_files
from gatepost.doors.public.form import Proxied
from gatepost.doors.public.lean import Lean
from gatepost.doors.public.own_url import own_url
from gatepost.doors.public.reading import Patient
from gatepost.doors.public.trust_view import PAGE, Seen, View, html, kept, page, unkept, xml
from gatepost.journey import House
from gatepost.record.trust_log import Stated
from gatepost.trust import engagement, notice, parts
from gatepost.trust.csaf import UnreadableTimeError
from gatepost.trust.document import Listed
from gatepost.trust.documents import Published, published
from gatepost.trust.held import Held
from gatepost.trust.operator import OperatorError, faults_of
from gatepost.trust.subprocessors import parties

PLACES = ("/", "/trust", "/.well-known/security.txt", "/.well-known/csaf", "/llms.txt")
HISTORY_SHOWN = 50
OF_PLACES = frozenset({"egress.declared", "agents.off", "store.region", "store.here"})
"""Checks that measure where data go and rest; shown beside what is declared of it, with their controls."""

log = structlog.get_logger()


class Pages:
    """The pages of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._changes: parts.Words = {}

    async def centre(self, _request: Request) -> Response:
        """Every claim, by topic; how many pass; who says so."""
        seen = await self._view.look()
        topics: dict[str, list[Listed]] = {}
        for each in seen.claims.listed:
            topics.setdefault(each.claim.topic, []).append(each)
        return self._kept("trust_centre.html", seen, topics=topics, claims=seen.claims, outside=seen.outside)

    async def claim(self, request: Request) -> Response:
        """One claim and what was ever seen of it."""
        seen = await self._view.look()
        wanted = request.path_params["claim"]
        found = next((each for each in (*seen.claims.listed, *seen.claims.withdrawn) if each.claim.id == wanted), None)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        history = await trust.read_history(self._view.house, wanted, held=self._view.held, limit=HISTORY_SHOWN)
        words = await trust.read_words(self._view.house, wanted, held=self._view.held)
        return self._page("trust_claim.html", seen, listed=found, history=history, wordings=words)

    async def documents(self, _request: Request) -> Response:
        """Every published text and its review."""
        seen = await self._view.look()
        return self._kept("trust_documents.html", seen, documents=published(seen.operator, seen.at.date()))

    async def document(self, request: Request) -> Response:
        """One text."""
        seen = await self._view.look()
        return self._document(seen, request.path_params["document"])

    async def account_protection(self, _request: Request) -> Response:
        """What customers can do for their own account."""
        return self._document(await self._view.look(), "account-protection")

    async def threat_model(self, _request: Request) -> Response:
        """Who we think of, and what is not defended."""
        return self._document(await self._view.look(), "threat-model")

    async def subprocessors(self, _request: Request) -> Response:
        """Who else gets data, where they rest, and every way out."""
        seen = await self._view.look()
        found = parties(seen.operator, self._view.house.egress.register, seen.at.date())
        cases = await engagement.read_all(self._view.house.db, seen.operator.suppliers)
        states = {each.id: notice.state(cases[each.id], each) for each in seen.operator.suppliers}
        measured = [each for each in seen.claims.listed if each.claim.check in OF_PLACES]
        return self._page("trust_subprocessors.html", seen, parties=found, states=states, measured=measured)

    async def controls(self, _request: Request) -> Response:
        """The statement of applicability."""
        seen = await self._view.look()
        titles = {each.id: each.title for each in seen.operator.documents}
        return self._kept("trust_controls.html", seen, controls=seen.operator.controls, titles=titles)

    async def changes(self, _request: Request) -> Response:
        """Every revision of what is published, from the log."""
        seen = await self._view.look()
        revisions, changes = await self._revisions()
        texts = published(seen.operator, seen.at.date())
        return self._page("trust_changes.html", seen, revisions=revisions, changes=changes, documents=texts)

    async def feed(self, request: Request) -> Response:
        """The same revisions as Atom (RFC 4287); its ids are tags (RFC 4151) of the house's name."""
        seen = await self._view.look()
        revisions, changes = await self._revisions()
        base = own_url(request, self._view.house.public_url)
        values = {"operator": seen.operator, "base": base, "hostname": self._view.house.hostname, "at": seen.at}
        return xml("trust_changes.atom", "application/atom+xml", revisions=revisions, changes=changes, **values)

    async def _revisions(self) -> tuple[list[Stated], list[str]]:
        """Return the newest revisions, and of each what it changed; the first of all changed nothing."""
        view = self._view
        found = await trust.read_revisions(view.house, held=view.held, limit=HISTORY_SHOWN + 1)
        told = await parts.told(view.house.blobs, found, self._changes)
        return found[:HISTORY_SHOWN], [*told, parts.FIRST][:HISTORY_SHOWN]

    def _document(self, seen: Seen, identifier: str) -> Response:
        found: tuple[Published, ...] = published(seen.operator, seen.at.date())
        one = next((each for each in found if each.document.id == identifier), None)
        if one is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return self._page("trust_document.html", seen, published=one)

    @staticmethod
    def _kept(name: str, seen: Seen, **values: Any) -> Response:
        """Return a page that says what the reading says, and nothing of who asks or what else."""
        text = kept(seen, name, lambda: html(name, operator=seen.operator, at=seen.at, **values))
        return HTMLResponse(text, headers=dict(PAGE))

    @staticmethod
    def _page(name: str, seen: Seen, **values: Any) -> Response:
        return page(name, operator=seen.operator, at=seen.at, **values)


def build(
    house: House, folder: Path, version: str, held: Held, *, is_proxy: Callable[[str], bool] = lambda _: False
) -> ASGIApp:
    """Return the trust pages of a house that claims what the folder says.

    Args:
        house: whose log.
        folder: the operator's.
        version: of the running build.
        held: what was held against the public trust log before, by these pages and others.
        is_proxy: tells of an address whether many visitors come by it.
    """
    view = View(house, folder, version, held)
    pages = Pages(view)
    app = Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/trust/", HTTPStatus.TEMPORARY_REDIRECT)),
            Route("/trust", lambda _: RedirectResponse("/trust/", HTTPStatus.PERMANENT_REDIRECT)),
            Route("/trust/", pages.centre),
            Route("/trust/claims/{claim}", pages.claim),
            Route("/trust/documents", pages.documents),
            Route("/trust/documents/{document}", pages.document),
            Route("/trust/policies", pages.documents),
            Route("/trust/subprocessors", pages.subprocessors),
            Route("/trust/controls", pages.controls),
            Route("/trust/changes", pages.changes),
            Route("/trust/changes.atom", pages.feed),
            Route("/trust/account-protection", pages.account_protection),
            Route("/trust/threat-model", pages.threat_model),
            *trust_files.routes(view),
            *subscribe.routes(view),
            *room.routes(view),
            *challenge.routes(view),
            *report.routes(view),
        ],
        exception_handlers={
            HTTPException: _missing,
            OperatorError: _away,
            UnreadableTimeError: _away,
            DatabaseUnavailableError: _away,
            BlobsUnavailableError: _away,
        },
        middleware=[Middleware(Proxied, is_proxy)],
    )
    return Patient(Lean(app), _late)


_WAYS = (("/trust/", "Trust centre"), ("/trust/report", "Report something"), ("/status", "Status"))
_DOOR = ("/trust/room", "The door of the room")
"""Ways on from a page that only says something."""

_SAID = {
    HTTPStatus.BAD_REQUEST: ("That was no form of ours", "Go back and send it again."),
    HTTPStatus.FORBIDDEN: ("You are not inside", "Your visit is over, or has not begun."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("That is not done here", "This page is read, and takes no form."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That was too long", "Nothing was done. Say it in fewer words."),
}


async def _missing(_request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    title, text = _SAID.get(status, ("Nothing is here", "This house publishes nothing under that name."))
    ways = [_DOOR, *_WAYS] if status is HTTPStatus.FORBIDDEN else _WAYS
    return unkept(page("said.html", status, title=title, text=text, ways=ways))


async def _away(_request: Request, error: Exception) -> Response:
    log.warning("trust.unreadable", error=type(error).__name__, faults=faults_of(error))
    text = "What would be shown here cannot be read at the moment. Nothing older is shown in its place; try again soon."
    return page("said.html", HTTPStatus.SERVICE_UNAVAILABLE, title="Not now", text=text, ways=_WAYS)


async def _late(scope: Scope, receive: Receive, send: Send) -> None:
    answer = await _away(Request(scope), DatabaseUnavailableError("it does not answer"))
    await answer(scope, receive, send)
