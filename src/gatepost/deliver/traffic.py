"""How many conversations a destination has at once, so that one that hangs leaves room for all others.

A destination has a few. Each answer gives it one more, up to a bound; each that lets us wait in vain takes half of what
it has, down to one, and that is remembered for a while. Who finds no room waits here for a moment where the destination
is answering, and is put off where it is not, or where many wait already: waiting, too, takes room that others need. Put
off, they come back about as fast as answers come; who was put off while nothing answered is called once something does.
Whoever owns many domains has a few places for all of them, and more as they answer.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from gatepost.db import Database
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.silence import KEPT_S, Silences
from gatepost.egress import NextHop
from gatepost.ids import JobId, TenantId
from gatepost.jobs import Jobs, TryAgainError
from gatepost.mail.suffix import organizational_domain

CONVERSATIONS = 128
"""Of the whole house at once."""

AT_ONCE = 16
"""With one destination; and as many may wait for those."""

REGISTRANT = CONVERSATIONS // 4
"""With all domains of one registrant, those that wait included."""

FIRST = 4
REGISTRANT_FIRST = 8
NOBODY = TenantId("")
CROWDED = "destination.crowded"
"""Why a job waits that was put off."""

CALLED = 2
"""How many that were put off an answer calls at most: one into its own place, one into the place it gives."""

PUT_OFF_MAX = 10_000
"""How many that were put off are remembered, of one destination; the others come by themselves."""

SWEEP_S = 60.0
PATIENCE_S = 5.0
"""After the last answer, how long a destination counts as one that is answering."""

SMOOTHED = 8
"""So much of what is known of the time from answer to answer is from the last one: an eighth."""


@dataclass(frozen=True, slots=True)
class Pause:
    """How long somebody is put off: ``least_s``, and ``gap_s`` at most behind who was put off before."""

    least_s: float
    gap_s: float


BRIEF = Pause(1, 0.05)
LONG = Pause(30, 0.2)
"""Where nothing answers. The gaps bound what looking again costs, however many are put off."""


class CrowdedError(Exception):
    """No room now; there may be some ``after_s`` seconds from now."""

    def __init__(self, after_s: float) -> None:
        super().__init__(after_s)
        self.after_s = after_s

    def at(self, now: datetime) -> TryAgainError:
        """Return what puts a job off until then."""
        return TryAgainError(now + timedelta(seconds=self.after_s), CROWDED)


Called = tuple[TenantId, JobId]


@dataclass(slots=True, kw_only=True)
class _Turns:
    """When the last of each tenant that was put off comes back; ``gap_s``: from answer to answer, about.

    ``put_off``: when each comes back by itself, the last of all at ``until``.
    """

    heard_at: float
    gap_s: float = BRIEF.gap_s
    last_at: dict[TenantId, float] = field(default_factory=dict)
    put_off: OrderedDict[TenantId, OrderedDict[JobId, float]] = field(default_factory=OrderedDict)
    until: float = 0.0

    def patience_s(self, at: float) -> float:
        """Return for how long it counts as answering; 0 or less: it does not."""
        return self.heard_at + PATIENCE_S - at

    def hear(self, at: float) -> None:
        """Note an answer."""
        if self.patience_s(at) <= 0:
            self.last_at.clear()  # nobody need stand behind those who came when there was none
        self.gap_s += (min(at - self.heard_at, BRIEF.gap_s) - self.gap_s) / SMOOTHED
        self.heard_at = at

    def next(self, tenant: TenantId, job: JobId | None, at: float) -> CrowdedError:
        """Give the next turn behind it: nobody stands behind another tenant's thousands."""
        pause = Pause(BRIEF.least_s, self.gap_s) if self.patience_s(at) > 0 else LONG
        self.last_at = {each: last for each, last in self.last_at.items() if last > at}
        gap_s = pause.gap_s * len({*self.last_at, tenant})  # all tenants together look as often as one would
        turn_at = self.last_at[tenant] = max(at + pause.least_s, self.last_at.get(tenant, at) + gap_s)
        self.until = max(self.until, turn_at)
        if job is not None and sum(map(len, self.put_off.values())) < PUT_OFF_MAX:
            self.put_off.setdefault(tenant, OrderedDict())[job] = turn_at
        return CrowdedError(turn_at - at)

    def came(self, tenant: TenantId, job: JobId | None) -> None:
        """Forget that one was put off."""
        if job is not None and (own := self.put_off.get(tenant)):
            own.pop(job, None)

    def call(self, count: int, at: float) -> list[Called]:
        """Return whom to call now, the tenants in turn; who comes by itself is not called."""
        called: list[Called] = []
        while self.put_off and len(called) < count:
            tenant, own = self.put_off.popitem(last=False)
            while own:
                job, turn_at = own.popitem(last=False)
                if turn_at > at:
                    called.append((tenant, job))
                    break
            if own:
                self.put_off[tenant] = own
        return called


@dataclass(slots=True, kw_only=True)
class _Share:
    """What one destination, or one registrant, has at once.

    Attributes:
        turns: of those that found no room.
        at_once: conversations it may have now.
        under_way: those it has.
        waiting: who waits for one of them.
        hangs_until: how long it is remembered that it let us wait in vain.
    """

    turns: _Turns
    at_once: int
    under_way: int = 0
    waiting: int = 0
    hangs_until: float = 0.0
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_room(self) -> bool:
        """Whether one more may begin."""
        return self.under_way < self.at_once

    def tell(self, made: Attempt, at: float, *, least: int, most: int) -> None:
        """Note what came of a conversation: whoever said anything at all is answering."""
        if made.result is AttemptResult.DEFERRED and not made.reply_code:
            if made.reason.startswith("remote."):  # else it was not asked
                self.at_once = max(self.at_once // 2, least)
                self.hangs_until = at + KEPT_S
            return
        self.turns.hear(at)
        self.at_once = min(self.at_once + 1, most)
        self.hangs_until = 0.0

    def call(self, at: float) -> list[Called]:
        """Return whom to call into the places that an answer leaves, its own included."""
        return self.turns.call(min(self.at_once - self.under_way + 1 - self.waiting, CALLED), at)

    def is_idle(self, at: float) -> bool:
        """Whether there is nothing to remember of it."""
        return not (self.under_way or self.waiting or max(self.hangs_until, self.turns.until) > at)


class Traffic:
    """One for all deliveries of a process. ``clock``: seconds that pass.

    Of a name only its hash is kept, which nobody can read: Python's, under a secret of the process.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.silences = Silences(clock)
        self._clock = clock
        self._destinations: dict[int, _Share] = {}
        self._registrants: dict[int, _Share] = {}
        self._swept_at = clock()

    @asynccontextmanager
    async def toward(
        self, name: str, registrant: str = "", tenant: TenantId = NOBODY, job: JobId | None = None
    ) -> AsyncIterator[Callable[[Attempt], list[Called]]]:
        """Hold a place for one conversation; yield what is to be told what came of it, and says who is to be called.

        Args:
            name: of the domain, or of the relay.
            registrant: who owns the domain; empty for the relay.
            tenant: whose conversation it is.
            job: what comes back where there is no room.

        Raises:
            CrowdedError: there is none, and waiting for one would take room that others need.
        """
        now = self._clock()
        self._sweep(now)
        owner = _share(self._registrants, registrant, REGISTRANT_FIRST if registrant else CONVERSATIONS, now)
        destination = _share(self._destinations, name, FIRST, now)
        for each in (owner, destination):
            each.turns.came(tenant, job)
        if registrant and not (owner.has_room and owner.under_way + owner.waiting < REGISTRANT):
            raise owner.turns.next(tenant, job, now)
        while not destination.has_room:
            await self._wait(owner, destination, tenant, job)
        for each in (owner, destination):
            each.under_way += 1
        try:
            yield lambda made: self._tell(owner, destination, made)
        finally:
            for each in (owner, destination):
                each.under_way -= 1
            destination.freed.set()
            _forget(self._destinations, name, self._clock())
            _forget(self._registrants, registrant, self._clock())

    def _tell(self, owner: _Share, destination: _Share, made: Attempt) -> list[Called]:
        now = self._clock()
        destination.tell(made, now, least=1, most=AT_ONCE)
        owner.tell(made, now, least=FIRST, most=REGISTRANT)
        return [] if destination.hangs_until > now else [*destination.call(now), *owner.call(now)]

    async def _wait(self, owner: _Share, destination: _Share, tenant: TenantId, job: JobId | None) -> None:
        """Wait until a place was given back."""
        now = self._clock()
        left_s = destination.turns.patience_s(now)
        if left_s <= 0 or destination.waiting >= AT_ONCE:
            raise destination.turns.next(tenant, job, now)
        for each in (owner, destination):
            each.waiting += 1
        destination.freed.clear()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await destination.freed.wait()
        finally:
            for each in (owner, destination):
                each.waiting -= 1

    def _sweep(self, at: float) -> None:
        """Forget those that were remembered for a while."""
        if at - self._swept_at < SWEEP_S:
            return
        self._swept_at = at
        for known in (self._destinations, self._registrants):
            for name in [name for name, share in known.items() if share.is_idle(at)]:
                del known[name]


def _share(known: dict[int, _Share], name: str, at_once: int, at: float) -> _Share:
    share = known.setdefault(hash(name), _Share(turns=_Turns(heard_at=at), at_once=at_once))
    if not (share.under_way or share.waiting or share.hangs_until > at):
        share.turns.heard_at = at  # nobody asked it anything, so it left nothing unanswered
    return share


def _forget(known: dict[int, _Share], name: str, at: float) -> None:
    share = known.get(hash(name))
    if share is not None and share.is_idle(at):
        del known[hash(name)]


def share_of(domain: str, next_hop: NextHop | None) -> tuple[str, str]:
    """Return whose places a mail to a domain takes: a destination's and its registrant's, or the relay's."""
    return (f"{next_hop.host}:{next_hop.port}", "") if next_hop else (domain, organizational_domain(domain))


class Callers(Protocol):
    """The part of the house that calling stands on."""

    @property
    def db(self) -> Database:
        """Where the jobs lie."""

    @property
    def jobs(self) -> Jobs:
        """Makes them due."""


async def call(house: Callers, called: Sequence[Called]) -> None:
    """Make those due that were put off and may come now."""
    for tenant, jobs in groupby(sorted(called), key=itemgetter(0)):
        async with house.db.transaction(tenant) as tx:
            await house.jobs.hasten(tx, [job for _, job in jobs], reason=CROWDED)
