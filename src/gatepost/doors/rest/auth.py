"""Who calls, and how far their key reaches.

Three answers, in this order: 401 without a valid key (RFC 6750 section 3), 403 where the key lacks the scope whatever
the ids are, 404 for everything that is not the key's to see: an id of another tenant reads exactly like one of nobody.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from gatepost import access
from gatepost.access.paper import Principal, Scope
from gatepost.db import Transaction
from gatepost.doors.limit import Limiter
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.ids import AccountId
from gatepost.journey import House

_KEY_MAX_CHARS = 256

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key of this house. Its scopes are listed with each operation that needs one.",
)


def house_of(request: Request) -> House:
    """Return the house this door belongs to."""
    return cast("House", request.app.state.house)


def limiter_of(request: Request) -> Limiter:
    """Return this door's limiter."""
    return cast("Limiter", request.app.state.limiter)


HouseDep = Annotated[House, Depends(house_of)]


async def admit(
    request: Request,
    house: HouseDep,
    limiter: Annotated[Limiter, Depends(limiter_of)],
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Return who calls, once key, rate and scopes are in order, and nothing is asked for that there is not.

    A filter that is misspelled would find everything: no name in a query is passed over.

    Raises:
        Problem: 401, 403, 422 or 429.
    """
    presented = None if credentials is None else credentials.credentials
    principal = await principal_of(house, limiter, presented, needed.scopes, note=partial(_note, request))
    if request.query_params:
        known = set(_asked_for(request.scope["route"].dependant))
        if strange := sorted(set(request.query_params) - known):
            raise Problem(
                Code.REQUEST_INVALID, errors=[f"query.{name}: there is no such parameter" for name in strange]
            )
    return principal


def _asked_for(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for beneath in dependant.dependencies:
        yield from _asked_for(beneath)


def _note(request: Request, principal: Principal) -> None:
    """Let the log name whose request it was, also one that is refused from here on."""
    request.state.key = principal.key


async def principal_of(
    house: House,
    limiter: Limiter,
    presented: str | None,
    scopes: Sequence[str],
    *,
    note: Callable[[Principal], None] = lambda _principal: None,
) -> Principal:
    """Return whose key was presented, once rate and scopes are in order; ``note`` hears of a key that is known.

    Raises:
        Problem: 401, 403 or 429.
    """
    if presented is None:
        raise Problem(Code.KEY_MISSING, headers={"WWW-Authenticate": 'Bearer realm="gatepost"'})
    is_plausible = 0 < len(presented) <= _KEY_MAX_CHARS and presented.isascii() and presented.isprintable()
    principal = await access.authenticate(house.db, presented) if is_plausible else None
    if principal is None:
        challenge = 'Bearer realm="gatepost", error="invalid_token"'
        raise Problem(Code.KEY_UNKNOWN, headers={"WWW-Authenticate": challenge})
    note(principal)
    if wait_s := limiter.take(principal.key, house.clock()):
        raise Problem(Code.RATE_EXCEEDED, headers={"Retry-After": str(wait_s)})
    if lacking := sorted(set(scopes) - principal.scopes):
        challenge = f'Bearer realm="gatepost", error="insufficient_scope", scope="{" ".join(scopes)}"'
        detail = f"The API key lacks the scope {', '.join(lacking)}."
        raise Problem(Code.SCOPE_MISSING, detail, headers={"WWW-Authenticate": challenge})
    return principal


Anybody = Annotated[Principal, Security(admit)]
PolicyReader = Annotated[Principal, Security(admit, scopes=[Scope.POLICY_READ.value])]
PolicyWriter = Annotated[Principal, Security(admit, scopes=[Scope.POLICY_WRITE.value])]
ReplayReader = Annotated[Principal, Security(admit, scopes=[Scope.POLICY_READ.value, Scope.AUDIT_READ.value])]
ReplayWriter = Annotated[Principal, Security(admit, scopes=[Scope.POLICY_WRITE.value, Scope.AUDIT_READ.value])]
WebhooksReader = Annotated[Principal, Security(admit, scopes=[Scope.WEBHOOKS_READ.value])]
WebhooksWriter = Annotated[Principal, Security(admit, scopes=[Scope.WEBHOOKS_WRITE.value])]
AuditReader = Annotated[Principal, Security(admit, scopes=[Scope.AUDIT_READ.value])]
LogReader = Annotated[Principal, Security(admit, scopes=[Scope.LOG_READ.value])]
ExportsWriter = Annotated[Principal, Security(admit, scopes=[Scope.EXPORTS_WRITE.value])]
RetentionWriter = Annotated[Principal, Security(admit, scopes=[Scope.RETENTION_WRITE.value])]
MailReader = Annotated[Principal, Security(admit, scopes=[Scope.MAIL_READ.value])]
Replier = Annotated[Principal, Security(admit, scopes=[Scope.MAIL_REPLY.value])]
Sender = Annotated[Principal, Security(admit, scopes=[Scope.MAIL_SEND.value])]
Bouncer = Annotated[Principal, Security(admit, scopes=[Scope.MAIL_BOUNCE.value])]
AgentsReader = Annotated[Principal, Security(admit, scopes=[Scope.AGENTS_READ.value])]
AgentsWriter = Annotated[Principal, Security(admit, scopes=[Scope.AGENTS_WRITE.value])]
ApprovalsWriter = Annotated[Principal, Security(admit, scopes=[Scope.APPROVALS_WRITE.value])]
PetitionsWriter = Annotated[Principal, Security(admit, scopes=[Scope.PETITIONS_WRITE.value])]
NoticesWriter = Annotated[Principal, Security(admit, scopes=[Scope.NOTICES_WRITE.value])]
UsageWriter = Annotated[Principal, Security(admit, scopes=[Scope.USAGE_WRITE.value])]


def within_reach(principal: Principal, mailbox_id: int) -> AccountId:
    """Return the account of that id if the key is not bound to another one; raises the 404 ``Problem``."""
    if principal.account not in {None, mailbox_id}:
        raise missing("mailbox")
    return AccountId(mailbox_id)


@asynccontextmanager
async def mailbox_of(
    house: House, principal: Principal, mailbox_id: int
) -> AsyncIterator[tuple[Transaction, AccountId]]:
    """Open a transaction of the caller's tenant on one of its accounts.

    Raises:
        Problem: 404; the account is not there, not this tenant's, or not the one the key is bound to.
    """
    account = within_reach(principal, mailbox_id)
    async with house.db.transaction(principal.tenant) as tx:
        if await access.account(tx, account) is None:
            raise missing("mailbox")
        yield tx, account
