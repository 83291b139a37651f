"""Telling: every endpoint by itself, so that one that is dead holds up no other; within a lane one after the other.

The table is the queue: a telling is promised with the transaction that made its event, and a process that dies leaves
it waiting. At least once: if the house dies between the receiver's 2xx and its record, the event goes out again under
the same ``webhook-id``, by which the receiver knows it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from gatepost import mailbox
from gatepost.act import registry, store, telling_store, webhook
from gatepost.act.bell import HINT_S
from gatepost.act.paper import Answer, Endpoint, Event, EventKind, Telling
from gatepost.act.retry import STRIKES
from gatepost.act.settle import Told, settle
from gatepost.act.stream import Streams
from gatepost.act.telling_store import Ending
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, DatabaseUnavailableError, GroupCommit
from gatepost.egress import Egress, Lines
from gatepost.ids import TenantId, WebhookId
from gatepost.jobs import end
from gatepost.jobs.retry import whereabouts
from gatepost.keys import Keyring
from gatepost.mailbox.paper import Email
from gatepost.meters import Meters, Raised

KIND = "act.webhook"
"""What an attempt is called among the house's meters."""

AT_ONCE_MAX = 32
"""Attempts at once to one endpoint; it begins with a few, and each that is heard lets one more go out."""

AT_ONCE_FIRST = 4
FAULT_S = 30.0
GRACE_S = 5.0
"""How long attempts under way may go on once we stop."""

LEASE_S = 15.0
POLL_S = 1.0
PLACE_S = 0.05
ALERT_S = 0.1
"""How long to look again after a hint: it may have been given before its transaction committed."""

FORGET_EVERY_S = 3_600.0
KEPT_FOR = timedelta(days=30)
"""How long events can be replayed, and resumed in a stream."""

log = structlog.get_logger()


class Means(Protocol):
    """The part of the house that telling stands on."""

    @property
    def db(self) -> Database:
        """Where webhooks lie, and what they are to be told."""

    @property
    def keyring(self) -> Keyring:
        """Opens the webhooks' secrets."""

    @property
    def egress(self) -> Egress:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """Tells when an attempt was made."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments, spreads new attempts."""

    @property
    def streams(self) -> Streams:
        """Whoever reads along."""

    @property
    def meters(self) -> Meters:
        """Told of each attempt."""


class Herald:
    """Tells agents what happened to their mail."""

    def __init__(self, house: Means) -> None:
        self._house = house
        self._me = house.entropy(10).hex()
        self._commits = GroupCommit()
        self._lines = Lines()
        self._tellers: dict[WebhookId, _Teller] = {}
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._alert_until = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until ``stop`` is set, then let attempts under way end; what waits is told by whoever comes next."""
        async with asyncio.TaskGroup() as group:
            chores = [
                group.create_task(self._hear_hints()),
                group.create_task(self._place_events()),
                group.create_task(self._keep_leases()),
                group.create_task(self._forget_old()),
                group.create_task(self._lines.tidy()),
                group.create_task(self._wake_on(stop)),
            ]
            while not stop.is_set():
                self._wake.clear()
                await self._look(group)
                is_alert = asyncio.get_running_loop().time() < self._alert_until
                with suppress(TimeoutError):
                    await asyncio.wait_for(
                        stop.wait() if is_alert else self._wake.wait(), HINT_S if is_alert else POLL_S
                    )
            await self._drain()
            await end(chores)
        await self._lines.close()
        await self._commits.close()
        with suppress(DatabaseUnavailableError):
            await store.leave(self._house.db, self._me)

    async def _drain(self) -> None:
        """Let attempts under way end within the grace: what was heard and not written down is told twice."""
        tasks = [teller.close() for teller in self._tellers.values()]
        living = [task for task in tasks if task is not None and not task.done()]
        if living:
            _, late = await asyncio.wait(living, timeout=GRACE_S)
            await end(late)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Wake whoever has something to tell."""
        now = self._house.clock()
        try:
            ours = await store.take(self._house.db, self._me, at=now, until=now + timedelta(seconds=LEASE_S))
        except DatabaseUnavailableError:
            log.warning("webhooks.database_unavailable")
            return
        for tenant, identifier in ours:
            teller = self._tellers.get(identifier)
            if teller is None or teller.task is None or teller.task.done():
                teller = _Teller(self._house, tenant, identifier, self._commits, self._lines)
                teller.task = group.create_task(teller.run())
                self._tellers[identifier] = teller
            teller.wake.set()

    async def _hear_hints(self) -> None:
        while True:
            try:
                async with self._house.db.listen(store.CHANNEL) as connection:
                    async for _ in connection.notifies():
                        self._alert_until = asyncio.get_running_loop().time() + ALERT_S
                        self._wake.set()
                        self._news.set()
            except DatabaseUnavailableError:
                log.warning("webhooks.hints_lost")  # polling goes on
            await asyncio.sleep(POLL_S)

    async def _place_events(self) -> None:
        """Give what committed its place in its stream: in time for a reader, and not once for every mail."""
        while True:
            with suppress(DatabaseUnavailableError):
                await self._house.streams.place(self._house.db)
            is_alert = asyncio.get_running_loop().time() < self._alert_until
            if not is_alert:
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), POLL_S)
            else:
                await asyncio.sleep(PLACE_S)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with suppress(DatabaseUnavailableError):
                until = self._house.clock() + timedelta(seconds=LEASE_S)
                await store.renew(self._house.db, self._me, until)

    async def _forget_old(self) -> None:
        while True:
            with suppress(DatabaseUnavailableError):
                await forget_old(self._house)
            await asyncio.sleep(FORGET_EVERY_S)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()


async def forget_old(house: Means) -> None:
    """Forget events nobody can ask for any more."""
    before = house.clock() - KEPT_FOR
    for tenant in await telling_store.tenants(house.db):
        async with house.db.transaction(tenant) as tx:
            await telling_store.forget(tx, before=before, unread_since=before)


@dataclass
class _Teller:
    """Tells one endpoint. ``wake`` it when there may be something; it ends after a while of having nothing."""

    house: Means
    tenant: TenantId
    identifier: WebhookId
    commits: GroupCommit
    lines: Lines
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    room: int = AT_ONCE_FIRST
    busy: set[str] = field(default_factory=set)
    is_closing: bool = False

    def close(self) -> asyncio.Task[None] | None:
        """Begin nothing more; return what ends once nothing is under way."""
        self.is_closing = True
        self.wake.set()
        return self.task

    async def run(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            while self.busy or self.wake.is_set():
                await self.wake.wait()
                self.wake.clear()
                try:
                    await self._fill(lanes)
                except DatabaseUnavailableError:
                    log.warning("webhook.database_unavailable", webhook=self.identifier)

    async def _fill(self, lanes: asyncio.TaskGroup) -> None:
        """Start as many attempts as there is room for."""
        free = self.room - len(self.busy)
        if free <= 0 or self.is_closing:
            return
        at = self.house.clock()
        async with self.house.db.transaction(self.tenant) as tx:
            endpoint, tellings = await asyncio.gather(
                store.endpoint(tx, self.identifier, at),
                telling_store.due(tx, self.identifier, at=at, busy=self.busy, limit=free),
            )
            if endpoint is None or endpoint.webhook.is_stopped:
                return
            health = endpoint.webhook.health
            if health.failures >= STRIKES:  # one question alone, and none before its time
                self.room = 1
                is_resting = health.due_at is not None and health.due_at > at
                tellings = [] if self.busy or is_resting else tellings[:1]
            about = [one.event.email for one in tellings if one.event.kind is EventKind.RECEIVED]
            emails = await asyncio.gather(*(mailbox.find(tx, each) for each in about if each))
        found = {email.id: email for email in emails if email}
        for telling in tellings:
            self.busy.add(telling.event.lane)
            email = found.get(telling.event.email) if telling.event.email else None
            lanes.create_task(self._tell(endpoint, telling, email))

    async def _tell(self, endpoint: Endpoint, telling: Telling, email: Email | None) -> None:
        """Make one attempt and write down what it came to."""
        try:
            answer = await self._attempt(endpoint, telling.event, email)
            told = Told(telling, answer, self.house.clock(), self.house.entropy(1)[0] / 255)
            ending = await self.commits.join(told, partial(settle_all, self.house, self.tenant), group=self.tenant)
        except DatabaseUnavailableError:
            log.warning("webhook.unsettled", webhook=self.identifier, told=telling.event.id)  # it is told again
            await asyncio.sleep(POLL_S)
        except Exception as error:  # noqa: BLE001  # a fault in telling one event must not stop the others
            log.error(
                "webhook.fault",
                webhook=self.identifier,
                told=telling.event.id,
                error=Raised.by(error, whereabouts(error)),
            )
            await asyncio.sleep(FAULT_S)
        else:
            self.room = min(self.room + 1, AT_ONCE_MAX) if answer.is_done else max(self.room // 2, 1)
            self._report(answer, telling, ending)
        finally:
            self.busy.discard(telling.event.lane)
            asyncio.get_running_loop().call_later(HINT_S, self.wake.set)  # whoever ends meanwhile shares the next look

    async def _attempt(self, endpoint: Endpoint, event: Event, email: Email | None) -> Answer:
        if event.kind is EventKind.RECEIVED and (email is None or email.is_erased):
            return Answer(0, "email.erased")
        body = webhook.payload(event, email)
        return await registry.tell(self.house, self.tenant, endpoint, event, body, lines=self.lines)

    def _report(self, answer: Answer, telling: Telling, ending: Ending | None) -> None:
        end = "done" if answer.is_done else "again" if ending and ending.due_at else "failed"
        self.house.meters.ran(KIND, end, answer.took_ms / 1000)
        log.info("webhook.told", webhook=self.identifier, told=telling.event.id, end=end, reason=answer.reason)


async def settle_all(house: Means, tenant: TenantId, told: Sequence[Told]) -> list[Ending | None]:
    """Write down what attempts came to, in one transaction."""
    async with house.db.transaction(tenant) as tx:
        return await settle(tx, told, entropy=house.entropy)
