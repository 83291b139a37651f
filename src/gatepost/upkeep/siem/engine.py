"""The one engine behind every destination: what is next, what became of it, and when to go on.

The sequenced log is the outbox: a destination holds no copy of an entry but only how far it is, so exporting costs the
accept path nothing, and nothing of a person lies in a queue. An entry is sent at least once, in the order of the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from gatepost import record
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, DatabaseUnavailableError, Transaction
from gatepost.egress import Egress
from gatepost.ids import ExportId, TenantId
from gatepost.jobs.pause import pause
from gatepost.keys import KeyringError
from gatepost.ledger.errors import LedgerError
from gatepost.record import export
from gatepost.record.paper import Consequence, Json
from gatepost.record.paper import Kind as EntryKind
from gatepost.upkeep.siem import batches, store
from gatepost.upkeep.siem.delivery import SLOW_S, Delivery, Outcome
from gatepost.upkeep.siem.event import event_of
from gatepost.upkeep.siem.paper import Destination, Event, Run, Status
from gatepost.upkeep.siem.road import road

POLL_S = 1.0
"""How long a destination that has everything waits for more."""

LEASE_S = 90.0
TURN_EVENTS = 1000
TURNS_MAX = 50
"""Turns before a destination gives the others their chance."""

TURNS_UNCONFIRMED_MAX = 16
"""Turns' events that may be on their way to a receiver that confirms later; it is asked every ten seconds."""

AT_ONCE, AT_ONCE_EACH = 64, 4
"""How many destinations are served at once, and how many of one tenant: silent ones leave room for other tenants'."""

DEAD_MAX = 50
"""Events refused in a row, in however many turns, after which something else must be wrong than the events."""

ALL_REFUSED = "events.all_refused"

log = structlog.get_logger()

Sleep = Callable[[float], Awaitable[None]]


class Means(Protocol):
    """The part of the house that exporting stands on."""

    @property
    def db(self) -> Database:
        """Where the log lies, and how far each destination is."""

    @property
    def egress(self) -> Egress:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """Tells when."""

    @property
    def entropy(self) -> Entropy:
        """Spreads the times of new attempts."""


class TurnOverError(Exception):
    """A destination was changed, sent back or removed while events were on their way to it."""


@dataclass(slots=True)
class _Served:
    """A destination that is being served; ``turn``: the newest that was begun."""

    tenant: TenantId
    task: asyncio.Task[None]
    turn: int


class Exporter:
    """One per house is enough; several do no harm: a destination is claimed before it is served.

    Args:
        house: what exporting stands on.
        sleep: waits.
        turn_events: how many events are read and sent in one turn.
    """

    def __init__(self, house: Means, sleep: Sleep = asyncio.sleep, *, turn_events: int = TURN_EVENTS) -> None:
        self._house = house
        self._sleep = sleep
        self._turn_events = turn_events
        self._serving: dict[ExportId, _Served] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Export until ``stop`` is set; what is not settled then is sent again."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                with suppress(DatabaseUnavailableError):
                    self._begin(group, await store.due(self._house.db, self._house.clock()))
                await pause(stop, POLL_S)
            for served in self._serving.values():
                served.task.cancel()

    async def round(self) -> None:
        """Serve the destinations that are due, and return when each has been."""
        due = await store.due(self._house.db, self._house.clock())  # outside the group: its error stays what it is
        async with asyncio.TaskGroup() as group:
            self._begin(group, due)

    def _begin(self, group: asyncio.TaskGroup, due: Iterable[store.Due]) -> None:
        """Serve what is due, each by itself: none waits until another's receiver has answered."""
        for each in due:
            served = self._serving.get(each.id)
            if served is not None:
                if each.turn > served.turn:  # somebody has changed it, or has sent it back
                    served.task.cancel()
                continue
            of_tenant = sum(other.tenant == each.tenant for other in self._serving.values())
            if len(self._serving) < AT_ONCE and of_tenant < AT_ONCE_EACH:
                task = group.create_task(self._try(each.tenant, each.id))
                self._serving[each.id] = _Served(each.tenant, task, each.turn)
                task.add_done_callback(partial(self._end, each.id))

    def _end(self, identifier: ExportId, _: asyncio.Task[None]) -> None:
        del self._serving[identifier]

    async def _try(self, tenant: TenantId, identifier: ExportId) -> None:
        """Serve one destination; trouble with its log or its keys delays it alone."""
        try:
            await self._serve(tenant, identifier)
        except (DatabaseUnavailableError, KeyringError, LedgerError) as error:  # the claim runs out by itself
            log.warning("export.delayed", tenant=tenant, export=identifier, error=type(error).__name__)

    async def _serve(self, tenant: TenantId, identifier: ExportId) -> None:
        """Send what is next until all is sent, a turn fails, or others have waited long enough."""
        for _ in range(TURNS_MAX):
            now = self._house.clock()
            async with self._house.db.transaction(tenant) as tx:
                claimed = await store.claim(tx, identifier, now, now + timedelta(seconds=LEASE_S))
            if claimed is None:
                return
            self._serving[identifier].turn = claimed.turn
            if not await self._turn(tenant, claimed):
                return

    async def probe(self, tenant: TenantId, to: Destination) -> str:
        """Send the newest entry once more, as the test button does; return why it was not taken, or nothing.

        A real entry under its own id: nothing invented reaches the receiver, and a repetition is known by its hash.
        """
        async with self._house.db.transaction(tenant) as tx:
            size = await _size(tx)
            events = await _events(tx, tenant, [max(size - 1, 0)], to, size)
        if not events:
            return "log.empty"
        outcome = await self._deliver(tenant, to, events, (), turn=None, is_last=True)
        return outcome.stop or outcome.reason or next(iter(outcome.dead.values()), "")

    async def _turn(self, tenant: TenantId, at: Status) -> bool:
        """Send the next events, or letters that are to be tried again; return whether to go on at once."""
        to = at.destination
        async with self._house.db.transaction(tenant) as tx:
            due = [letter.leaf_index for letter in await store.letters(tx, to.id, limit=self._turn_events, is_due=True)]
            events = await _events(tx, tenant, due, to, await _size(tx))
        if not due:
            events = await self._from(tenant, to, at.next_index)
        if not events:
            await self._rest(tenant, at, POLL_S, at.reason if at.letters else "", failures=0)
            return False
        try:
            outcome = await self._deliver(tenant, to, events, at.ahead, turn=at.turn, is_last=bool(due))
        except TurnOverError:
            return False
        return await self._settle(tenant, at, outcome, is_replay=bool(due))

    async def _settle(self, tenant: TenantId, at: Status, outcome: Outcome, *, is_replay: bool) -> bool:
        identifier = at.destination.id
        now = self._house.clock()
        ahead = [run for run in at.ahead if run.ack is None] if is_replay else outcome.ahead
        is_refused = bool(outcome.dead) and not outcome.taken
        async with self._house.db.transaction(tenant) as tx:
            if not await store.holds(tx, identifier, at.turn):
                return False
            if is_refused and not is_replay and await _is_refusing(tx, at, outcome.dead):
                outcome = Outcome(at.next_index, stop=ALL_REFUSED)
            if is_replay:
                await store.remove_letters(tx, identifier, outcome.taken)
                await store.add_letters(tx, identifier, outcome.dead, now)
            elif outcome.reached > at.next_index:
                await store.advance(tx, identifier, after=outcome.reached, dead=outcome.dead, at=now)
            if outcome.alert:
                await store.warn(tx, identifier, outcome.alert, outcome.rejected)
            if outcome.stop:
                await store.stop(tx, identifier, outcome.stop)
                await note(tx, self._house, "export.stopped", identifier, now, "house", {"reason": outcome.stop})
        _tell(tenant, identifier, outcome)
        if outcome.stop:
            return False
        if outcome.is_behind:
            failures = at.failures + 1 if not outcome.taken else 1
            pause_s = max(outcome.wait_s, batches.wait_s(failures, self._chance()))
            await self._rest(tenant, at, pause_s, outcome.reason, failures=failures, ahead=ahead)
            return False
        reason = outcome.dead[max(outcome.dead)] if is_refused and not outcome.reason else outcome.reason
        await self._rest(tenant, at, SLOW_S if outcome.is_slow else 0, reason, failures=0, ahead=ahead)
        return not outcome.is_slow

    async def _rest(
        self, tenant: TenantId, at: Status, pause_s: float, reason: str, *, failures: int, ahead: Sequence[Run] = ()
    ) -> None:
        until = self._house.clock() + timedelta(seconds=pause_s)
        async with self._house.db.transaction(tenant) as tx:
            if await store.holds(tx, at.destination.id, at.turn):
                await store.rest(tx, at.destination.id, until=until, reason=reason, failures=failures, ahead=ahead)

    async def _deliver(
        self,
        tenant: TenantId,
        to: Destination,
        events: Sequence[Event],
        ahead: Sequence[Run],
        *,
        turn: int | None,
        is_last: bool,
    ) -> Outcome:
        """Send events in order, and more of the log while these wait to be confirmed.

        Args:
            tenant: whose.
            to: where.
            events: at least one, in the order of the log.
            ahead: what was sent beyond the cursor: confirmed, or by a process that ended.
            turn: whose claim this is; None for a test, which holds none and is over soon.
            is_last: nothing follows these.

        Raises:
            TurnOverError: the claim was taken away.
        """
        is_patient = turn is not None

        async def keep() -> None:
            if turn is not None:
                await self._keep(tenant, to.id, turn, delivery.ahead)

        async def pause(seconds: float) -> None:
            await keep()
            if seconds:
                await self._sleep(seconds)
                await keep()

        try:
            ready = road(self._house.egress, tenant, to, is_test=not is_patient)
        except ValueError:
            return Outcome(events[0].leaf_index, stop="place.unusable")
        delivery = Delivery(ready, pause, self._chance, is_patient=is_patient)
        delivery.know(ahead)
        is_asked = not is_last and any(run.ack is not None for run in ahead)
        # Where something waits, the number that the receiver gives the first tells whether it knows the rest.
        await delivery.send(events[:1] if is_asked else events)
        if is_asked:
            delivery.take_up(ahead)
        for _ in range(0 if is_last else TURNS_UNCONFIRMED_MAX - 1):
            start = delivery.next_index
            more = [] if start is None else await self._from(tenant, to, start)
            if not more:
                break
            await delivery.send(more)
        return await delivery.finish()

    async def _from(self, tenant: TenantId, to: Destination, start: int) -> list[Event]:
        """Return a turn's events from a place on."""
        async with self._house.db.transaction(tenant) as tx:
            size = await _size(tx)
            return await _events(tx, tenant, range(start, min(start + self._turn_events, size)), to, size)

    async def _keep(self, tenant: TenantId, identifier: ExportId, turn: int, ahead: Sequence[Run]) -> None:
        until = self._house.clock() + timedelta(seconds=LEASE_S)
        async with self._house.db.transaction(tenant) as tx:
            if not await store.renew(tx, identifier, turn, until, ahead):
                raise TurnOverError

    def _chance(self) -> float:
        return self._house.entropy(1)[0] / 256


def _tell(tenant: TenantId, identifier: ExportId, outcome: Outcome) -> None:
    if outcome.stop or outcome.alert or outcome.dead or outcome.is_behind:
        log.warning(
            "export.trouble",
            tenant=tenant,
            export=identifier,
            stopped=outcome.stop,
            alert=outcome.alert,
            reason=outcome.reason,
            dead=len(outcome.dead),
            rejected=outcome.rejected,
        )


async def _is_refusing(tx: Transaction, at: Status, dead: Collection[int]) -> bool:
    """Tell whether refused events and the letters right before them make a row of ``DEAD_MAX`` nobody tolerates."""
    count = sum(place >= at.tolerated_to for place in dead)
    before = max(DEAD_MAX - count, 0)
    first = max(at.next_index, at.tolerated_to)
    if not count or (before and first - before < at.tolerated_to):
        return False
    return await store.count_letters(tx, at.destination.id, first - before, first) == before


async def _size(tx: Transaction) -> int:
    """Return how many entries a signed checkpoint covers: only those leave the house."""
    found = await export.head(tx)
    return 0 if found is None else found.size


async def _events(tx: Transaction, tenant: TenantId, wanted: Iterable[int], to: Destination, size: int) -> list[Event]:
    """Return the published ones of the wanted places, in order."""
    places = [each for each in wanted if each < size]
    found = await export.head(tx)
    if not places or found is None:
        return []
    if places == list(range(places[0], places[-1] + 1)):
        entries = await export.published(tx, places[0], places[-1] + 1, opened=to.is_personal)
    else:
        entries = [entry for at in places for entry in await export.published(tx, at, at + 1, opened=to.is_personal)]
    return [event_of(tenant, found.origin, entry) for entry in entries]


async def note(
    tx: Transaction,
    house: Means,
    action: str,
    identifier: ExportId,
    at: datetime,
    actor: str,
    public: dict[str, Json],
) -> None:
    """Enter in the record what was done to a destination, in the transaction that does it."""
    act = Consequence(kind=EntryKind.ACT, action=action, actor=actor, at=at, object_ref=identifier, public=public)
    await record.note(tx, act, entropy=house.entropy)
