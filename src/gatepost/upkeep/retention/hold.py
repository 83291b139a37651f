"""Legal holds: what must be kept whatever a plan, a policy or a person says, and the reason, which is named."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from gatepost import access, record
from gatepost.db import Transaction
from gatepost.ids import AccountId, TenantId, token
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.upkeep.retention import store
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.paper import Hold, Scope
from gatepost.upkeep.retention.standing import Told, lost, told

REASON_MAX_CHARS = 500
WAIT_S = 30
"""How long whoever places a hold waits for what is just being removed: one batch, as a rule a second or two."""
_ID_OCTETS = 10


class HoldError(ValueError):
    """A hold cannot be as asked, or forbids what was asked; the text says why and quotes no address."""


class HoldBusyError(Exception):
    """Something of the tenant is just being removed, and takes long; nothing was placed or released."""

    def __init__(self) -> None:
        super().__init__(f"a removal that was under way did not end a batch within {WAIT_S} s: do it again")


@asynccontextmanager
async def removing(keeper: Keeper, tenant: TenantId) -> AsyncIterator[tuple[Transaction, list[Hold]]]:
    """Yield the one transaction in which something may be removed now, and the holds in force until it ends.

    Rows, the octets outside the database that go before them, and keys: while one of these may go, no hold is placed
    or released, so what a hold covers stays from the moment it was answered (docs/adr/0134). The holds are read by
    another connection: a transaction that opened seals cannot end once it destroyed keys.

    Raises:
        HoldError: the log says that a hold is in force which the table does not have.
        DatabaseUnavailableError: the database does not answer.
    """
    async with keeper.own.transaction(tenant) as tx:
        await store.lock(tx)
        async with keeper.db.transaction(tenant) as reading:
            held = await in_force(reading)
        yield tx, held


@asynccontextmanager
async def _settling(keeper: Keeper, tenant: TenantId) -> AsyncIterator[Transaction]:
    """Yield a transaction in which a hold may be placed or released: nothing is being removed.

    Raises:
        HoldBusyError: that took too long.
    """
    async with keeper.own.transaction(tenant) as tx:
        if not await store.lock(tx, WAIT_S):
            raise HoldBusyError
        yield tx


async def place_hold(keeper: Keeper, tenant: TenantId, scope: Scope, *, reason: str, actor: str) -> Hold:
    """Keep what the scope covers until the hold is released; months' keys of the tenant stay meanwhile.

    What is there once this returns is removed no more, also where an expiry or an erasure is under way.

    Raises:
        HoldError: no reason is named, or there is no such mailbox.
        HoldBusyError: a batch that is being removed does not end.
    """
    said = reason.strip()
    if not said or len(said) > REASON_MAX_CHARS or not said.isprintable():
        raise HoldError(f"name the reason for the hold, in 1 to {REASON_MAX_CHARS} printable characters")
    if scope.account is not None:
        async with keeper.db.transaction(tenant) as tx:
            if await access.account(tx, scope.account) is None:
                raise HoldError("there is no such mailbox")
    keys = keeper.own.keys
    private: dict[str, Json] = {"reason": said}
    if scope.person is not None:
        private["person"] = str(scope.person)
    async with _settling(keeper, tenant) as tx:
        hold = Hold(
            id=token("lh", keeper.entropy(_ID_OCTETS)),
            scope=scope,
            reason=said,
            placed_at=keeper.clock(),  # of now, not of before the wait: an erasure asked for meanwhile is older
            placed_by=actor,
            subject=None if scope.person is None else keys.subject_name(tenant, scope.person.key),
        )
        await store.insert_hold(tx, hold)
        await _note(tx, keeper, "hold.place", hold, actor, private)
    return hold


async def release_hold(keeper: Keeper, tenant: TenantId, identifier: str, *, actor: str) -> Hold:
    """End a hold: what is old enough goes with the next run.

    Raises:
        LookupError: no hold in force has this id.
        HoldBusyError: a batch that is being removed does not end.
    """
    async with _settling(keeper, tenant) as tx:
        seen = await store.ledger(tx)
        found = [hold for hold in seen.in_force if hold.id == identifier]
        if not found:  # whose row somebody changed or took away: it stands until an entry releases it
            said = told(seen.leaves)
            found = [_as_said(said[each]) for each in lost(said, seen.in_force) if each == identifier]
        if not found:
            raise LookupError(identifier)
        await store.release_hold(tx, identifier, keeper.clock())
        await store.begin_anew(tx)
        await _note(tx, keeper, "hold.release", found[0], actor, {})
    return found[0]


def _as_said(leaves: Told) -> Hold:
    """Return what is known of a hold that has no row."""
    leaf = leaves.placed or {}
    account = None if leaf["account"] is None else AccountId(leaf["account"])
    return Hold(
        id=leaf["object_ref"],
        scope=Scope(account=account),
        reason="",
        placed_at=datetime.fromisoformat(leaf["ts"]),
        placed_by=leaf["actor_ref"],
        subject="" if leaf["detail"].get("scope") == "person" else None,
    )


async def in_force(tx: Transaction) -> list[Hold]:
    """Return the holds in force, oldest first, as table and log say at one moment.

    Raises:
        HoldError: the log says that one is in force which the table does not have: nothing may be removed.
    """
    seen = await store.ledger(tx)
    if seen.illegible:
        raise HoldError(
            f"entry {seen.illegible[0]} is about a legal hold, and the tables do not say any more which: nothing "
            "expires or is erased until it is as the log has it"
        )
    if gone := lost(told(seen.leaves), seen.in_force):
        raise HoldError(
            f"the log says that the legal hold {gone[0]} is in force, and the table does not have it: nothing expires "
            "or is erased until it is back, or was released by `gatepost legal-hold release`"
        )
    return seen.in_force


async def is_any_in_force(tx: Transaction) -> bool:
    """Tell whether something must be kept: a hold of the tenant is in force, or the log says so against the table."""
    try:
        return bool(await in_force(tx))
    except HoldError:
        return True


async def _note(tx: Transaction, keeper: Keeper, action: str, hold: Hold, actor: str, private: dict[str, Json]) -> None:
    scope = "person" if hold.subject is not None else "mailbox" if hold.scope.account is not None else "tenant"
    act = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=actor,
        at=keeper.clock(),
        account=hold.scope.account,
        object_ref=hold.id,
        public={"scope": scope},
        private=private,
        subject=None if hold.scope.person is None else hold.scope.person.key,
    )
    await record.note(tx, act, entropy=keeper.entropy)


async def holds(keeper: Keeper, tenant: TenantId, *, released: bool = False) -> list[Hold]:
    """Return the holds in force, or with ``released`` all there ever were, oldest first."""
    async with keeper.db.transaction(tenant) as tx:
        return await store.holds(tx, released=released)


def covers_all(held: Sequence[Hold]) -> bool:
    """Tell whether one of the holds covers everything of the tenant."""
    return any(hold.scope == Scope() for hold in held)


def forbidding(held: Sequence[Hold], subject: str, accounts: Collection[AccountId]) -> Hold | None:
    """Return a hold that forbids to erase a person with mail in these mailboxes, or None."""
    for hold in held:
        if hold.scope == Scope() or hold.subject == subject or hold.scope.account in accounts:
            return hold
    return None
