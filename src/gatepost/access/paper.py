"""Who may enter, and what they may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatepost.ids import AccountId, KeyId, PersonId, TenantId
from gatepost.mail.address import Address

HOUSE_PLAN = "house"
"""The plan of tenants that are the house's own, such as the canaries': nobody means them who names no tenant."""


class Role(StrEnum):
    """What somebody is to a tenant."""

    OWNER = "owner"
    APPROVER = "approver"
    AUDITOR = "auditor"
    AGENT = "agent"


class Scope(StrEnum):
    """One thing a key may do."""

    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    LOG_READ = "log:read"
    EXPORTS_WRITE = "exports:write"
    RETENTION_WRITE = "retention:write"
    MAIL_READ = "mail:read"
    MAIL_REPLY = "mail:reply"
    MAIL_SEND = "mail:send"
    MAIL_BOUNCE = "mail:bounce"
    USAGE_WRITE = "usage:write"
    PETITIONS_WRITE = "petitions:write"
    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    APPROVALS_WRITE = "approvals:write"
    NOTICES_WRITE = "notices:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"


ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.APPROVER: frozenset(
        {
            Scope.POLICY_READ,
            Scope.AUDIT_READ,
            Scope.LOG_READ,
            Scope.MAIL_READ,
            Scope.AGENTS_READ,
            Scope.APPROVALS_WRITE,
        }
    ),
    Role.AUDITOR: frozenset(
        {Scope.POLICY_READ, Scope.WEBHOOKS_READ, Scope.AUDIT_READ, Scope.LOG_READ, Scope.AGENTS_READ}
    ),
    Role.AGENT: frozenset(
        {
            Scope.MAIL_READ,
            Scope.MAIL_REPLY,
            Scope.MAIL_SEND,
            Scope.MAIL_BOUNCE,
            Scope.USAGE_WRITE,
            Scope.PETITIONS_WRITE,
        }
    ),
}
"""A key's scopes are a subset of its role's; nobody widens their own."""

PEOPLE_ROLES = frozenset(Role) - {Role.AGENT}
"""What a human may be: an agent is a program."""


class AccessError(ValueError):
    """What was asked for cannot be granted; the text says why and quotes no address."""


class TakenError(AccessError):
    """Somebody or something of that name is there already."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever presented a valid key. ``account`` limits an agent's key to one account; None means all of the tenant."""

    key: KeyId
    tenant: TenantId
    role: Role
    scopes: frozenset[Scope]
    account: AccountId | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer and the plan it is on."""

    id: TenantId
    name: str
    plan: str


@dataclass(frozen=True, slots=True)
class Account:
    """An owner of mail, with its primary address. In its sandbox, whatever it sends waits for a person."""

    id: AccountId
    tenant: TenantId
    address: Address
    is_postmaster: bool = False
    is_sandboxed: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A human of a tenant."""

    id: PersonId
    tenant: TenantId
    address: Address
    role: Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown: never its secret. ``person``: whose it is; None where nobody said."""

    id: KeyId
    tenant: TenantId
    role: Role
    scopes: frozenset[Scope]
    account: AccountId | None
    label: str
    created_at: datetime
    person: PersonId | None = None
