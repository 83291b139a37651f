"""Accounts: the owners of mail."""

from datetime import datetime

from gatepost.access import store
from gatepost.access.paper import Account, TakenError
from gatepost.db import Transaction
from gatepost.ids import AccountId
from gatepost.mail.address import Address


async def add_account(tx: Transaction, address: Address, *, at: datetime, is_postmaster: bool = False) -> Account:
    """Make an account. Mail finds it only once ``domains`` has a route to it.

    Raises:
        TakenError: an account of this tenant has the address, however its letters are cased.
    """
    made = await store.insert_account(tx, address, is_postmaster=is_postmaster, at=at)
    if made is None:
        raise TakenError("an account of this tenant has that address already")
    return Account(made, tx.tenant, address, is_postmaster)


async def account(tx: Transaction, account_id: AccountId) -> Account | None:
    """Return an account of this tenant, or None."""
    return await store.account(tx, account_id)


async def account_at(tx: Transaction, address: Address) -> Account | None:
    """Return the account of this tenant that has ``address``, or None."""
    return await store.account_at(tx, address)


async def list_accounts(tx: Transaction) -> tuple[Account, ...]:
    """Return this tenant's accounts, oldest first."""
    return await store.accounts(tx)


async def set_sandboxed(tx: Transaction, account_id: AccountId, *, is_sandboxed: bool) -> bool:
    """Put an account into its sandbox, or let it out; False where there is none."""
    return await store.set_sandboxed(tx, account_id, is_sandboxed=is_sandboxed)


async def remove_account(tx: Transaction, account_id: AccountId) -> bool:
    """Forget an account and the keys bound to it; False where there is none. Its id is never given again."""
    return await store.delete_account(tx, account_id)
