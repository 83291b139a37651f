"""The metrics put together: the boards of all processes, and what is asked for at this moment."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gatepost import act
from gatepost.app import board
from gatepost.app.backlog import Backlog, age_s, backlog
from gatepost.app.board import CONNECTED, DISCONNECTED, FAMILIES, LACKS_FILES, PLACES, Family
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.metrics import Metric, Sample
from gatepost.journey import House
from gatepost.trust import caught
from gatepost.trust.fault import Fault
from gatepost.upkeep import siem

BACKLOG_WITHIN_S = 2.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")


async def metrics(house: House, boards: Path, processes: Mapping[str, Sequence[int]]) -> list[Metric]:
    """Return every metric as it is now; a database that is away costs its own lines and no others.

    Args:
        house: whose database is asked.
        boards: the folder of the boards.
        processes: the house's own processes: a word for each kind, and their ids.
    """
    each_process = list(board.read_all(boards))
    slots = board.total(each_process)
    found = [_counted(each, slots) for each in FAMILIES]
    is_open = slots[PLACES[CONNECTED.name][()]] - slots[PLACES[DISCONNECTED.name][()]]
    found.append(_gauge("gatepost_smtp_sessions", "SMTP sessions open now.", is_open))
    lasts_s = board.commit_lasts_s(each_process)
    found.append(_gauge("gatepost_commit_under_way_seconds", "How long the oldest commit of mail has been.", lasts_s))
    found += _of_processes(processes)
    found.append(_gauge(LACKS_FILES.name, LACKS_FILES.doc, board.lacking_files(each_process)))
    found += _of_pools({"app": house.db.usage(), "accept": house.accepting.usage()})
    try:
        async with asyncio.timeout(BACKLOG_WITHIN_S):
            found += _of_backlog(await backlog(house.db, house.clock()))
            found += _of_webhooks(await act.behind(house.db), house.clock())
            found += _of_faults(await caught.read_faults(house.db))
            found += _of_exports(await siem.standings(house.db, house.clock()))
    except (TimeoutError, DatabaseUnavailableError):
        is_up = 0
    else:
        is_up = 1
    return [*found, _gauge("gatepost_database_up", "Whether the database answers.", is_up)]


def _counted(metric: Family, slots: list[float]) -> Metric:
    samples: list[Sample] = []
    for labels in metric.series():
        named = dict(zip(metric.labels, labels, strict=True))
        first = PLACES[metric.name][labels]
        if metric.bounds:
            samples += _histogram(metric, named, slots[first : first + metric.width])
        elif slots[first] or not labels:  # of hundreds of combinations few ever happen
            samples.append(Sample(slots[first], named))
    return Metric(metric.name, metric.doc, "histogram" if metric.bounds else "counter", tuple(samples))


def _histogram(metric: Family, labels: dict[str, str], slots: list[float]) -> Iterator[Sample]:
    *buckets, total = slots
    below = 0.0
    for bound, count in zip([*map(str, metric.bounds), "+Inf"], buckets, strict=True):
        below += count
        yield Sample(below, {**labels, "le": bound.removesuffix(".0")}, "_bucket")
    yield Sample(total, labels, "_sum")
    yield Sample(below, labels, "_count")


def _gauge(name: str, doc: str, value: float) -> Metric:
    return Metric(name, doc, "gauge", (Sample(value, {}),))


def _of_faults(known: Sequence[Fault]) -> Iterator[Metric]:
    last = max((each.last_at.timestamp() for each in known), default=0.0)
    yield _gauge("gatepost_error_kinds", "Kinds of errors nobody expected: gatepost errors list.", len(known))
    yield Metric(
        "gatepost_errors_total",
        "Errors nobody expected.",
        "counter",
        (Sample(sum(each.count for each in known), {}),),
    )
    yield _gauge("gatepost_error_last_timestamp_seconds", "When one came last; 0: never.", last)


def _of_backlog(now: Backlog) -> Iterator[Metric]:
    yield _gauge("gatepost_log_entries_waiting", "Entries without a place in the log; at most 100000.", now.entries)
    yield _gauge("gatepost_log_lag_seconds", "Age of the oldest of them: how far the log is behind.", now.log_lag_s)
    yield _gauge("gatepost_jobs_waiting", "Jobs not done yet; at most 100000.", now.jobs)
    yield _gauge("gatepost_jobs_due", "Jobs whose time has come; at most 100000.", now.jobs_due)
    yield _gauge("gatepost_jobs_lag_seconds", "How long the first of them waits for a worker.", now.jobs_lag_s)
    yield _gauge("gatepost_jobs_dead", "Jobs given up, for a person to look at.", now.jobs_dead)
    yield _gauge("gatepost_mail_unindexed", "Kept messages not in the search index; at most 100000.", now.unindexed)
    yield _gauge("gatepost_mail_unindexed_lag_seconds", "Age of the oldest of them.", now.unindexed_lag_s)
    yield _gauge("gatepost_entries_unindexed", "Entries of the log not in the record's index.", now.unindexed_entries)
    yield _gauge("gatepost_entries_unindexed_lag_seconds", "Age of the oldest of them.", now.unindexed_entries_lag_s)


def _of_exports(known: Sequence[siem.Standing]) -> Iterator[Metric]:
    """Spell destinations by what stands at the other end; whose each is, the doctor says."""
    of = {kind: [each for each in known if each.kind is kind] for kind in siem.Kind}
    states = tuple(
        Sample(sum(each.state == state for each in some), {"kind": kind, "state": state})
        for kind, some in of.items()
        for state in siem.STATES
    )
    yield Metric("gatepost_exports", "Destinations of the record.", "gauge", states)

    def gauge(name: str, doc: str, value: Callable[[Sequence[siem.Standing]], float]) -> Metric:
        samples = tuple(Sample(value(some), {"kind": kind}) for kind, some in of.items())
        return Metric(f"gatepost_export_{name}", doc, "gauge", samples)

    yield gauge("lag_entries", "Entries that the last of them still lacks.", lambda some: _most(e.lag for e in some))
    yield gauge("lag_seconds", "Age of the oldest entry one still lacks.", lambda some: _most(e.lag_s for e in some))
    yield gauge("dead_letters", "Entries that they would not take.", lambda some: sum(e.letters for e in some))
    yield gauge("rejected", "Entries refused without being named.", lambda some: sum(e.rejected for e in some))
    yield gauge("alerts", "Those where something else is wrong.", lambda some: sum(bool(e.alert) for e in some))


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


def _of_webhooks(now: act.Behind, at: datetime) -> Iterator[Metric]:
    """Spell what waits for endpoints: these are no jobs, and no fault of the house's."""
    lag_s, silent_s = age_s(now.oldest, at), age_s(now.silent_since, at)
    yield _gauge("gatepost_webhook_events_waiting", "Events not told to an endpoint yet; at most 100000.", now.waiting)
    yield _gauge("gatepost_webhook_lag_seconds", "How long the first in line of any endpoint waits.", lag_s)
    yield _gauge("gatepost_webhook_events_dead", "Events given up and kept for a replay; at most 100000.", now.dead)
    yield _gauge("gatepost_webhooks_silent", "Endpoints that do not answer; at most 100000.", now.silent)
    yield _gauge("gatepost_webhooks_silent_seconds", "For how long the first of them has not.", silent_s)


def _of_pools(pools: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Spell this process's pools by the role they connect as; those of SMTP workers are their own."""
    connections = tuple(
        Sample(count, {"pool": pool, "state": state})
        for pool, usage in pools.items()
        for state, count in (
            ("idle", usage.get("pool_available", 0)),
            ("used", usage.get("pool_size", 0) - usage.get("pool_available", 0)),
        )
    )
    yield Metric("gatepost_database_connections", "Connections of the house's pools.", "gauge", connections)
    for name, doc, kind, key in (
        ("gatepost_database_waiting", "Callers that wait for a connection.", "gauge", "requests_waiting"),
        ("gatepost_database_requests_total", "Connections asked for.", "counter", "requests_num"),
        ("gatepost_database_refused_total", "Callers that waited in vain.", "counter", "requests_errors"),
    ):
        samples = tuple(Sample(usage.get(key, 0), {"pool": pool}) for pool, usage in pools.items())
        yield Metric(name, doc, kind, samples)


def _of_processes(processes: Mapping[str, Sequence[int]]) -> Iterator[Metric]:
    """Spell processor time, memory and open files."""
    spent = {word: [sum(column) for column in zip(*map(_spent, pids), strict=True)] for word, pids in processes.items()}
    for column, (name, doc, kind) in enumerate(
        (
            ("gatepost_cpu_seconds_total", "Processor time, user and system, with that of ended children.", "counter"),
            ("gatepost_memory_octets", "Resident memory, without what is shared with others.", "gauge"),
            ("gatepost_files_open", "Open files and sockets.", "gauge"),
        )
    ):
        yield Metric(name, doc, kind, tuple(Sample(found[column], {"process": word}) for word, found in spent.items()))


def _spent(pid: int) -> tuple[float, float, float]:
    """Return seconds, octets and files of a process; nought for one that has ended or is not ours."""
    process = Path("/proc", str(pid))
    try:
        ticks = sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:15]))
        _, resident, shared, *_ = map(int, (process / "statm").read_text().split())
        files = sum(1 for _ in (process / "fd").iterdir())
    except OSError:
        return 0.0, 0.0, 0.0
    return ticks / _TICKS_PER_S, float((resident - shared) * _PAGE_OCTETS), float(files)


def family(pid: int) -> list[int]:
    """Return a process and its living children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *map(int, children)]
