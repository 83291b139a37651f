"""What we did, provably: one entry per decision and per consequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.decide.paper import Decided, Outcome
from gatepost.ids import AccountId, EmailId, EntryId, TenantId, ThreadId
from gatepost.keys import Drawn
from gatepost.record import search, store, word_store
from gatepost.record.canonical import UnrecordableError
from gatepost.record.connections import Counted, connections, keep_connections
from gatepost.record.entry import Draft, consequence_draft, decision_drafts
from gatepost.record.indexer import Indexer
from gatepost.record.paper import AuditRow, Consequence, DecisionRow, Kind, Recorded
from gatepost.record.refusals import count_refusal, settle_all
from gatepost.record.rows import audit_row, by_email, decision_row
from gatepost.record.search import QueryError, Sought
from gatepost.record.words import SETTLED
from gatepost.verify.paper import Verified

__all__ = [
    "AuditQuery",
    "AuditRow",
    "Consequence",
    "Counted",
    "Indexer",
    "Kind",
    "QueryError",
    "Recorded",
    "UnrecordableError",
    "append_all",
    "audit_rows",
    "connections",
    "count_refusal",
    "count_since",
    "decision_rows",
    "decisions_since",
    "draw_numbers",
    "fates",
    "keep_connections",
    "note",
    "note_all",
    "settle_all",
]

_DRAWN_OCTETS = 416  # salts of a decision's usual twelve values, and a name


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which rows: newest first, entries below ``before``."""

    account: AccountId
    limit: int
    before: EntryId | None = None
    email: EmailId | None = None
    thread: ThreadId | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    actor: str | None = None
    sender: str | None = None
    recipient: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def sought(self) -> Sought | None:
        """The question as all entries are asked it; None where the page of the mailbox answers it."""
        told = (self.thread, self.outcome, self.reason, self.actor, self.sender, self.recipient, self.text)
        if all(each is None for each in (*told, self.since, self.until)):
            return None
        return Sought(
            account=self.account,
            facts={
                SETTLED: "inbound",
                "message": self.email,
                "thread": self.thread,
                "outcome": self.outcome,
                "reason": self.reason,
                "actor": self.actor,
            },
            sender=self.sender,
            recipient=self.recipient,
            text=self.text,
            since=self.since,
            until=self.until,
        )


async def draw_numbers(tx: Transaction, verified: Sequence[Verified]) -> list[EntryId]:
    """Return the numbers of the entries that deciding on these messages will make: one per recipient."""
    return await store.draw_numbers(tx, sum(len(one.arrived.envelope.rcpt_to) for one in verified))


async def append_all(
    tx: Transaction,
    decided: Sequence[Decided],
    threads: Sequence[ThreadId | None],
    *,
    entropy: Entropy,
    numbers: Sequence[EntryId] = (),
) -> list[Recorded]:
    """Write the decisions' entries, one per recipient, with the transaction that carries them out.

    One statement, in the order given.

    Args:
        tx: the transaction.
        decided: the decisions.
        threads: where each message will lie, for the row and its filter; None for what is not kept.
        entropy: draws salts.
        numbers: what ``draw_numbers`` drew for them: nothing waits for PostgreSQL then. Without, they are drawn here.
    """
    drawn = Drawn(entropy, _DRAWN_OCTETS * len(decided))
    drafts: list[tuple[Draft, store.Columns]] = []
    for one, thread in zip(decided, threads, strict=True):
        columns = _columns(one, thread)
        drafts += [(draft, columns) for draft in decision_drafts(one, thread=thread, entropy=drawn)]
    entries = iter(await store.append(tx, drafts, numbers))
    return [
        Recorded(one, tuple(islice(entries, len(one.arrived.envelope.rcpt_to))), thread)
        for one, thread in zip(decided, threads, strict=True)
    ]


def _columns(decided: Decided, thread: ThreadId | None) -> store.Columns:
    arrived, decision = decided.arrived, decided.decision
    return store.Columns(
        account=arrived.account,
        email=arrived.email,
        thread=thread,
        in_reply_to=arrived.in_reply_to,
        direction=arrived.direction,
        disposition=decision.disposition,
        outcome=decision.outcome,
        reason=decision.reason,
    )


async def note(tx: Transaction, consequence: Consequence, *, entropy: Entropy) -> EntryId:
    """Write a consequence or an administrative act.

    Raises:
        UnrecordableError: its values are no JSON, or too many for a leaf.
    """
    return (await note_all(tx, [consequence], entropy=entropy))[0]


async def note_all(tx: Transaction, consequences: Sequence[Consequence], *, entropy: Entropy) -> list[EntryId]:
    """Write several, in one statement, in the order given.

    Raises:
        UnrecordableError: the values of one are no JSON, or too many for a leaf.
    """
    drafts = [
        (
            consequence_draft(tx.tenant, each, entropy=entropy),
            store.Columns(account=each.account, email=each.email, action=each.action),
        )
        for each in consequences
    ]
    tx.vault.meet(each.subject for each in consequences)
    return await store.append(tx, drafts) if drafts else []


async def fates(db: Database, tenant: TenantId, emails: Sequence[EmailId]) -> dict[EmailId, bool]:
    """Return of each that was decided whether that keeps its body: it was delivered, held or queued.

    Raises:
        DatabaseUnavailableError: the database does not answer.
    """
    async with db.transaction(tenant) as tx:
        return await store.fates(tx, emails)


async def _decisions(tx: Transaction, query: AuditQuery) -> list[store.Written]:
    if (sought := query.sought) is None:
        return await store.page(tx, query.account, limit=query.limit, before=query.before, email=query.email)
    after = None if query.before is None else await search.place_of_entry(tx, query.before)
    if query.before is not None and after is None:  # an empty page would read as the end
        raise QueryError("the cursor is no entry of this log: begin again without one")
    return [row.written for row in (await search.page(tx, sought, limit=query.limit, after=after)).rows]


async def audit_unindexed(tx: Transaction, query: AuditQuery) -> int:
    """Return how many entries are not indexed, where the index is asked; above 1,000 the rows may lack some of them."""
    return 0 if query.sought is None else await word_store.backlog(tx, search.UNINDEXED_MAX)


async def audit_rows(tx: Transaction, query: AuditQuery) -> list[AuditRow]:
    """Return inbound decisions joined with their consequences.

    Raises:
        QueryError: sender, recipient or text cannot be asked for, or they go on after an entry that there is not.

    Only settled ones: a hold has no row until it is released or refused, which is a decision of its own. Whatever
    names the email shows in each recipient's row.
    """
    found = await _decisions(tx, query)
    emails = sorted({EmailId(each.leaf["email"]) for each in found})
    followed = by_email(await store.consequences_of(tx, query.account, emails)) if emails else {}
    return [audit_row(each, followed.get(EmailId(each.leaf["email"]), ())) for each in found]


async def decision_rows(
    tx: Transaction, *, entry: EntryId | None = None, email: EmailId | None = None
) -> list[DecisionRow]:
    """Return the decision of that number, or those about that email, oldest first."""
    return [decision_row(each) for each in await store.decisions(tx, entry=entry, email=email)]


async def decisions_since(
    tx: Transaction, account: AccountId | None, *, since: datetime, after: EntryId, limit: int
) -> list[DecisionRow]:
    """Return decisions of mail received since then, of one account or all, oldest first, after an entry."""
    found = await store.decided_since(tx, account, since=since, after=after, limit=limit)
    return [decision_row(each) for each in found]


async def count_since(tx: Transaction, account: AccountId | None, since: datetime) -> int:
    """Return how many ``decisions_since`` there are in all."""
    return await store.count_since(tx, account, since)
