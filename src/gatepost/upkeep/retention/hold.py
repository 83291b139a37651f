"""Legal holds: what must be kept whatever a plan, a policy or a person says, and the reason, which is named."""

from collections.abc import Collection, Sequence
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
_ID_OCTETS = 10


class HoldError(ValueError):
    """A hold cannot be as asked, or forbids what was asked; the text says why and quotes no address."""


async def place_hold(keeper: Keeper, tenant: TenantId, scope: Scope, *, reason: str, actor: str) -> Hold:
    """Keep what the scope covers until the hold is released; months' keys of the tenant stay meanwhile.

    Raises:
        HoldError: no reason is named, or there is no such mailbox.
    """
    said = reason.strip()
    if not said or len(said) > REASON_MAX_CHARS or not said.isprintable():
        raise HoldError(f"name the reason for the hold, in 1 to {REASON_MAX_CHARS} printable characters")
    if scope.account is not None:
        async with keeper.db.transaction(tenant) as tx:
            if await access.account(tx, scope.account) is None:
                raise HoldError("there is no such mailbox")
    keys = keeper.own.keys
    hold = Hold(
        id=token("lh", keeper.entropy(_ID_OCTETS)),
        scope=scope,
        reason=said,
        placed_at=keeper.clock(),
        placed_by=actor,
        subject=None if scope.person is None else keys.subject_name(tenant, scope.person.key),
    )
    private: dict[str, Json] = {"reason": said}
    if scope.person is not None:
        private["person"] = str(scope.person)
    async with keeper.own.transaction(tenant) as tx:
        await store.insert_hold(tx, hold)
        await _note(tx, keeper, "hold.place", hold, actor, private)
    return hold


async def release_hold(keeper: Keeper, tenant: TenantId, identifier: str, *, actor: str) -> Hold:
    """End a hold: what is old enough goes with the next run.

    Raises:
        LookupError: no hold in force has this id.
    """
    async with keeper.own.transaction(tenant) as tx:
        rows = await store.holds(tx)
        found = [hold for hold in rows if hold.id == identifier]
        if found:
            await store.release_hold(tx, identifier, keeper.clock())
        else:  # whose row somebody took away: it stands until an entry releases it
            said = told(await store.told_holds(tx))
            found = [_as_said(said[each]) for each in lost(said, rows) if each == identifier]
        if not found:
            raise LookupError(identifier)
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
        subject="" if leaf["detail"]["scope"] == "person" else None,
    )


async def in_force(tx: Transaction) -> list[Hold]:
    """Return the holds in force, oldest first, before something is removed.

    Raises:
        HoldError: the log says that one is in force which the table does not have: nothing may be removed.
    """
    found = await store.holds(tx)
    if gone := lost(told(await store.told_holds(tx)), found):
        raise HoldError(
            f"the log says that the legal hold {gone[0]} is in force, and the table does not have it: nothing expires "
            "or is erased until it is back, or was released by `gatepost legal-hold release`"
        )
    return found


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
