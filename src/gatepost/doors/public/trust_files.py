"""What machines read of the trust centre: claims.json, the log and its proofs, OSCAL, CSAF, the bill of materials."""

import asyncio
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost import trust
from gatepost.doors.public.own_url import own_url
from gatepost.doors.public.reading import Reading
from gatepost.doors.public.trust_view import View, kept, machine, octets_of, page, plain, xml
from gatepost.ids import EntryId, LeafIndex
from gatepost.ledger.errors import LedgerError
from gatepost.record.export import NotInLogError
from gatepost.trust import csaf, oscal, sbom, security_txt

BASE = "/trust"
T = TypeVar("T")

BILL_FRESH = timedelta(minutes=1)
"""Listing what is installed reads a file of each distribution."""
HISTORY_PAGE = 200
"""Results of a claim in one answer: 17 hours of one that is probed every five minutes."""
_INDEX_DIGITS_MAX = 15


class Files:
    """The files of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._bill = Reading(self._read_bill, view.house.clock, BILL_FRESH)

    def _url(self, request: Request) -> str:
        return own_url(request, self._view.house.public_url)

    async def claims(self, _request: Request) -> Response:
        """``claims.json``."""
        seen = await self._view.look()
        return machine(kept(seen, "claims.json", lambda: octets_of(trust.spelled(seen.claims, BASE))))

    async def history(self, request: Request) -> Response:
        """What was ever stated about a claim, newest first, a page at a time; ``Link`` names the next (RFC 8288)."""
        claim, before = request.path_params["claim"], request.query_params.get("before", "")
        if before and not (before.isdecimal() and before.isascii() and len(before) <= _INDEX_DIGITS_MAX):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        found = await trust.read_history(
            self._view.house,
            claim,
            held=self._view.held,
            limit=HISTORY_PAGE,
            before=EntryId(int(before)) if before else None,
        )
        if not found:
            claims = (await self._view.look()).claims
            if all(each.claim.id != claim for each in (*claims.listed, *claims.withdrawn)):
                raise HTTPException(HTTPStatus.NOT_FOUND)
        made = machine([trust.history_row(each, BASE) for each in found])
        last = min((each.entry for each in found if each.entry), default=EntryId(0))
        if last and await trust.is_any_older(self._view.house, claim, last):
            made.headers["Link"] = f'<{BASE}/history/{quote(claim)}?before={last}>; rel="next"'
        return made

    async def security(self, _request: Request) -> Response:
        """``security.txt``."""
        seen = await self._view.look()
        text = security_txt.written(seen.operator, seen.at, self._view.house.public_url)
        if text is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return plain(text)

    async def llms(self, _request: Request) -> Response:
        """``llms.txt``: where a machine that reads finds what."""
        seen = await self._view.look()
        return xml("llms.txt", "text/plain", operator=seen.operator, claims=seen.claims)

    async def checkpoint(self, _request: Request) -> Response:
        """The public trust log's newest signed head."""
        found = await trust.read_checkpoint(self._view.house.blobs)
        return plain(_there(found))

    async def vkey(self, _request: Request) -> Response:
        """The key that checkpoints are checked with."""
        found = await trust.read_vkey(self._view.house.db)
        return plain(f"{_there(found)}\n")

    async def tile(self, request: Request) -> Response:
        """A tile or a bundle of entries."""
        found = await trust.read_tile(self._view.house.blobs, f"tile/{request.path_params['path']}")
        return plain(_there(found), "application/octet-stream")

    async def proof(self, request: Request) -> Response:
        """The proof that a leaf is in the log."""
        try:
            return plain(await trust.read_proof(self._view.house.blobs, _index(request)))
        except (NotInLogError, LedgerError):
            raise HTTPException(HTTPStatus.NOT_FOUND) from None

    async def entry(self, request: Request) -> Response:
        """The exact octets of a leaf."""
        try:
            return plain(await trust.read_entry(self._view.house.blobs, _index(request)), "application/json")
        except (NotInLogError, LedgerError):
            raise HTTPException(HTTPStatus.NOT_FOUND) from None

    async def assessment(self, request: Request) -> Response:
        """OSCAL assessment results."""
        seen = await self._view.look()
        base = f"{self._url(request)}{BASE}"
        write = partial(oscal.assessment_results, seen.claims, seen.operator, base)
        return machine(kept(seen, "assessment-results.json", lambda: octets_of(write())))

    async def components(self, _request: Request) -> Response:
        """OSCAL component definition."""
        seen = await self._view.look()
        return machine(oscal.component_definition(seen.claims, seen.operator))

    async def bill(self, _request: Request) -> Response:
        """CycloneDX bill of materials of this process."""
        return machine(await self._bill.look(), "application/vnd.cyclonedx+json")

    async def _read_bill(self) -> bytes:
        parts = await asyncio.to_thread(sbom.installed)
        return octets_of(sbom.bill(parts, self._view.version, self._view.house.clock()))

    async def provider(self, request: Request) -> Response:
        """CSAF ``provider-metadata.json``."""
        seen = await self._view.look()
        revised = seen.claims.revision.at if seen.claims.revision else seen.at
        return machine(csaf.provider(seen.operator, self._url(request), revised))

    async def advisories(self, _request: Request) -> Response:
        """The directory of advisories, as a page (CSAF requirement 14)."""
        seen = await self._view.look()
        paths = [csaf.path_of(each) for each in seen.operator.vulnerabilities]
        return page("trust_advisories.html", operator=seen.operator, at=seen.at, paths=paths, root=csaf.DIRECTORY)

    async def advisory(self, request: Request) -> Response:
        """One file of that directory."""
        seen, path = await self._view.look(), request.path_params["path"]
        if path == "index.txt":
            return plain(csaf.index(seen.operator))
        if path == "changes.csv":
            return plain(csaf.changes(seen.operator), "text/csv")
        try:
            return machine(csaf.advisory(seen.operator, path, self._url(request), self._view.version))
        except csaf.NoSuchAdvisoryError:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None


def routes(view: View) -> list[Route]:
    """Return the files' places."""
    files = Files(view)
    return [
        Route(f"{BASE}/claims.json", files.claims),
        Route(f"{BASE}/history/{{claim}}", files.history),
        Route(f"{BASE}/log/checkpoint", files.checkpoint),
        Route(f"{BASE}/log/vkey", files.vkey),
        Route(f"{BASE}/log/tile/{{path:path}}", files.tile),
        Route(f"{BASE}/log/proofs/{{index}}.tlog-proof", files.proof),
        Route(f"{BASE}/log/entries/{{index}}", files.entry),
        Route(f"{BASE}/oscal/assessment-results.json", files.assessment),
        Route(f"{BASE}/oscal/component-definition.json", files.components),
        Route(f"{BASE}/sbom.cdx.json", files.bill),
        Route(security_txt.PATH, files.security),
        Route("/llms.txt", files.llms),
        Route(f"{csaf.ROOT}/provider-metadata.json", files.provider),
        Route(csaf.ROOT, _to_advisories),
        Route(f"{csaf.ROOT}/", _to_advisories),
        Route(csaf.DIRECTORY, files.advisories),
        Route(f"{csaf.DIRECTORY}{{path:path}}", files.advisory),
    ]


async def _to_advisories(_request: Request) -> Response:
    return RedirectResponse(csaf.DIRECTORY, HTTPStatus.TEMPORARY_REDIRECT)


def _there(found: T | None) -> T:
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _index(request: Request) -> LeafIndex:
    text = str(request.path_params["index"])
    if not (text.isascii() and text.isdigit() and len(text) <= _INDEX_DIGITS_MAX):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return LeafIndex(int(text))
