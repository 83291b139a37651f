"""What we did, provably: one entry per decision and per consequence."""

from dataclasses import dataclass

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide.paper import Decided, Outcome
from gatepost.ids import AccountId, EmailId, EntryId, ThreadId
from gatepost.record.paper import AuditRow, Consequence, Kind, Recorded

__all__ = ["AuditQuery", "AuditRow", "Consequence", "Kind", "Recorded", "append", "audit_rows", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which rows: newest first, entries below ``before``."""

    account: AccountId
    limit: int
    before: EntryId | None = None
    email: EmailId | None = None
    thread: ThreadId | None = None
    outcome: Outcome | None = None


async def append(tx: Transaction, decided: Decided, *, entropy: Entropy) -> Recorded:
    """Write the decision's entries, one per recipient, with the transaction that carries it out."""
    raise NotImplementedError


async def note(tx: Transaction, consequence: Consequence, *, entropy: Entropy) -> EntryId:
    """Write a consequence or an administrative act."""
    raise NotImplementedError


async def audit_rows(tx: Transaction, query: AuditQuery) -> list[AuditRow]:
    """Return inbound decisions joined with their consequences."""
    raise NotImplementedError
