"""Who may enter and what they may do: tenants, people, agents and their keys."""

from gatepost.access.paper import Account, ApiKey, Person, Principal, Role, Scope, Tenant
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId

__all__ = ["Account", "ApiKey", "Person", "Principal", "Role", "Scope", "Tenant", "account", "authenticate"]


async def authenticate(db: Database, presented: str) -> Principal | None:
    """Return who presents this key, or None. Takes the same time for every wrong key."""
    raise NotImplementedError


async def account(tx: Transaction, account_id: AccountId) -> Account | None:
    """Return an account of this tenant, or None."""
    raise NotImplementedError
