"""Tenants: customers, each on a plan. To make one, bind a transaction to its new id."""

from datetime import datetime

from gatepost.access import store
from gatepost.access.naming import plain_name
from gatepost.access.paper import TakenError, Tenant
from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import TenantId, token


def new_tenant(entropy: Entropy) -> TenantId:
    """Return an id that no tenant has."""
    return TenantId(token("tn", entropy(10)))


async def add_tenant(tx: Transaction, *, name: str, plan: str, at: datetime) -> Tenant:
    """Make the tenant this transaction is bound to.

    Raises:
        TakenError: it exists.
        AccessError: the name or the plan's name is no plain name.
    """
    made = Tenant(tx.tenant, plain_name("tenant's name", name), plain_name("plan's name", plan))
    if not await store.insert_tenant(tx, made.name, made.plan, at):
        raise TakenError("this tenant exists already")
    return made


async def change_plan(tx: Transaction, plan: str) -> str | None:
    """Put this tenant on another plan; return the one it was on, or None where there is no such tenant.

    Raises:
        AccessError: the plan's name is no plain name.
    """
    found = await store.tenant(tx)
    if found is None:
        return None
    await store.change_plan(tx, plain_name("plan's name", plan))
    return found.plan


async def needs_second_person(tx: Transaction) -> bool:
    """Tell whether a policy of this tenant that may let in more needs a second person."""
    return await store.needs_second_person(tx)


async def set_second_person(tx: Transaction, *, is_needed: bool) -> bool:
    """Say whether it does; False where that was said already."""
    return await store.set_second_person(tx, is_needed=is_needed)


async def tenant(tx: Transaction) -> Tenant | None:
    """Return the tenant this transaction is bound to, or None."""
    return await store.tenant(tx)


async def tenant_since(tx: Transaction) -> datetime | None:
    """Return since when the tenant this transaction is bound to is here, or None."""
    return await store.tenant_since(tx)


async def list_tenants(db: Database, *, must_open: bool = True) -> tuple[Tenant, ...]:
    """Return every tenant of the house, oldest first.

    Args:
        db: where they are.
        must_open: False where a tenant whose key was changed, so that its name does not open, goes by its id.

    Raises:
        KeyringError: a name does not open, and must.
    """
    return await store.every_tenant(db, must_open=must_open)


async def list_former(db: Database) -> tuple[Tenant, ...]:
    """Return every tenant that was removed, with the plan it was on last: its record is still here."""
    return await store.former_tenants(db)


async def list_recorded(db: Database) -> tuple[Tenant, ...]:
    """Return whoever has a record: tenants, and those that were removed."""
    return (*await list_tenants(db), *await list_former(db))


async def remove_tenant(tx: Transaction, *, at: datetime) -> bool:
    """Forget this tenant with its keys, people and accounts; False where there is none.

    Its domains, mail and record belong to other rooms: give them up first. The record stays, and is kept by the plan.
    """
    return await store.delete_tenant(tx, at)
