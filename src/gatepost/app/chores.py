"""The chores of a house that is up: what is to be done again and again, each at its own pace, in one kind of loop.

A chore that fails in a way we know (a store or the database is away) is tried again at its next turn, and how it ended
last is a metric. Any other failure is a fault of ours and ends the house, as it should.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from gatepost import access, decide, mailbox, record
from gatepost.app.errors import HouseEndedError
from gatepost.app.past import AHEAD_SAID, Past
from gatepost.blobs import BlobsUnavailableError
from gatepost.clock import UNKNOWN, Entropy
from gatepost.db import DatabaseUnavailableError
from gatepost.deliver import store as queue
from gatepost.doors.metrics import Metric, Sample
from gatepost.ids import EmailId, TenantId
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.mailbox import erase_store as mail
from gatepost.record import store as record_store
from gatepost.trust import caught, news, room
from gatepost.upkeep import retention
from gatepost.upkeep.retention import Keeper, RollError

AWAY = (BlobsUnavailableError, DatabaseUnavailableError, KeyringError, RollError)
JITTER = 0.1
"""A part of the pause, so that many houses on one database, started together, do not come together for ever."""

KEYS_S, NEWS_S, MINUTE_S, HOUR_S, DAY_S = 2.0, 15.0, 60.0, 3_600.0, 86_400.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """One of them; it is done at once, and then every so many seconds."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Outcome:
    """How often a chore came to which end, and when it was done last, by the clock of the metrics."""

    done: int = 0
    failed: int = 0
    took_s: float = 0.0
    done_at: float = field(default=0.0)


class Chores:
    """Does them until it is told to stop, and knows how each ended."""

    def __init__(self, chores: Iterable[Chore], entropy: Entropy, now: Callable[[], float]) -> None:
        self._chores = tuple(chores)
        self._entropy = entropy
        self._now = now
        self._outcomes = {chore.name: Outcome() for chore in self._chores}

    async def run(self, stop: asyncio.Event) -> None:
        """Do each, side by side, until ``stop`` is set; what is under way is finished."""
        async with asyncio.TaskGroup() as group:
            for chore in self._chores:
                group.create_task(self._repeat(chore, stop))

    async def _repeat(self, chore: Chore, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.once(chore)
            share = int.from_bytes(self._entropy(2), "big") / 65_536
            await pause(stop, chore.every_s * (1 + JITTER * share))

    async def once(self, chore: Chore) -> None:
        """Do one now."""
        outcome, began = self._outcomes[chore.name], time.monotonic()
        try:
            await chore.work()
        except AWAY as error:
            outcome.failed += 1
            log.warning("chore.failed", chore=chore.name, error=type(error).__name__)
        else:
            outcome.done += 1
            outcome.done_at = self._now()
        outcome.took_s = time.monotonic() - began

    def metrics(self) -> list[Metric]:
        """Return how the chores of this process ended."""
        ends = [
            Sample(count, {"chore": name, "end": end})
            for name, each in self._outcomes.items()
            for end, count in (("done", each.done), ("failed", each.failed))
        ]
        last = [Sample(each.done_at, {"chore": name}) for name, each in self._outcomes.items()]
        took = [Sample(each.took_s, {"chore": name}) for name, each in self._outcomes.items()]
        return [
            Metric("gatepost_chore_runs_total", "Runs of chores, by how they ended.", "counter", tuple(ends)),
            Metric(
                "gatepost_chore_done_timestamp_seconds", "When a chore was last done; 0: never.", "gauge", tuple(last)
            ),
            Metric("gatepost_chore_seconds", "How long a chore's last run took.", "gauge", tuple(took)),
        ]


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works in a house that is up, besides its doors."""

    keeper: Keeper
    chores: Chores

    def metrics(self) -> list[Metric]:
        """Return how the chores ended, and how far the clock is ahead of what they go by; not before that is known."""
        ahead = _ahead(self.keeper)
        samples = () if ahead is None else (Sample(ahead.total_seconds(), {}),)
        said = "How far the clock is ahead of what has surely passed, which expiry goes by."
        return [*self.chores.metrics(), Metric("gatepost_clock_ahead_seconds", said, "gauge", samples)]


def _ahead(keeper: Keeper) -> timedelta | None:
    """Return how far the clock is ahead of what has surely passed; None where that is not known yet."""
    past = keeper.past()
    return None if past == UNKNOWN else keeper.clock() - past


def chores_of(house: House, keeper: Keeper, past: Past) -> Chores:
    """Return the chores of this house; ``past`` is the one it goes by, and is kept here."""

    async def settle() -> None:
        await record.settle_all(house.db, house.clock(), entropy=house.entropy)

    async def sweep() -> None:
        undecided_before = house.past() - mailbox.GRACE
        await mailbox.sweep_bodies(
            house.blobs, partial(fates, house), refused_before=house.clock(), undecided_before=undecided_before
        )

    async def forget() -> None:
        await decide.forget_counts(house.db, house.past())

    async def forget_errors() -> None:
        await caught.forget(house.db, house.past())

    return Chores(
        (
            Chore("clock", MINUTE_S, past.keep),
            Chore("keys", KEYS_S, house.db.keep_keys_noted),
            Chore("refusals", MINUTE_S, settle),
            Chore("bodies", DAY_S, sweep),
            Chore("counts", DAY_S / 4, forget),
            Chore("errors", DAY_S, forget_errors),
            Chore("claims", DAY_S, partial(retention.sweep_claims, keeper)),
            Chore("erasures", HOUR_S, partial(keep_erased, keeper)),
            Chore("expiry", HOUR_S, partial(expire_all, keeper)),
            Chore("news", NEWS_S, partial(news.spread, house)),
            Chore("subscribers", HOUR_S, partial(news.tidy, house)),
            Chore("room", DAY_S, partial(room.tidy, house)),
        ),
        house.entropy,
        lambda: house.clock().timestamp(),
    )


@asynccontextmanager
async def fates(house: House, tenant: TenantId, emails: Sequence[EmailId]) -> AsyncIterator[dict[EmailId, bool]]:
    """Yield of each email that was decided whether something still names its octets, while no hold can be placed.

    What was kept and has been erased or has expired since names none: a restore of the object store alone brings such
    octets back. What was held, and refused then, is named by a legal hold of the tenant. The decision is read first;
    what it keeps was committed with it.
    """
    decided = await record.fates(house.db, tenant, emails)
    kept = [email for email, is_kept in decided.items() if is_kept]
    async with house.db.transaction(tenant) as tx:
        await retention.lock(tx)
        waited = list(decided) if await retention.is_any_in_force(tx) else kept
        named = await mail.present(tx, kept) | await queue.present(tx, kept) | await record_store.held(tx, waited)
        yield {email: email in named for email in decided}


async def expire_all(keeper: Keeper) -> None:
    """Remove what is older than its limit, tenant by tenant; of those that were removed, too."""
    ahead = _ahead(keeper)
    if ahead is not None and ahead > AHEAD_SAID:
        log.warning("retention.clock_ahead", ahead_s=int(ahead.total_seconds()), see="docs/durability.md")
    for tenant in await access.list_recorded(keeper.db):
        try:
            done = await retention.expire(keeper, tenant)
        except retention.HoldError:  # `gatepost log verify` names the hold
            log.error("retention.refused", tenant=tenant.id)
            continue
        if done != retention.Expired():
            log.info(
                "retention.expired",
                tenant=tenant.id,
                openings=done.openings,
                messages=done.messages,
                months=len(done.months),
            )


async def keep_erased(keeper: Keeper) -> None:
    """Erase again what a restore brought back, and say where the roll lost what it would take to do so."""
    await retention.replay(keeper)
    await retention.say_unenrolled(keeper, [tenant.id for tenant in await access.list_recorded(keeper.db)])


async def replay_before_doors(keeper: Keeper) -> None:
    """Erase again what a restore brought back.

    Raises:
        HouseEndedError: it cannot be done now: a house that serves what was erased breaks a promise.
    """
    try:
        count = await retention.replay(keeper)
    except AWAY as error:
        raise HouseEndedError(
            f"the roll of erasures cannot be replayed ({error}): see database.keeper_dsn and docs/retention.md"
        ) from error
    if count:
        log.warning("erasures.replayed", count=count)
