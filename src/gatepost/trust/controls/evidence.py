"""Evidence that must be found out: scans, clocks and certificates, each with one fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from gatepost.trust.bench import Bench
from gatepost.trust.checks import findings
from gatepost.trust.registers import Vulnerability

_DAY = timedelta(days=1)
_CLEAN = b'{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'


@asynccontextmanager
async def old_scan(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of last month."""
    now = bench.clock()
    day = (now - 30 * _DAY).date()
    row = findings.Scanned("control", day, _CLEAN)
    yield findings.Scans((row,), frozenset(), frozenset(), now)


@asynccontextmanager
async def partial_scan(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of today that left out a package which is installed."""
    now = bench.clock()
    row = findings.Scanned("control", now.date(), _CLEAN)
    yield findings.Scans((row,), frozenset(), frozenset({"a==1", "left-out==1"}), now)


@asynccontextmanager
async def scan_of_other_versions(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of today of what ran here last year."""
    now = bench.clock()
    row = findings.Scanned("control", now.date(), _CLEAN)
    yield findings.Scans((row,), frozenset(), frozenset({"a==2"}), now)


@asynccontextmanager
async def asset_not_scanned(bench: Bench) -> AsyncIterator[findings.Scans]:
    """Two assets, of which one was scanned today."""
    now = bench.clock()
    row = findings.Scanned("control", now.date(), _CLEAN)
    yield findings.Scans((row,), frozenset(), frozenset(), now, ("control", "other.example"))


@asynccontextmanager
async def untriaged(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of today that found what nobody has looked at."""
    now = bench.clock()
    found = b'{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CONTROL-1"}]}]}'
    row = findings.Scanned("control", now.date(), found)
    yield findings.Scans((row,), frozenset(), frozenset(), now)


def _backlog(bench: Bench, severity: str, clock: str) -> findings.Backlog:
    now = bench.clock()
    row = Vulnerability(id="control", severity=severity, detected_at=(now - 200 * _DAY).isoformat())
    return findings.Backlog((row,), clock, now)


@asynccontextmanager
async def late(bench: Bench) -> AsyncIterator[findings.Backlog]:
    """A critical finding that lies open since half a year."""
    yield _backlog(bench, "critical", "critical")


@asynccontextmanager
async def old_minor(bench: Bench) -> AsyncIterator[findings.Backlog]:
    """A minor one of the same age that nobody accepted."""
    yield _backlog(bench, "minor", "minor")


@asynccontextmanager
async def old_certificate(bench: Bench) -> AsyncIterator[findings.Certificates]:
    """A supplier's certificate that lapsed."""
    now = bench.clock()
    yield findings.Certificates({"control": ("ISO/IEC 27001:2022", now - _DAY)}, now)


@asynccontextmanager
async def old_standard(bench: Bench) -> AsyncIterator[findings.Certificates]:
    """A supplier's certificate by a standard of another time."""
    now = bench.clock()
    yield findings.Certificates({"control": ("SSAE 16", now + 90 * _DAY)}, now)
