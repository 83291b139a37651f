"""Who may enter and what they may do: tenants, people, agents and their keys."""

from gatepost.access.accounts import account, account_at, add_account, list_accounts, remove_account, set_sandboxed
from gatepost.access.keys import add_key, authenticate, list_keys, remove_key
from gatepost.access.paper import (
    ROLE_SCOPES,
    AccessError,
    Account,
    ApiKey,
    Person,
    Principal,
    Role,
    Scope,
    TakenError,
    Tenant,
)
from gatepost.access.people import add_person, list_people, person, remove_person
from gatepost.access.tenants import (
    add_tenant,
    change_plan,
    list_tenants,
    needs_second_person,
    new_tenant,
    remove_tenant,
    set_second_person,
    tenant,
    tenant_since,
)

__all__ = [
    "ROLE_SCOPES",
    "AccessError",
    "Account",
    "ApiKey",
    "Person",
    "Principal",
    "Role",
    "Scope",
    "TakenError",
    "Tenant",
    "account",
    "account_at",
    "add_account",
    "add_key",
    "add_person",
    "add_tenant",
    "authenticate",
    "change_plan",
    "list_accounts",
    "list_keys",
    "list_people",
    "list_tenants",
    "needs_second_person",
    "new_tenant",
    "person",
    "remove_account",
    "remove_key",
    "remove_person",
    "remove_tenant",
    "set_sandboxed",
    "set_second_person",
    "tenant",
    "tenant_since",
]
