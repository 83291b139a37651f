"""One endpoint's teller: what it begins, and when; what it has heard of and what it must look for.

It begins with what this process has just committed, without asking the database, where nothing can be before it in its
lane (``begin``); everything else, a restart's remains above all, it finds in the table (``look``).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from gatepost import mailbox
from gatepost.act import registry, store, telling_store, webhook
from gatepost.act.announce import Announced
from gatepost.act.bell import HINT_S, Bell
from gatepost.act.paper import Answer, Endpoint, Event, EventKind, Fresh, Telling
from gatepost.act.retry import STRIKES
from gatepost.act.settle import UNREADABLE, Told, settle
from gatepost.act.stream import Streams
from gatepost.act.telling_store import Ending
from gatepost.clock import Clock
from gatepost.db import DatabaseUnavailableError, GroupCommit, Transaction
from gatepost.egress import Lines
from gatepost.ids import EmailId, TenantId, WebhookId
from gatepost.jobs import Jobs
from gatepost.jobs.retry import whereabouts
from gatepost.keys import KeyringError, KeysUnusableError
from gatepost.mailbox.paper import Email
from gatepost.meters import Meters, Raised

KIND = "act.webhook"
"""What an attempt is called among the house's meters."""

AT_ONCE_MAX = 32
"""Attempts at once to one endpoint; it begins with a few, and each that is heard lets one more go out."""

AT_ONCE_FIRST = 4

UNSETTLED_MAX = 256
"""Attempts to one endpoint that may be under way or not yet written down: a process that dies makes them once more."""

FAULT_S = 30.0
UNSETTLED_S = 1.0
IDLE_S = 60.0
"""How long a teller with nothing to do stays: while it does, what comes is begun without a look."""

log = structlog.get_logger()


class Means(registry.Means, Protocol):
    """The part of the house that telling stands on."""

    @property
    def past(self) -> Clock:
        """Tells what has surely passed: nothing is forgotten before."""

    @property
    def streams(self) -> Streams:
        """Whoever reads along."""

    @property
    def jobs(self) -> Jobs:
        """Promises to tell people."""

    @property
    def meters(self) -> Meters:
        """Told of each attempt."""

    @property
    def bell(self) -> Bell[Announced]:
        """Rings when this process has announced something."""


@dataclass
class Teller:
    """Tells one endpoint. Bid it ``look`` when there may be something; it ends after a while of having nothing.

    Attributes:
        looks: shared by all tellers of a process, so that a thousand leave connections to the rest of the house.
        room: attempts at once.
        busy: lanes with an attempt under way, or heard and not yet written down.
        asking: lanes among them whose receiver has not answered yet, or has not taken it.
        followed: lanes among them in which more may wait.
        begun: lanes with an attempt begun while a look is under way.
        is_behind: something waits in the table that has not been seen, and goes first.
        is_missed: something came for which there was no room, since the last look began.
        endpoint: as it was read last.
        lanes: where attempts run; None while the teller does not.
    """

    house: Means
    tenant: TenantId
    identifier: WebhookId
    commits: GroupCommit
    lines: Lines
    looks: asyncio.Semaphore
    task: asyncio.Task[None] | None = None
    room: int = AT_ONCE_FIRST
    busy: set[str] = field(default_factory=set)
    asking: set[str] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    is_behind: bool = True
    is_missed: bool = False
    endpoint: Endpoint | None = None
    lanes: asyncio.TaskGroup | None = None
    _signing: tuple[Endpoint, webhook.Signers] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self) -> asyncio.Task[None] | None:
        """Begin nothing more; return what ends once nothing is under way."""
        self._closing.set()
        self._wake.set()
        return self.task

    @property
    def is_closing(self) -> bool:
        """True once nothing more is to begin."""
        return self._closing.is_set()

    async def _rest(self, seconds: float) -> None:
        """Wait after a fault, but for no longer than the teller is to run."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def look(self) -> None:
        """Look for what is due, also behind what is under way."""
        self.followed |= self.busy
        self._wake.set()

    def begin(self, fresh: Fresh, announced: Announced) -> bool:
        """Begin an attempt at once where that is in order, else look soon; False where the teller has ended."""
        if self.lanes is None or self.is_closing:
            return False
        lane = fresh.telling.event.lane
        if lane in self.busy:
            self.followed.add(lane)
        elif self._free <= 0:
            self.is_behind = self.is_missed = True  # whoever leaves looks
        elif self.endpoint is None or not self._is_in_order(fresh, self.endpoint):
            self.is_behind = True
            self._look_soon()
        else:
            self._start(self.lanes, self.endpoint, fresh.telling, partial(announced.email, fresh.telling.event.id))
        return True

    @property
    def _free(self) -> int:
        """How many attempts may begin. What was heard makes room before it is written down, which waits for others."""
        return min(self.room - len(self.asking), UNSETTLED_MAX - len(self.busy))

    def _is_in_order(self, fresh: Fresh, endpoint: Endpoint) -> bool:
        is_known = fresh.edition == endpoint.edition and endpoint.webhook.health.failures < STRIKES
        return is_known and fresh.is_first and not self.is_behind

    async def run(self) -> None:
        """Tell until closed, or until there was nothing to do for a while."""
        async with asyncio.TaskGroup() as lanes:
            self.lanes = lanes
            while self.busy or not self.is_closing:
                try:
                    async with asyncio.timeout(IDLE_S):
                        await self._wake.wait()
                except TimeoutError:
                    if self.busy:
                        continue
                    break
                self._wake.clear()
                try:
                    await self._fill(lanes)
                except DatabaseUnavailableError:
                    log.warning("webhook.database_unavailable", webhook=self.identifier)
                except Exception as error:  # noqa: BLE001  # a fault in one endpoint must not stop the others
                    fault = Raised.by(error, whereabouts(error))
                    log.error("webhook.fault", webhook=self.identifier, told="", error=fault)
                    await self._rest(FAULT_S)
            self.lanes = None

    async def _fill(self, lanes: asyncio.TaskGroup) -> None:
        """Start as many attempts as there is room for, of what waits longest."""
        free = self._free
        if free <= 0 or self.is_closing:
            return
        at = self.house.clock()
        self.begun.clear()
        self.is_missed = False
        async with self.looks, self.house.db.transaction(self.tenant) as tx:
            self.endpoint, tellings = await asyncio.gather(
                store.endpoint(tx, self.identifier, at),
                telling_store.due(tx, self.identifier, at=at, busy=self.busy, limit=free),
            )
            if self.endpoint is None or self.endpoint.webhook.is_stopped:
                return
            health = self.endpoint.webhook.health
            if health.failures >= STRIKES:  # one question alone, and none before its time
                self.room = 1
                is_resting = health.due_at is not None and health.due_at > at
                tellings = [] if self.busy or is_resting else await self._question(tx)
            about = [one.event.email for one in tellings if one.event.kind is EventKind.RECEIVED]
            ids = [each for each in about if each]
            found = dict(zip(ids, await asyncio.gather(*(_read(tx, each) for each in ids)), strict=True))
        ready = [one for one in tellings if one.event.lane not in self.busy | self.begun]
        fitting = ready[: max(self._free, 0)]
        self.is_behind = len(tellings) >= free or fitting != ready or self.is_missed
        for telling in fitting:
            if telling.is_followed:
                self.followed.add(telling.event.lane)
            self._start(lanes, self.endpoint, telling, partial(_of, found, telling.event.email))

    async def _question(self, tx: Transaction) -> list[Telling]:
        """Return what a receiver that has been silent is asked with, whatever it waits for itself."""
        found = await telling_store.question(tx, self.identifier, busy=self.busy)
        return [] if found is None else [found]

    def _start(
        self, lanes: asyncio.TaskGroup, endpoint: Endpoint, telling: Telling, read: Callable[[], Email | None]
    ) -> None:
        self.busy.add(telling.event.lane)
        self.asking.add(telling.event.lane)
        self.begun.add(telling.event.lane)
        lanes.create_task(self._tell(endpoint, telling, read))

    async def _tell(self, endpoint: Endpoint, telling: Telling, read: Callable[[], Email | None]) -> None:
        """Make one attempt and write down what it came to."""
        try:
            answer = await self._attempt(endpoint, telling.event, read)
            if answer.is_done:
                self._make_room(telling.event.lane)
            told = Told(telling, answer, self.house.clock(), self.house.entropy(1)[0] / 255)
            ending = await self.commits.join(told, partial(settle_all, self.house, self.tenant), group=self.tenant)
        except DatabaseUnavailableError:
            log.warning("webhook.unsettled", webhook=self.identifier, told=telling.event.id)  # it is told again
            self.is_behind = True
            await self._rest(UNSETTLED_S)
        except Exception as error:  # noqa: BLE001  # a fault in telling one event must not stop the others
            log.error(
                "webhook.fault",
                webhook=self.identifier,
                told=telling.event.id,
                error=Raised.by(error, whereabouts(error)),
            )
            self.is_behind = True
            await self._rest(FAULT_S)
        else:
            if not answer.is_done:
                self.room = max(self.room // 2, 1)
            self._report(answer, telling, ending)
        finally:
            self._leave(telling.event.lane)

    def _make_room(self, lane: str) -> None:
        """Let the next attempt begin: this one was heard, so that one more than before may go out."""
        self.asking.discard(lane)
        self.room = min(self.room + 1, AT_ONCE_MAX)
        if self.is_behind:
            self._look_soon()

    def _leave(self, lane: str) -> None:
        """End an attempt: whatever may wait for its place is looked for."""
        self.busy.discard(lane)
        self.asking.discard(lane)
        if self.is_closing:
            self._wake.set()
        elif self.is_behind or lane in self.followed:
            self._look_soon()
        self.followed.discard(lane)

    def _look_soon(self) -> None:
        """Look in a moment: whoever asks for it meanwhile shares the look."""
        asyncio.get_running_loop().call_later(HINT_S, self._wake.set)

    async def _attempt(self, endpoint: Endpoint, event: Event, read: Callable[[], Email | None]) -> Answer:
        try:
            email = read()
        except KeyringError as error:
            log.error("webhook.unreadable", webhook=self.identifier, told=event.id, error=str(error))
            return Answer(0, UNREADABLE)
        if event.kind is EventKind.RECEIVED and (email is None or email.is_erased):
            return Answer(0, "email.erased")
        body = webhook.payload(event, email)
        if self._signing is None or self._signing[0] is not endpoint:
            self._signing = endpoint, registry.signers(self.house.keyring, endpoint)
        return await registry.tell(
            self.house, self.tenant, endpoint, event, body, signers=self._signing[1], lines=self.lines
        )

    def _report(self, answer: Answer, telling: Telling, ending: Ending | None) -> None:
        end = "done" if answer.is_done else "again" if ending and ending.due_at else "failed"
        self.house.meters.ran(KIND, end, answer.took_ms / 1000)
        log.info("webhook.told", webhook=self.identifier, told=telling.event.id, end=end, reason=answer.reason)


async def _read(tx: Transaction, email: EmailId) -> Email | KeyringError | None:
    """Return a message, or what is wrong with its row; raises ``KeysUnusableError`` where all of them must wait."""
    try:
        return await mailbox.find(tx, email)
    except KeysUnusableError:
        raise
    except KeyringError as error:
        return error


def _of(found: Mapping[EmailId, Email | KeyringError | None], email: EmailId | None) -> Email | None:
    one = None if email is None else found.get(email)
    if isinstance(one, KeyringError):
        raise one
    return one


async def settle_all(house: Means, tenant: TenantId, told: Sequence[Told]) -> list[Ending | None]:
    """Write down what attempts came to, in one transaction."""
    async with house.db.transaction(tenant) as tx:
        return await settle(tx, told, entropy=house.entropy, jobs=house.jobs)
