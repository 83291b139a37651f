"""The approval page: a signed link shows a held message (GET), a button on it rules (POST). No script, no cookie.

Scanners of mail open links, so opening changes nothing. The page is rendered here and escapes what a stranger wrote.
Its policy (CSP) lets a browser load nothing, run nothing, and send the form to this house alone.
"""

from http import HTTPStatus
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from gatepost import access, journey
from gatepost.access.paper import Person
from gatepost.decide.paper import Ruling
from gatepost.deliver import ask, hold, hold_end, link, shown
from gatepost.deliver.link import Link
from gatepost.deliver.paper import Hold, HoldState
from gatepost.doors.public.page import UNKNOWN, EndError, form_of, pages, rendered
from gatepost.journey import House

_NOT_YOURS = (
    "Whoever wrote or submitted a message may not let it go. What was submitted with the key of a person waits for"
    " another key: gatepost hold approve, or REST."
)
_DAMAGED = ("It cannot be shown", "What waits here is not what came, so nobody can let it go. It ends with its time.")
_OVER = ("It waits no longer", "Open the link again: it says how it ended.")

log = structlog.get_logger()


def build(house: House) -> Starlette:
    """Return the pages of a house."""

    async def show(request: Request) -> Response:
        held, _, token = await _asked(request, house)
        return await _page(held, house, tenant=token.tenant)

    async def rule(request: Request) -> Response:
        form = await form_of(request)
        held, person, token = await _asked(request, house)
        is_approved = {"approve": True, "deny": False}.get(form.get("decision", ""))
        if is_approved is None:
            raise EndError(HTTPStatus.BAD_REQUEST, "Nothing was done", "The form was not one of this page's.")
        ruling = Ruling(is_approved=is_approved, by=person.id)
        try:
            await journey.release(token.tenant, held.id, ruling, house, digest=form.get("digest", ""))
        except hold_end.HoldChangedError:
            raise EndError(HTTPStatus.CONFLICT, "It is not what you saw", "Open the link again and look.") from None
        except hold_end.NotNowError:
            text = "A limit of the policy stands in its way. It still waits: open the link again later."
            raise EndError(HTTPStatus.CONFLICT, "Not now", text) from None
        except hold_end.HoldSettledError:
            pass  # somebody was quicker: the page says how it ended
        log.info("page.ruled", hold=held.id, person=person.id)
        async with house.db.transaction(token.tenant) as tx:
            held = await hold.get(tx, held.id)
        return await _page(held, house, tenant=token.tenant)

    return pages(link.PATH, show, rule)


async def _asked(request: Request, house: House) -> tuple[Hold, Person, Link]:
    """Return the hold a link leads to, and whose link it is, if that person may still rule on it."""
    found = link.read(str(request.path_params["token"]), house.keyring, now=house.clock())
    if found is None:
        raise EndError(*UNKNOWN)
    async with house.db.transaction(found.tenant) as tx:
        person = await access.person(tx, found.person)
        try:
            held = await hold.get(tx, found.hold)
        except hold.HoldMissingError:
            raise EndError(*UNKNOWN) from None
        if person is None or not ask.may_rule(person):
            raise EndError(*UNKNOWN)
        try:
            await hold.check_approver(tx, held, hold.Approver(id=person.id))
        except hold.ApproverError:
            raise EndError(HTTPStatus.FORBIDDEN, "Not yours", _NOT_YOURS) from None
    if await ask.is_mailbox(house.db, person.address):
        raise EndError(*UNKNOWN)
    return held, person, found


async def _page(held: Hold, house: House, *, tenant: Any) -> Response:
    if held.state is not HoldState.WAITING:
        return rendered("ended.html", HTTPStatus.OK, hold=held)
    try:
        verified = await hold_end.take_up(held, tenant, house.db, house.blobs, house.extractor)
    except hold_end.HoldChangedError:
        raise EndError(HTTPStatus.CONFLICT, *_DAMAGED) from None
    except hold_end.HoldSettledError:  # somebody was quicker, and what they refused is kept no longer
        raise EndError(HTTPStatus.CONFLICT, *_OVER) from None
    evidence, seen = verified.evidence, shown.of(verified.evidence.content)
    return rendered(
        "approval.html",
        HTTPStatus.OK,
        hold=held,
        seen=seen,
        files=[(one.filename or "(no name)", one) for one in seen.files],
        is_proven=evidence.is_aligned or evidence.auth,
        injection=round(evidence.injection.score * 100),
    )
