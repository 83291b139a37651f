"""Share commits: whoever comes while one is under way goes into the next, all of them in one transaction.

A commit waits for the disk and for some round trips, however little it writes. Where many wait at once, one for all
costs hardly more than one for each (docs/adr/0015).
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from gatepost.db.transaction import DatabaseUnavailableError, DiskError
from gatepost.meters import UNMETERED, Meters

T = TypeVar("T")
R = TypeVar("R")

SIZE_MAX = 128
"""Items in one commit: beyond this a commit gets slower faster than it gets fewer."""

PASSED_OVER_MAX = 1_000
"""So many that must wait for others like them are looked past for some that need not; each takes a fraction of 1 us."""

CROWD = 3
"""So many waiting at once are a crowd: more are on their way, and a commit that is spared is spared for all of them."""

LONG_S = 0.05
"""What was on its way for less is in a hurry."""

PATIENCE, PATIENT_MAX_S = 1 / 8, 0.25
"""Which part of the time it was on its way anything else waits for more of a crowd, and how long at the most."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Any
    commit: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
    apart: frozenset[Hashable]
    done: asyncio.Future[Any]
    until: float  # it would wait, by the loop's clock, where a crowd of its group is on its way


class GroupCommit:
    """One committer for the whole process. It lives as long as somebody waits.

    Args:
        size_max: items in one commit.
        pause_s: how long a commit waits for company, where nobody waits for it in a hurry.
        crowd_s: how much longer it waits where a crowd waits already, which one alone never does (docs/adr/0157).
        meters: told of each commit.
    """

    def __init__(
        self, *, size_max: int = SIZE_MAX, pause_s: float = 0.0, crowd_s: float = 0.0, meters: Meters = UNMETERED
    ) -> None:
        self._size_max = size_max
        self._pause_s = pause_s
        self._crowd_s = crowd_s
        self._meters = meters
        self._queues: OrderedDict[Hashable, deque[_Waiting]] = OrderedDict()  # by group; the next one first
        self._coming: Counter[Hashable] = Counter()  # by group
        self._changed = asyncio.Event()  # who waits, or who is coming
        self._task: asyncio.Task[None] | None = None
        self._passed_over = False  # a batch of this round could not take all that waited
        self._began_at: float | None = None

    @property
    def lasts_s(self) -> float:
        """For how long the commit under way has been; 0 while there is none."""
        return 0.0 if self._began_at is None else asyncio.get_running_loop().time() - self._began_at

    @contextmanager
    def coming(self, group: Hashable) -> Iterator[None]:
        """Count somebody who will join in a while: what took long to come waits a little for a crowd that is coming."""
        self._coming[group] += 1
        try:
            yield
        finally:
            self._coming[group] -= 1
            if not self._coming[group]:
                del self._coming[group]
            self._changed.set()

    async def join(
        self,
        item: T,
        commit: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        group: Hashable,
        apart: Collection[Hashable] = (),
        since: float | None = None,
    ) -> R:
        """Wait until ``item`` was committed, with others or alone; return its result, or raise what it met.

        A caller that is cancelled before its turn is left out; after that its item is committed like the others.

        Args:
            item: one piece of work.
            commit: does all it is given in one transaction, or nothing, and returns a result for each, in order. Of
                a group's callers each passes an equal one.
            group: who may share a commit: the tenant.
            apart: marks; two items with one in common are committed one after the other, in the order they came.
            since: when it set out (``coming``), by the loop's clock; None: now.

        Raises:
            DatabaseUnavailableError: the whole commit failed.
            UndecidedError: nobody knows whether it did.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        until = 0.0 if since is None else _patient_until(since, loop.time())
        self._queues.setdefault(group, deque()).append(_Waiting(item, commit, frozenset(apart), done, until))
        self._changed.set()
        if self._task is None:
            self._task = loop.create_task(self._run())
        return await done

    async def close(self) -> None:
        """Return once nothing is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._gather()
            while self._queues:
                for _ in range(len(self._queues)):  # a round: each group once, and one pause for all of them
                    await self._commit_next()
                await self._gather()
        finally:
            self._task = None
            for queue in self._queues.values():  # only where the loop itself is being ended
                for left in queue:
                    left.done.cancel()
            self._queues.clear()

    async def _gather(self) -> None:
        await asyncio.sleep(self._pause_s)  # whoever is ready this moment comes along
        passed_over, self._passed_over = self._passed_over, False
        if passed_over:  # what waits may go one after the other only, and company is no help to it
            return
        await self._be_patient()
        if self._crowd_s and CROWD <= max(map(len, self._queues.values()), default=0) < self._size_max:
            await asyncio.sleep(self._crowd_s)

    async def _be_patient(self) -> None:
        """Wait while all who wait would rather have company, and it is on its way."""
        loop = asyncio.get_running_loop()
        while (until := self._all_wait_until()) > loop.time():
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._changed.wait()

    def _all_wait_until(self) -> float:
        soonest = float("inf") if self._queues else 0.0
        for group, queue in self._queues.items():
            if self._coming[group] < CROWD or len(queue) >= self._size_max:
                return 0.0
            soonest = min(soonest, *(waiting.until for waiting in queue))
        return soonest

    async def _commit_next(self) -> None:
        batch = self._take()
        self._began_at = asyncio.get_running_loop().time()
        try:
            if batch:
                self._meters.committing(is_under_way=True)
                await self._commit(batch)
        finally:
            self._began_at = None
            self._meters.committing(is_under_way=False)
            for waiting in batch:
                waiting.done.cancel()  # does nothing to what is done

    def _take(self) -> list[_Waiting]:
        """Return the next batch: some of one group, and the group goes behind the others."""
        while self._queues:
            group, queue = self._queues.popitem(last=False)
            taken, left = self._split(queue)
            self._passed_over |= bool(left)
            left.extend(queue)
            if left:
                self._queues[group] = left
            if taken:
                return taken
        return []

    def _split(self, queue: deque[_Waiting]) -> tuple[list[_Waiting], deque[_Waiting]]:
        """Take from the queue what may go together; return it, and what was passed over."""
        taken: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        marks: set[Hashable] = set()
        while queue and len(taken) < self._size_max and len(left) < PASSED_OVER_MAX:
            waiting = queue.popleft()
            if waiting.done.cancelled():
                continue
            (taken if marks.isdisjoint(waiting.apart) else left).append(waiting)
            marks |= waiting.apart  # also of those left: what is like them stays behind them
        return taken, left

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            results = await batch[0].commit([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001  # it belongs to one caller: to find out whose it is, each goes alone
            if isinstance(error, DatabaseUnavailableError) and not isinstance(error, DiskError):
                for waiting in batch:  # all met it; or it is committed, and again would be twice
                    _fail(waiting, type(error)(*error.args))
                return
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            for waiting in batch:
                await self._commit([waiting])
        else:
            self._meters.committed(len(batch), loop.time() - began)
            _tell(batch, results)


def _patient_until(since: float, now: float) -> float:
    waited_s = now - since
    return now + min(waited_s * PATIENCE, PATIENT_MAX_S) if waited_s >= LONG_S else 0.0


def _tell(batch: Sequence[_Waiting], results: Sequence[Any]) -> None:
    if len(results) != len(batch):  # whose result is missing? It is committed, so none may go again
        for waiting in batch:
            _fail(waiting, RuntimeError("a commit did not return a result for each"))
        return
    for waiting, result in zip(batch, results, strict=True):
        if not waiting.done.done():
            waiting.done.set_result(result)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
