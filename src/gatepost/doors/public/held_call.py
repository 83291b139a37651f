"""The page of one held call of a hosted agent: a signed link shows what it would do (GET), a button rules (POST)."""

import json
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from gatepost import access
from gatepost.access.paper import Person
from gatepost.act import hosted
from gatepost.act.hosted import Step, Turn, call_link
from gatepost.act.hosted.call_link import CallLink
from gatepost.act.hosted.paper import StepState
from gatepost.deliver import ask
from gatepost.doors.public.page import UNKNOWN, EndError, form_of, pages, rendered
from gatepost.journey import House

ARGUMENTS_MAX_CHARS = 20_000
"""Shown of a call's arguments. One whose arguments are longer nobody approves here, for nobody has seen them whole."""

log = structlog.get_logger()


def build(house: House) -> Starlette:
    """Return the pages of a house."""

    async def show(request: Request) -> Response:
        turn, step, _, _ = await _asked(request, house)
        return _page(turn, step)

    async def rule(request: Request) -> Response:
        form = await form_of(request)
        turn, step, person, found = await _asked(request, house)
        is_approved = {"approve": True, "deny": False}.get(form.get("decision", ""))
        if is_approved is None:
            raise EndError(HTTPStatus.BAD_REQUEST, "Nothing was done", "The form was not one of this page's.")
        if form.get("digest", "") != found.digest or (is_approved and _is_cut(step)):
            raise EndError(HTTPStatus.CONFLICT, "It is not what you saw", "Open the link again and look.")
        await _settle(house, turn, found, person, is_approved=is_approved)
        async with house.db.transaction(found.tenant) as tx:
            turn, step = await hosted.held_call(tx, found.turn, found.digest)
        return _page(turn, step)

    return pages(call_link.PATH, show, rule)


async def _settle(house: House, turn: Turn, found: CallLink, person: Person, *, is_approved: bool) -> None:
    """Write the ruling and let the turn go on; where somebody was quicker, nothing, and the page says how it ended."""
    try:
        async with house.db.transaction(found.tenant) as tx:
            await hosted.settle_held(
                tx,
                turn.account,
                turn.id,
                digest=found.digest,
                is_approved=is_approved,
                actor=person.id,
                at=house.clock(),
                entropy=house.entropy,
            )
            await house.jobs.enqueue(tx, hosted.promise(turn.email, turn.thread))
    except hosted.NotHeldError:
        return
    log.info("page.ruled", turn=turn.id, person=person.id)


async def _asked(request: Request, house: House) -> tuple[Turn, Step, Person, CallLink]:
    """Return the call a link leads to, and whose link it is, if that person may still rule on it."""
    found = call_link.read(str(request.path_params["token"]), house.keyring, now=house.clock())
    if found is None:
        raise EndError(*UNKNOWN)
    async with house.db.transaction(found.tenant) as tx:
        person = await access.person(tx, found.person)
        try:
            turn, step = await hosted.held_call(tx, found.turn, found.digest)
        except hosted.NotHeldError:
            raise EndError(*UNKNOWN) from None
    if person is None or not hosted.may_rule_on(person, turn) or await ask.is_mailbox(house.db, person.address):
        raise EndError(*UNKNOWN)
    return turn, step, person, found


def _spelled(step: Step) -> str:
    """Return the arguments as JSON; what nobody sees or what turns the line around is spelled out."""
    text = json.dumps(step.content.get("arguments"), indent=2, ensure_ascii=False)
    return "".join(one if one.isprintable() or one == "\n" else f"\\u{ord(one):04x}" for one in text)


def _is_cut(step: Step) -> bool:
    return len(_spelled(step)) > ARGUMENTS_MAX_CHARS


def _page(turn: Turn, step: Step) -> Response:
    if step.state is not StepState.HELD or turn.state.is_over:
        is_denied = step.state is StepState.DENIED
        title = "It was denied" if is_denied else "It was let go" if step.actor else "It is over"
        by = f", by {step.actor}" if step.actor else ""
        text = f"{step.at:%Y-%m-%d %H:%M} UTC{by}. There is nothing left to do."
        return rendered("said.html", HTTPStatus.OK, title=title, text=text)
    return rendered(
        "held_call.html",
        HTTPStatus.OK,
        turn=turn,
        step=step,
        arguments=_spelled(step)[:ARGUMENTS_MAX_CHARS],
        is_cut=_is_cut(step),
        expires_at=hosted.lapses_at(step),
        digest=hosted.digest_of(step),
    )
