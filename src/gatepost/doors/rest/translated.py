"""The one place where the errors of the rooms, and of the framework, become problems."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from gatepost.act.hosted import NotHeldError, OvertakenError
from gatepost.act.petition import (
    PetitionChangedError,
    PetitionInvalidError,
    PetitionMissingError,
    PetitionSettledError,
)
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.decide import PolicyError, PolicyUnreadableError
from gatepost.decide.grants import GrantError
from gatepost.deliver import KeyReusedError
from gatepost.deliver.hold import ApproverError, HoldMissingError
from gatepost.deliver.hold_end import HoldChangedError, HoldSettledError, NotNowError
from gatepost.doors.rest import refusals
from gatepost.doors.rest.problems import (
    LATER_S,
    MEANINGS,
    UNAVAILABLE_RETRY_S,
    Code,
    Problem,
    fault,
    missing,
    overtaken,
    response,
    unavailable,
)
from gatepost.egress import EgressRefusedError
from gatepost.keys import CursorError, ErasedError, KeyLostError, SealBrokenError
from gatepost.record.errors import IndexBehindError
from gatepost.record.export import NotInLogError
from gatepost.reply.paper import ParentMissingError, ReplyRefusedError
from gatepost.trust.engagement import NotYetError
from gatepost.upkeep.retention import HoldBusyError
from gatepost.workbench import (
    BaseChangedError,
    BusyError,
    ChangedError,
    OutdatedError,
    SamePersonError,
    SettledError,
    TooManyError,
    UnjudgedError,
)

log = structlog.get_logger()


def _invalid(error: RequestValidationError) -> Problem:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Problem(Code.REQUEST_MALFORMED, "The body is not JSON.")
    # Where and what, never the value: it may be somebody's words.
    errors = [f"{'.'.join(str(step) for step in fault['loc'])}: {_fault(fault)}" for fault in faults]
    return Problem(Code.REQUEST_INVALID, errors=errors)


def _fault(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "model_attributes_type":  # also where the body is of another type, and was read as text
        return "Input should be a JSON object, sent as application/json"
    return str(fault["msg"]).removeprefix("Value error, ")  # as pydantic introduces what our own shapes say


def _of_framework(error: HTTPException) -> Problem:
    """Translate what the router or the body parser raised."""
    by_status = {404: Code.RESOURCE_MISSING, 405: Code.METHOD_UNSUPPORTED, 413: Code.REQUEST_TOO_LARGE}
    if error.status_code >= 500:  # noqa: PLR2004  # server errors begin here
        return fault()
    code = by_status.get(error.status_code, Code.REQUEST_MALFORMED)
    said = "The body is not JSON in UTF-8, or nests too deep." if code is Code.REQUEST_MALFORMED else ""
    return Problem(code, said, headers=error.headers)


def _refused(error: ReplyRefusedError) -> Problem:
    detail = f"The gate refused to send this: {error.reason}. {refusals.advice(error.reason)}".rstrip()
    if refusals.is_for_now(error.reason):
        headers = {"Retry-After": str(refusals.RETRY_S)}
        return Problem(Code.REPLY_TOO_MANY, detail, errors=[error.reason], headers=headers)
    return Problem(Code.REPLY_REFUSED, detail, errors=[error.reason])


def _ungranted(error: GrantError) -> Problem:
    """Name the capability, and where a policy would have to grant it."""
    needed = f"This needs the capability {error.wanted}" if error.wanted else "This needs a grant"
    why = f", which {error.place} does not grant." if error.place else f": {error.reason}."
    errors = [each for each in (error.reason, error.wanted, error.place) if each]
    return Problem(Code.GRANT_REFUSED, needed + why, errors=errors)


def _unreadable(error: SealBrokenError) -> Problem:
    log.error("rest.unreadable", error=str(error))
    return Problem(Code.RESOURCE_UNREADABLE)


def _no_approver(_: Exception) -> Problem:
    return Problem(Code.APPROVER_FORBIDDEN, MEANINGS[Code.APPROVER_FORBIDDEN].advice)


_TRANSLATIONS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda problem: problem,
    RequestValidationError: _invalid,
    PolicyError: lambda error: Problem(Code.POLICY_INVALID, errors=error.errors, faults=error.faults),
    PolicyUnreadableError: lambda _: Problem(Code.POLICY_UNREADABLE, MEANINGS[Code.POLICY_UNREADABLE].advice),
    ReplyRefusedError: _refused,
    # draft-ietf-httpapi-idempotency-key-header section 2.7: the key of another payload is a 422
    KeyReusedError: lambda _: Problem(Code.KEY_REUSED),
    ParentMissingError: lambda _: missing("message"),
    GrantError: _ungranted,
    EgressRefusedError: lambda error: Problem(
        Code.DESTINATION_CLOSED, MEANINGS[Code.DESTINATION_CLOSED].advice, errors=[error.rule.value]
    ),
    HoldBusyError: lambda error: Problem(Code.HOLD_BUSY, errors=[str(error)]),
    HoldMissingError: lambda _: missing("hold"),
    HoldSettledError: lambda error: Problem(Code.HOLD_SETTLED, f"It was {error.state.value}."),
    HoldChangedError: lambda _: Problem(Code.HOLD_CHANGED),
    NotNowError: lambda error: Problem(Code.HOLD_NOT_NOW, errors=[error.reason]),
    PetitionMissingError: lambda _: missing("petition"),
    PetitionInvalidError: lambda error: Problem(Code.PETITION_INVALID, errors=[error.reason]),
    PetitionSettledError: lambda error: Problem(Code.PETITION_SETTLED, f"It was {error.state.value}."),
    PetitionChangedError: lambda _: Problem(Code.PETITION_CHANGED),
    ApproverError: _no_approver,
    CursorError: lambda _: Problem(Code.CURSOR_INVALID),
    NotInLogError: lambda _: missing("entry"),
    ErasedError: lambda _: Problem(Code.RESOURCE_ERASED),
    KeyLostError: lambda _: Problem(Code.RESOURCE_LOST),
    SealBrokenError: _unreadable,
    OvertakenError: lambda _: Problem(Code.AGENT_OVERTAKEN),
    NotHeldError: lambda _: missing("held call"),
    SettledError: lambda _: Problem(Code.PROPOSAL_SETTLED),
    ChangedError: lambda _: Problem(Code.PROPOSAL_CHANGED),
    OutdatedError: lambda _: Problem(Code.PROPOSAL_OUTDATED),
    UnjudgedError: lambda error: Problem(Code.PROPOSAL_UNJUDGED, f"It is {error.replay}.", errors=[error.replay]),
    BaseChangedError: lambda _: overtaken(),
    SamePersonError: _no_approver,
    TooManyError: lambda _: Problem(Code.WORKBENCH_FULL, headers={"Retry-After": str(LATER_S)}),
    BusyError: lambda _: Problem(Code.WORKBENCH_BUSY, headers={"Retry-After": str(UNAVAILABLE_RETRY_S)}),
    NotYetError: lambda error: Problem(Code.NOTICE_REFUSED, errors=[error.reason]),
    IndexBehindError: lambda error: unavailable([str(error)]),
    DatabaseUnavailableError: lambda _: unavailable(),
    BlobsUnavailableError: lambda error: unavailable([error.reason]),
}
"""The one place where the errors of the rooms, and of the framework, become statuses."""


def _methods(request: Request) -> str:
    """Return a path's methods, for the field Allow (RFC 9110 section 10.2.1): the router names one route's alone."""
    there = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    found = {method for each in there for method in getattr(each, "methods", None) or ()}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


async def _unsupported(request: Request, error: Exception) -> Response:
    problem = _of_framework(cast("HTTPException", error))
    if problem.code is Code.METHOD_UNSUPPORTED:
        problem = Problem(Code.METHOD_UNSUPPORTED, headers={"Allow": _methods(request)})
    return response(problem)


def install(app: FastAPI) -> None:
    """Let every typed error answer as a problem."""
    for kind, translate in _TRANSLATIONS.items():
        app.add_exception_handler(kind, _answering(translate))
    app.add_exception_handler(HTTPException, _unsupported)


def _answering(translate: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_request: Request, error: Exception) -> Response:
        return response(translate(error))

    return answer
