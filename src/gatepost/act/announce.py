"""From what was carried out to the events it makes, written with the transaction that carried it out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from gatepost import deliver, mailbox
from gatepost.act import store
from gatepost.act.bell import Bell
from gatepost.act.paper import Event, EventKind, Fresh, Word, event_id
from gatepost.arrive.paper import Direction
from gatepost.db import Later, Transaction
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused, State, Submission
from gatepost.ids import AccountId, EventId
from gatepost.mailbox.paper import Email


@dataclass(frozen=True, slots=True)
class Announced:
    """What one transaction announced: the events by id, with what each is about, and what was promised of them."""

    events: Mapping[EventId, tuple[Event, CarriedOut]]
    promised: Later | None = None

    def fresh(self) -> list[Fresh]:
        """Return what is promised to endpoints that this process tells; to be asked after the commit."""
        if self.promised is None:
            return []
        return store.fresh(self.promised, {each: event for each, (event, _) in self.events.items()})

    def email(self, event: EventId) -> Email | None:
        """Return the message an event tells of, as it was kept; None for an event without its words."""
        _, done = self.events[event]
        return deliver.email_from(done.recorded, done.outcome.thread) if isinstance(done.outcome, Kept) else None


def announce(
    tx: Transaction, done: Sequence[CarriedOut], bell: Bell[Announced], *, listening: Collection[AccountId]
) -> Announced:
    """Write an event for each message, and a telling for each endpoint that asked for it: none where nobody listens.

    Args:
        tx: what they happen in.
        done: what was carried out.
        bell: what the result is for, once the transaction is over.
        listening: the accounts somebody listens to, asked in this transaction; who comes later hears of later mail.
    """
    heard = [one for one in done if one.recorded.arrived.account in listening]
    events = {event.id: (event, one) for one in heard if (event := _event_of(one)) is not None}
    if not events:
        return Announced({})
    hint = bell.may_ring()
    return Announced(events, store.announce(tx, [event for event, _ in events.values()], hint=hint, holder=bell.herald))


async def announce_settled(tx: Transaction, submission: Submission, state: State, at: datetime) -> None:
    """Write the event of a submission that was accepted by the remote, or given up."""
    if state not in {State.SENT, State.FAILED}:
        return
    kind = EventKind.SENT if state is State.SENT else EventKind.BOUNCED
    parent = await mailbox.find(tx, submission.answers)
    detail: dict[str, Word] = {"submission_id": submission.id, "in_reply_to": submission.answers}
    if parent is not None:
        detail["thread_id"] = parent.thread
    event = Event(
        id=event_id(kind, submission.id),
        account=submission.account,
        kind=kind,
        email=submission.email,
        lane=parent.thread if parent else submission.id,
        at=at,
        ref=submission.id,
        detail=detail,
    )
    store.announce(tx, [event], hint=True)


def _event_of(done: CarriedOut) -> Event | None:
    arrived, decision = done.recorded.arrived, done.recorded.decision
    if arrived.direction is not Direction.INBOUND or arrived.is_postmaster:
        return None
    kind, lane, detail = EventKind.RECEIVED, str(arrived.email), dict[str, Word]()
    match done.outcome:
        case Kept(thread=thread):
            lane = thread
        case Held():
            kind, detail = EventKind.HELD, {"reason": decision.reason.value}
        case Refused():
            detail = {"reason": decision.reason.value, "outcome": decision.outcome.value}
            kind = EventKind.REJECTED
        case Queued():
            return None
        case _:
            assert_never(done.outcome)
    return Event(
        id=event_id(kind, arrived.email),
        account=arrived.account,
        kind=kind,
        email=arrived.email,
        lane=lane,
        at=arrived.received_at,
        detail=detail,
    )
