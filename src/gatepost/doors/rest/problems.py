"""What a caller reads when a request fails: ``application/problem+json`` (RFC 9457), one closed list of codes.

Each body carries ``error`` (and ``errors`` where there are several) beside the standard members, because clients of
the Mailbuttons contract read those. No body ever holds an exception's own text, SQL or a stack.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gatepost.decide.shape import Fault
from gatepost.record import QueryError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/api/problems/"
UNAVAILABLE_RETRY_S = 2
LATER_S = 60
_ERRORS_MAX = 50
_ERROR_MAX_CHARS = 300


class Code(StrEnum):
    """Why a request failed, stable for ever: ``subject.fact``."""

    REQUEST_INVALID = "request.invalid"
    CURSOR_INVALID = "cursor.invalid"
    REQUEST_MALFORMED = "request.malformed"
    REQUEST_TOO_LARGE = "request.too_large"
    REQUEST_TOO_SLOW = "request.too_slow"
    KEY_MISSING = "key.missing"
    KEY_UNKNOWN = "key.unknown"
    SCOPE_MISSING = "scope.missing"
    RATE_EXCEEDED = "rate.exceeded"
    RESOURCE_MISSING = "resource.missing"
    RESOURCE_ERASED = "resource.erased"
    RESOURCE_UNREADABLE = "resource.unreadable"
    RESOURCE_LOST = "resource.lost"
    MESSAGE_UNSEALED = "message.unsealed"
    METHOD_UNSUPPORTED = "method.unsupported"
    MEDIA_UNSUPPORTED = "media.unsupported"
    POLICY_INVALID = "policy.invalid"
    POLICY_UNREADABLE = "policy.unreadable"
    POLICY_OVERTAKEN = "policy.overtaken"
    PROPOSAL_SETTLED = "proposal.settled"
    PROPOSAL_CHANGED = "proposal.changed"
    PROPOSAL_OUTDATED = "proposal.outdated"
    PROPOSAL_UNJUDGED = "proposal.unjudged"
    REPLAY_SHOWN = "replay.shown"
    WORKBENCH_BUSY = "workbench.busy"
    WORKBENCH_FULL = "workbench.full"
    WEBHOOK_INVALID = "webhook.invalid"
    EXPORT_INVALID = "export.invalid"
    DESTINATION_CLOSED = "destination.closed"
    HOLD_INVALID = "hold.invalid"
    HOLD_BUSY = "hold.busy"
    ERASURE_HELD = "erasure.held"
    REPLY_REFUSED = "reply.refused"
    SIGNATURE_INVALID = "signature.invalid"
    AGENT_OVERTAKEN = "agent.overtaken"
    REPLY_TOO_MANY = "reply.too_many"
    KEY_REUSED = "key.reused"
    HOLD_SETTLED = "hold.settled"
    HOLD_CHANGED = "hold.changed"
    HOLD_NOT_NOW = "hold.not_now"
    PETITION_INVALID = "petition.invalid"
    PETITION_SETTLED = "petition.settled"
    PETITION_CHANGED = "petition.changed"
    BUDGET_EXHAUSTED = "budget.exhausted"
    RESERVATION_SETTLED = "reservation.settled"
    GRANT_REFUSED = "grant.refused"
    APPROVER_FORBIDDEN = "approver.forbidden"
    NOTICE_REFUSED = "notice.refused"
    HOUSE_UNAVAILABLE = "house.unavailable"
    HOUSE_FAULT = "house.fault"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code stands for: the status it is answered with, a fixed title, and what the caller can do about it."""

    status: int
    title: str
    advice: str


MEANINGS: Mapping[Code, Meaning] = {
    Code.REQUEST_INVALID: Meaning(422, "The request is not valid", "Correct each fault listed in errors."),
    Code.CURSOR_INVALID: Meaning(422, "The cursor continues another list, or none", "Begin again without a cursor."),
    Code.REQUEST_MALFORMED: Meaning(400, "The request cannot be read", "Send well-formed JSON as application/json."),
    Code.REQUEST_TOO_LARGE: Meaning(413, "The request body is too large", "Send at most 1 MiB."),
    Code.REQUEST_TOO_SLOW: Meaning(
        408, "The request body did not arrive in time", "Send it again on a new connection."
    ),
    Code.KEY_MISSING: Meaning(401, "An API key is needed", "Send the header Authorization: Bearer <key>."),
    Code.KEY_UNKNOWN: Meaning(401, "The API key is not valid", "Check the key; it may have been removed."),
    Code.SCOPE_MISSING: Meaning(403, "The API key may not do this", "Use a key whose role has the scope named."),
    Code.RATE_EXCEEDED: Meaning(429, "Too many requests", "Wait as long as Retry-After says."),
    Code.RESOURCE_MISSING: Meaning(404, "Not found", "Check the ids; a key sees only what belongs to it."),
    Code.RESOURCE_ERASED: Meaning(410, "Erased", "Nothing: its keys were destroyed, and nobody can read it any more."),
    Code.RESOURCE_UNREADABLE: Meaning(
        500, "It is damaged", "Tell the operator: its row must be restored. What lies beside it can be read."
    ),
    Code.RESOURCE_LOST: Meaning(
        410, "Unreadable", "Nobody erased it: its keys are lost. The operator restores the newest backup of the keys."
    ),
    Code.MESSAGE_UNSEALED: Meaning(409, "No ARC set may follow", "Pass it on as it was delivered."),
    Code.METHOD_UNSUPPORTED: Meaning(405, "The method is not supported here", "Use a method that Allow names."),
    Code.MEDIA_UNSUPPORTED: Meaning(
        415, "The body is of a type that is not read here", "Send application/json or application/yaml."
    ),
    Code.POLICY_INVALID: Meaning(422, "The policy is not valid", "Correct each fault listed in errors."),
    Code.POLICY_UNREADABLE: Meaning(
        409,
        "The policy in force cannot be read by this release",
        "Nothing was done, and all mail it speaks of is deferred: put another policy in force, or roll back to an"
        " earlier version.",
    ),
    Code.POLICY_OVERTAKEN: Meaning(
        412, "Another version is in force than you saw", "Read the policy again, and send yours with its new ETag."
    ),
    Code.PROPOSAL_SETTLED: Meaning(409, "Somebody ruled on it already", "Nothing: read it to see how it ended."),
    Code.PROPOSAL_CHANGED: Meaning(409, "It is not what you saw", "Read it again and send the digest it shows."),
    Code.PROPOSAL_OUTDATED: Meaning(
        409,
        "Another version is in force than it was compared with",
        "Nothing was put in force: send the policy again, so that it is compared anew.",
    ),
    Code.PROPOSAL_UNJUDGED: Meaning(
        409,
        "Its replay has not told what past mail would have become",
        "Wait until the proposal shows its replay as done, or send withoutReplay to approve it all the same.",
    ),
    Code.REPLAY_SHOWN: Meaning(
        409, "A proposal that waits shows this replay", "Rule on the proposal, or take it back, first."
    ),
    Code.WORKBENCH_BUSY: Meaning(429, "The workbench is busy with other drafts", "Try again after Retry-After."),
    Code.WORKBENCH_FULL: Meaning(
        429, "As many as may be at once are open already", "End one, or wait until one has ended."
    ),
    Code.WEBHOOK_INVALID: Meaning(422, "The webhook is not valid", "Register an absolute http or https URL."),
    Code.EXPORT_INVALID: Meaning(422, "The destination is not valid", "Correct what errors names."),
    Code.DESTINATION_CLOSED: Meaning(
        422,
        "Nothing may connect there",
        "Name a public host; where this address is meant, have the operator open it with egress.allow_private.",
    ),
    Code.HOLD_INVALID: Meaning(422, "The legal hold is not valid", "Correct what errors names."),
    Code.HOLD_BUSY: Meaning(409, "Something is just being removed", "Send it again: nothing was placed or released."),
    Code.ERASURE_HELD: Meaning(409, "A legal hold forbids it", "Release the hold that errors names, if it may be."),
    Code.REPLY_REFUSED: Meaning(422, "The gate refused to send this", "errors holds the reason code of the decision."),
    Code.SIGNATURE_INVALID: Meaning(403, "The signature does not fit", "Sign these octets, with a secret in force."),
    Code.AGENT_OVERTAKEN: Meaning(409, "The agent was set by somebody else just now", "Read it, and set it again."),
    Code.REPLY_TOO_MANY: Meaning(429, "Too much was sent", "Send it again as late as Retry-After says."),
    Code.KEY_REUSED: Meaning(
        422, "The Idempotency-Key stands for another text", "Use a new key for a new text, and a key again to repeat."
    ),
    Code.HOLD_SETTLED: Meaning(409, "It waits no longer", "Nothing: read the hold to see how it ended."),
    Code.HOLD_CHANGED: Meaning(409, "It is not what you saw", "Read the hold again and send the digest it shows."),
    Code.HOLD_NOT_NOW: Meaning(409, "A limit stands in its way", "It still waits: rule again later."),
    Code.PETITION_INVALID: Meaning(409, "There is nothing to ask for", "errors says why."),
    Code.PETITION_SETTLED: Meaning(409, "It waits no longer", "Nothing: read the petition to see how it ended."),
    Code.PETITION_CHANGED: Meaning(409, "It is not what you saw", "Read it again and send the digest it shows."),
    Code.BUDGET_EXHAUSTED: Meaning(409, "The token budget is exhausted", "Stop here; errors names the budget."),
    Code.RESERVATION_SETTLED: Meaning(409, "It was reported already", "Nothing: the first report counts."),
    Code.GRANT_REFUSED: Meaning(
        403,
        "That is not granted",
        "errors names the reason, the capability, and where a policy would have to grant it.",
    ),
    Code.APPROVER_FORBIDDEN: Meaning(
        403,
        "You may not rule on this",
        "Let a person rule who neither wrote nor proposed it; of a key made with --person it is known whose it is.",
    ),
    Code.NOTICE_REFUSED: Meaning(409, "This cannot be said now", "Read the notices again; errors holds the reason."),
    Code.HOUSE_UNAVAILABLE: Meaning(
        503, "The house is not available", "Nothing was done. Try again after Retry-After."
    ),
    Code.HOUSE_FAULT: Meaning(500, "The house made a mistake", "Tell the operator when it happened."),
}


class Problem(HTTPException):
    """A request ends here, with this code.

    Args:
        code: which of the closed list.
        detail: one sentence about this occurrence; the code's title stands for it when empty.
        errors: one sentence per fault, where there may be several.
        faults: the same in parts, of a policy.
        headers: sent with the answer.
    """

    def __init__(
        self,
        code: Code,
        detail: str = "",
        *,
        errors: Sequence[str] = (),
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(MEANINGS[code].status, detail or MEANINGS[code].title, dict(headers or {}))
        self.code = code
        self.errors = tuple(errors)
        self.faults = tuple(faults)


@contextmanager
def asked() -> Iterator[None]:
    """Answer 422 where a question about the record cannot be asked."""
    try:
        yield
    except QueryError as error:
        raise Problem(Code.REQUEST_INVALID, errors=[str(error)]) from error


def response(problem: Problem) -> JSONResponse:
    """Spell a problem as its HTTP answer."""
    body: dict[str, object] = {
        "type": f"{TYPE_PREFIX}{problem.code}",
        "title": MEANINGS[problem.code].title,
        "status": problem.status_code,
        "detail": problem.detail,
        "error": problem.detail,
    }
    if problem.errors:
        body["errors"] = [_spoken(text) for text in problem.errors[:_ERRORS_MAX]]
    if problem.faults:
        body["faults"] = [_parts(fault) for fault in problem.faults[:_ERRORS_MAX]]
    return JSONResponse(body, problem.status_code, problem.headers, MEDIA_TYPE)


def _parts(fault: Fault) -> dict[str, str | None]:
    near = None if fault.nearest is None else _spoken(fault.nearest)
    return {"path": _spoken(fault.path), "reason": _spoken(fault.reason), "nearest": near}


def _spoken(text: str) -> str:
    """Return ``text`` short enough, and without the lone surrogates a caller's own JSON may have put there."""
    return text[:_ERROR_MAX_CHARS].encode("utf-8", "replace").decode()


def overtaken() -> Problem:
    """Say that another version is in force than If-Match or If-None-Match let pass."""
    said = (
        "Another version is in force than the request's preconditions name; in If-Match a weak tag (W/) matches none."
    )
    return Problem(Code.POLICY_OVERTAKEN, said)


def missing(thing: str) -> Problem:
    """Say that ``thing`` is not there; the same words whether it belongs to somebody else or to nobody."""
    return Problem(Code.RESOURCE_MISSING, f"There is no such {thing}.")


def unavailable(errors: Sequence[str] = ()) -> Problem:
    """Say that a store the house stands on is away; ``errors`` are words of ours."""
    return Problem(Code.HOUSE_UNAVAILABLE, errors=errors, headers={"Retry-After": str(UNAVAILABLE_RETRY_S)})


def fault() -> Problem:
    """Say that we broke a promise; what happened is for our own log."""
    return Problem(Code.HOUSE_FAULT)
