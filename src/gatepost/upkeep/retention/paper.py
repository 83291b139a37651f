"""Holds, and an erasure as the roll keeps it."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.ids import AccountId, TenantId
from gatepost.mail.address import Address


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold covers: one mailbox, one person outside the house, or, with neither, all of the tenant's."""

    account: AccountId | None = None
    person: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What must be kept, and why; ``subject`` is the name of the held person's keys."""

    id: str
    scope: Scope
    reason: str
    placed_at: datetime
    placed_by: str
    released_at: datetime | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A person's erasure as it is kept outside the database: which keys are destroyed, and nobody's name.

    Attributes:
        request: its id, which the log's entries bear.
        name: the keyed token that named the keys; without the tenant's key it says nothing.
        sender: the token under which the person's mail was counted.
        correspondent: the token under which the person was known as a correspondent; empty in rolls of before that.
        keys: the ids of the keys: what is sealed under these is to go, and nothing the person writes later.
    """

    tenant: TenantId
    request: str
    at: datetime
    actor: str
    name: str
    sender: str
    keys: tuple[int, ...]
    correspondent: str = ""
