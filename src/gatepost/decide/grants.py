"""What a message lets the agent do: a grant, and what a whole thread leaves of it (docs/adr/0034)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gatepost.db import Transaction
from gatepost.decide import capabilities, grant_store
from gatepost.decide.grant_store import Issued
from gatepost.decide.paper import Decided, TokenBudget
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId

LASTS = timedelta(days=30)
"""How long a grant counts after its message was let in."""


class Refusal(StrEnum):
    """Why a grant does not let an act happen: ``subject.fact``, stable for ever."""

    INVALID = "grant.invalid"
    MISSING = "grant.missing"
    EXPIRED = "grant.expired"
    REVOKED = "grant.revoked"
    OTHER_TENANT = "grant.other_tenant"
    OTHER_KEY = "grant.other_key"
    OTHER_MAILBOX = "grant.other_mailbox"
    OTHER_MESSAGE = "grant.other_message"
    OTHER_THREAD = "grant.other_thread"
    OTHER_SENDER = "grant.other_sender"
    OTHER_VERSION = "grant.other_version"
    NOT_GRANTED = "capability.not_granted"


class GrantError(Exception):
    """The act is not granted.

    Args:
        reason: why.
        wanted: the capability that was needed; empty where none was asked for.
        place: where a policy would have to grant it; empty where nothing is missing there.
    """

    def __init__(self, reason: Refusal, wanted: str = "", place: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.wanted = wanted
        self.place = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one message lets the agent do.

    Attributes:
        sender: the author's address key (``Address.key``).
        rule: the index of the rule that let the message in, from 0.
        capabilities: in their policy's words; what ``deliver`` implies is not among them.
        limits: how many tokens may be spent.
    """

    tenant: TenantId
    account: AccountId
    message: EmailId
    thread: ThreadId
    sender: str
    rule: int
    policy_version: int
    capabilities: tuple[str, ...]
    limits: TokenBudget
    issued_at: datetime
    expires_at: datetime

    def allows(self, capability: str) -> bool:
        """Return whether the capability is granted or implied; says nothing of expiry."""
        return capabilities.allows(self.capabilities, capability)


def effective(grants: Sequence[Grant]) -> Grant:
    """Return the last grant, narrowed by each of the others: the intersection of capabilities, the minimum of limits.

    Pass a thread's grants with the message that is worked on last: whatever else the agent reads in the thread was
    written by somebody, and what that one may not ask for, nobody in the thread may.
    """
    *others, own = grants
    for other in others:
        own = replace(
            own,
            capabilities=capabilities.common(own.capabilities, other.capabilities),
            limits=own.limits.tightened(other.limits),
        )
    return own


# At rest.


def issue_all(tx: Transaction, kept: Sequence[tuple[Decided, ThreadId]]) -> None:
    """Write the grants of messages that a rule let in, with the commit."""
    issued = []
    for decided, thread in kept:
        granted, author = decided.decision.grant, decided.verified.evidence.author
        if granted is None or author is None:
            continue
        at = decided.at
        issued.append(
            Issued(
                account=decided.arrived.account,
                email=decided.arrived.email,
                thread=thread,
                sender=author.key,
                rule=granted.rule_index,
                policy_version=decided.decision.policy_version,
                capabilities=granted.capabilities,
                budget=granted.budget,
                issued_at=at,
                expires_at=at + LASTS,
                subject=decided.verified.subject,
            )
        )
    if issued:
        grant_store.add(tx, issued)


async def of_thread(tx: Transaction, account: AccountId, message: EmailId, *, now: datetime) -> list[Grant]:
    """Return the grants that bind work on a message, its own as the last; a revoked one of its thread is empty.

    Raises:
        GrantError: it has none, or it has expired, or its policy was revoked.
    """
    rows = await grant_store.of_thread(tx, account, message)
    own = next((row for row in rows if row.email == message), None)
    if own is None:
        raise GrantError(Refusal.MISSING)
    if own.is_revoked:
        raise GrantError(Refusal.REVOKED)
    if own.expires_at <= now:
        raise GrantError(Refusal.EXPIRED)
    return [*(_of_row(tx.tenant, row) for row in rows if row.email != message), _of_row(tx.tenant, own)]


async def of_message(tx: Transaction, account: AccountId, message: EmailId, *, now: datetime) -> Grant:
    """Return what counts for a message now: its own grant, narrowed by its thread's; raises ``GrantError``."""
    return effective(await of_thread(tx, account, message, now=now))


async def revoke(tx: Transaction, account: AccountId, version: int, *, at: datetime, actor: KeyId) -> bool:
    """Revoke the grants of one policy version, for ever; False where they were revoked already."""
    return await grant_store.revoke(tx, account, version, at=at, actor=actor)


def _of_row(tenant: TenantId, row: Issued) -> Grant:
    return Grant(
        tenant=tenant,
        account=row.account,
        message=row.email,
        thread=row.thread,
        sender=row.sender,
        rule=row.rule,
        policy_version=row.policy_version,
        capabilities=() if row.is_revoked else row.capabilities,
        limits=row.budget,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
