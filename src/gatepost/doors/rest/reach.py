"""Whose policy is meant: a mailbox's, or, by the number 0, the tenant's above them all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatepost import decide
from gatepost.access.paper import Principal
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.doors.rest.auth import mailbox_of, within_reach
from gatepost.ids import AccountId
from gatepost.journey import House


@asynccontextmanager
async def policy_of(
    house: House, principal: Principal, mailbox_id: int
) -> AsyncIterator[tuple[Transaction, AccountId]]:
    """Open a transaction on a mailbox whose policy is meant; 0: the tenant's. Raises the 404 ``Problem``."""
    if mailbox_id != TENANT_WIDE:
        async with mailbox_of(house, principal, mailbox_id) as found:
            yield found
        return
    account = within_reach(principal, TENANT_WIDE)
    async with house.db.transaction(principal.tenant) as tx:
        yield tx, account


async def live_of(house: House, principal: Principal, mailbox_id: int) -> Stored | None:
    """Return the version in force there; raises the 404 ``Problem``."""
    async with policy_of(house, principal, mailbox_id) as (tx, account):
        return await decide.get_policy(tx, account)
