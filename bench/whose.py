"""Measure whose CPU a message takes in a whole house that takes mail by SMTP: the door's, or what is done later.

    PYTHONPATH=examples/demo python bench/whose.py [--count 3000] [--rest 20]

The house is started as ``gatepost up`` starts it, in a process that counts the CPU of each step of each task, and of
what tasks have threads do, for whoever started the task; and of PostgreSQL's processes, whose transaction it was. Under
load that runs until four seconds after the last mail; at rest it is a second's. What belongs to no task (the loop,
protocols, psycopg's pool) is told by itself, and so are PostgreSQL's own processes. Ends with one line of JSON:
microseconds a message of ours and of PostgreSQL's, under load, and of a second at rest.
"""

import argparse
import asyncio
import contextvars
import json
import sys
import time
import types
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import uvloop

from corpus import add_options
from counted import Counting, asked_for_the_house, counting, tell

TOLD_EVERY_S = 1.0
LOOP = "what belongs to no task"
ASIDE = "large mail read aside"

R = TypeVar("R")

_whose: contextvars.ContextVar[str] = contextvars.ContextVar("whose")


class Counts:
    """CPU seconds so far, by who they are spent for: ours, and those of PostgreSQL's processes that serve us."""

    def __init__(self) -> None:
        self.ours: dict[str, float] = defaultdict(float)
        self.postgres: dict[str, float] = defaultdict(float)
        self.turns: dict[str, int] = defaultdict(int)
        self._seen: dict[int, tuple[str, float]] = {}

    @types.coroutine
    def steps(self, work: Coroutine[Any, Any, R], who: str) -> Generator[Any, Any, R]:
        """Drive a coroutine and count each of its steps."""
        _whose.set(who)
        thrown: BaseException | None = None
        while True:
            began_s = time.thread_time()
            try:
                waited_for = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration as done:
                return cast("R", done.value)
            finally:
                self.ours[who] += time.thread_time() - began_s
                self.turns[who] += 1
            thrown = None
            try:
                yield waited_for
            except BaseException as caught:  # noqa: BLE001  # a cancellation too is the coroutine's to take
                thrown = caught

    @staticmethod
    def _name(work: Any) -> str:
        """Return whose coroutine it is: the class of ``self`` where it has one, for two may share a method."""
        own = getattr(getattr(work, "cr_frame", None), "f_locals", {}).get("self")
        name = str(getattr(work, "__qualname__", "?"))
        return name if own is None else f"{type(own).__module__}.{name}"

    def task(self, loop: asyncio.AbstractEventLoop, work: Any, **others: Any) -> "asyncio.Task[Any]":
        """Make a task, counted for whoever makes it; for itself where that is nobody's."""
        who = _whose.get(None) or self._name(work)
        return asyncio.Task(self.steps(work, who), loop=loop, **others)

    def threads(self) -> None:
        """Count from now on what is done in threads, for whoever has it done."""
        from gatepost.verify.aside import Aside  # noqa: PLC0415  # only this process is a house

        to_thread, aside = asyncio.to_thread, Aside.run

        def counting_run(who: str, function: Callable[..., R], *given: Any, **named: Any) -> R:
            began_s = time.thread_time()
            try:
                return function(*given, **named)
            finally:
                self.ours[who] += time.thread_time() - began_s

        async def counted(function: Callable[..., R], /, *given: Any, **named: Any) -> R:
            return await to_thread(counting_run, _whose.get(LOOP), function, *given, **named)

        async def counted_aside(threads: Aside, work: Callable[..., R], *given: Any, **named: Any) -> R:
            return await aside(threads, counting_run, ASIDE, work, *given, **named)

        asyncio.to_thread = counted
        Aside.run = counted_aside  # type: ignore[assignment,method-assign]

    def connections(self) -> None:
        """Count from now on what PostgreSQL's processes use, for whoever has the connection."""
        from gatepost.db.pool import Database  # noqa: PLC0415  # only this process is a house

        exchange = Database._exchange  # noqa: SLF001  # every transaction and look-up begins there

        @asynccontextmanager
        async def counted(database: Database, **named: Any) -> AsyncIterator[Any]:
            who = _whose.get(LOOP)
            async with exchange(database, **named) as one:
                pid = one._connection.info.backend_pid  # noqa: SLF001
                self._look(pid, who)
                yield one
            self._look(pid, who)

        Database._exchange = counted  # type: ignore[assignment,method-assign]  # noqa: SLF001

    def _look(self, pid: int, who: str) -> None:
        """Give what a process used since the last look to whoever had it last."""
        try:
            used_s = int(Path(f"/proc/{pid}/schedstat").read_bytes().split(b" ", 1)[0]) / 1e9
        except OSError:
            return
        had, before_s = self._seen.get(pid, (who, 0.0))
        self.postgres[had] += used_s - before_s
        self._seen[pid] = who, used_s

    def told(self) -> dict[str, Any]:
        """Return what is counted so far."""
        all_of_us = {"all": time.process_time()}
        return {"ours": {**self.ours, **all_of_us}, "postgres": dict(self.postgres), "turns": dict(self.turns)}


def be_the_house(told: Path) -> None:
    """Run ``gatepost`` with its tasks counted, and tell of it in a file."""
    from gatepost.app import serve as house  # noqa: PLC0415  # only this process is a house
    from gatepost.cli import main as gatepost  # noqa: PLC0415

    counts = Counts()
    counts.threads()
    counts.connections()
    up = house.serve

    async def counted(*given: Any, **named: Any) -> None:
        asyncio.get_running_loop().set_task_factory(counts.task)
        await up(*given, **named)

    house.serve = counted

    tell(told, counts.told, TOLD_EVERY_S)
    gatepost()


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Send mails to a house of our own; return what they cost whom."""
    async with counting(__file__, options) as run:
        before = _look(run)
        done = await run.send()
        after = _look(run)
        await asyncio.sleep(options.rest)
        rested = _look(run)
    return {
        "accepted_per_s": round(done.accepted / done.seconds, 1),
        "a_message": _between(before, after, done.accepted),
        "a_second_at_rest": _between(after, rested, options.rest) if options.rest else {},
    }


def _look(run: Counting) -> dict[str, dict[str, float]]:
    looked: dict[str, dict[str, float]] = run.counts()
    use = run.house.use()
    looked["house"] = {"ours": use.ours_s, "postgres": use.postgres_s}
    return looked


def _between(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]], by: float) -> dict[str, Any]:
    """Return microseconds and turns of each, the dearest first."""

    def grown(kind: str, who: str) -> float:
        return (after[kind].get(who, 0.0) - before[kind].get(who, 0.0)) / by

    rows = {
        who: [
            round(grown("ours", who) * 1e6, 1),
            round(grown("postgres", who) * 1e6, 1),
            round(grown("turns", who), 3),
        ]
        for who in {*after["ours"], *after["postgres"]} - {"all"}
    }
    named = sum(grown("ours", who) for who in rows)
    rows[LOOP] = [round((grown("ours", "all") - named) * 1e6, 1), 0, 0]
    rows["all of the house"] = [round(grown("house", which) * 1e6, 1) for which in ("ours", "postgres")]
    return {who: row for who, row in sorted(rows.items(), key=lambda each: -each[1][0]) if any(row)}


def main() -> None:
    """Read the options and run."""
    if (told := asked_for_the_house()) is not None:
        be_the_house(told)
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=3_000, help="mails in the measured run")
    parser.add_argument("--connections", type=int, default=32, help="SMTP connections at once, 50 at the most")
    parser.add_argument("--rest", type=float, default=0.0, help="seconds to watch the house at rest afterwards")
    add_options(parser)
    options = parser.parse_args()
    measured = uvloop.run(measure(options))
    for title in ("a_message", "a_second_at_rest"):
        for who, row in measured[title].items():
            print(f"{title:18}{who:60}{row}", file=sys.stderr)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
