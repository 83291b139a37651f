"""Telling: every endpoint by itself, so that one that is dead holds up no other; within a lane one after the other.

The table is the queue: a telling is promised with the transaction that made its event, and a process that dies leaves
it waiting. At least once: if the house dies between the receiver's 2xx and its record, the event goes out again under
the same ``webhook-id``, by which the receiver knows it.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from gatepost.act import store, telling_store
from gatepost.act.announce import Announced
from gatepost.act.bell import HINT_S
from gatepost.act.teller import Means, Teller
from gatepost.db import DatabaseUnavailableError, GroupCommit
from gatepost.egress import Lines
from gatepost.ids import WebhookId
from gatepost.jobs import end
from gatepost.jobs.pause import pause

GRACE_S = 5.0
"""How long attempts under way may go on once we stop."""

LEASE_S = 15.0
POLL_S = 1.0
PLACE_S = 0.05
ALERT_S = 0.1
"""How long to look again after a hint: it may have been given before its transaction committed."""

SETTLE_S = 0.03
"""How long what an attempt came to waits to be written down with others: its receiver has been served."""

LOOKS_MAX = 4
"""Tellers that look at the table at once: each look takes a connection of the house's pool."""

FORGET_EVERY_S = 3_600.0
KEPT_FOR = timedelta(days=30)
"""How long events can be replayed, and resumed in a stream."""

log = structlog.get_logger()


class Herald:
    """Tells agents what happened to their mail."""

    def __init__(self, house: Means) -> None:
        self._house = house
        self._me = house.entropy(10).hex()
        self._commits = GroupCommit(pause_s=SETTLE_S)
        self._lines = Lines()
        self._looks = asyncio.Semaphore(LOOKS_MAX)
        self._tellers: dict[WebhookId, Teller] = {}
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._alert_until = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until ``stop`` is set, then let attempts under way end; what waits is told by whoever comes next."""
        async with asyncio.TaskGroup() as group:
            with self._house.bell.heard_by(self._me, self._hear):
                await self._run(group, stop)
        self._lines.close()
        await self._commits.close()
        with suppress(DatabaseUnavailableError):
            await store.leave(self._house.db, self._me)

    async def _run(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
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
            event, seconds = (stop, HINT_S) if is_alert else (self._wake, POLL_S)
            await pause(event, seconds)
        await self._drain()
        await end(chores)

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
                teller = Teller(self._house, tenant, identifier, self._commits, self._lines, self._looks)
                teller.task = group.create_task(teller.run())
                self._tellers[identifier] = teller
            teller.look()

    def _hear(self, announced: Announced) -> None:
        """Begin with what this process has just committed: its own endpoints need not be asked for it."""
        now = self._house.clock()
        for fresh in announced.fresh():
            teller = self._tellers.get(fresh.telling.webhook)
            if teller is None or fresh.leased_until <= now or not teller.begin(fresh, announced):
                self._wake.set()

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
                await pause(self._news, POLL_S)
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
    before = house.past() - KEPT_FOR
    for tenant in await telling_store.tenants(house.db):
        async with house.db.transaction(tenant) as tx:
            await telling_store.forget(tx, before=before, unread_since=before)
