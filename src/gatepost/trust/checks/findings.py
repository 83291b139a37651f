"""Weak points by their records: scans and their age, clocks of triage and fix, suppliers' certificates.

A scan's output is read again each time; nobody's summary of it is believed. What the register says of people's work
is a word, and is shown as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from gatepost.record.paper import Json
from gatepost.trust.paper import CannotVerifyError, Finding, attested, borne_out, failed, passed
from gatepost.trust.registers import Vulnerability
from gatepost.trust.scans import REPORT_MAX_OCTETS, read_scans, read_weaknesses
from gatepost.trust.weakness import TARGETS, Report, Weakness, WeaknessError, read_report
from gatepost.trust.world import World

SCAN_DAYS_MAX = 7
MINOR_DAYS_MAX = 120
_PERCENTILE = 0.95


@dataclass(frozen=True, slots=True)
class Scanned:
    """One completed scan, with what it wrote."""

    asset: str
    completed_on: date
    report: bytes


@dataclass(frozen=True, slots=True)
class Scans:
    """Completed scans, which findings somebody has triaged, what is installed here, and what is to be scanned."""

    scans: tuple[Scanned, ...]
    known: frozenset[str]
    installed: frozenset[str]
    now: datetime
    assets: tuple[str, ...] = ()


async def scans(world: World, _arguments: Mapping[str, str]) -> Scans:
    """Return the operator's scans, and those that were read in by command."""
    operator = world.operator
    found = [Scanned(each.asset, each.completed_on, _octets(operator.folder / each.file)) for each in operator.scans]
    found += [Scanned(each.asset, each.at.date(), each.report) for each in await read_scans(world.house)]
    triaged = [each.id for each in await read_weaknesses(world.house) if each.triaged_at]
    known = frozenset(each.id for each in operator.vulnerabilities) | frozenset(triaged)
    return Scans(tuple(found), known, world.packages, _now(world), operator.disclosure.assets)


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(REPORT_MAX_OCTETS + 1)
    except OSError as error:
        raise CannotVerifyError("scan.unreadable") from error


def _now(world: World) -> datetime:
    return world.house.clock()


async def scanned(target: Scans) -> Finding:
    """See that each asset's newest scan is a week old at most, finished, and has no finding nobody has triaged.

    What runs here is covered by one of them, at the versions that run.
    """
    newest: dict[str, Scanned] = {}
    for each in sorted(target.scans, key=lambda scan: scan.completed_on):
        newest[each.asset] = each
    if not newest:
        raise CannotVerifyError("scan.none")
    if missing := [asset for asset in target.assets if asset not in newest]:
        return failed("scan.missing", missing[:6])
    left = target.installed
    for asset, scan in newest.items():
        if (target.now.date() - scan.completed_on).days > SCAN_DAYS_MAX:
            return failed("scan.old", asset)
        report = _read(scan.report)
        if not report.packages:
            raise CannotVerifyError("scan.no_advisory_data")
        left -= report.packages
        untriaged = sorted(set(report.found) - target.known)
        if untriaged:
            return failed("scan.untriaged", {asset: len(untriaged)}, "findings")
    if left:
        return failed("scan.incomplete", {"not_scanned": len(left), "such_as": sorted(left)[:3]})
    oldest = min(scan.completed_on for scan in newest.values())
    return passed({"assets": len(newest), "oldest": oldest.isoformat()})


def _read(octets: bytes) -> Report:
    if len(octets) > REPORT_MAX_OCTETS:
        raise CannotVerifyError("scan.too_long")
    try:
        return read_report(octets)
    except WeaknessError as error:
        raise CannotVerifyError("scan.unreadable") from error


@dataclass(frozen=True, slots=True)
class Backlog:
    """Findings with their clocks, of the severities asked for; today. ``is_stated``: all of them by leaves."""

    rows: tuple[Vulnerability, ...]
    clock: str
    now: datetime
    is_stated: bool = False


async def backlog(world: World, arguments: Mapping[str, str]) -> Backlog:
    """Return the operator's register and the log's; ``clock`` is ``triage``, ``critical``, ``serious`` or ``minor``."""
    clock = arguments["clock"]
    declared = [each for each in world.operator.vulnerabilities if clock in {"triage", each.severity}]
    stated = [_row(each) for each in await read_weaknesses(world.house)]
    of_clock = [each for each in stated if clock in {"triage", each.severity}]
    return Backlog((*declared, *of_clock), clock, _now(world), is_stated=not declared)


def _row(known: Weakness) -> Vulnerability:
    def spelled(at: datetime | None) -> str:
        return at.isoformat() if at else ""

    return Vulnerability(
        id=known.id,
        severity=known.severity.value if known.severity else "",
        detected_at=known.detected_at.isoformat(),
        triaged_at=spelled(known.triaged_at),
        deployed_at=spelled(known.deployed_at or (known.triaged_at if known.accepted else None)),
        accepted=known.accepted,
    )


async def in_time(target: Backlog) -> Finding:
    """See that each was triaged, or deployed, in time; one still open counts up to now."""
    if not target.rows:
        raise CannotVerifyError("nothing.to_look_at")
    if target.clock == "minor":
        return _minors(target)
    limit = TARGETS[target.clock]
    took = {each.id: _took(each, target) for each in target.rows}
    late = sorted(name for name, duration in took.items() if duration > limit)
    hours = sorted(duration.total_seconds() / 3600 for duration in took.values())
    value = round(hours[int(_PERCENTILE * (len(hours) - 1))], 1)
    if late:
        return failed("clock.missed", {"late": [*late[:4]], "p95_hours": value})
    return _word_or_proof(target, {"p95_hours": value, "count": len(hours)})


def _took(row: Vulnerability, target: Backlog) -> timedelta:
    end = row.triaged_at if target.clock == "triage" else row.deployed_at
    return (_moment(end) if end else target.now) - _moment(row.detected_at)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CannotVerifyError("clock.unreadable") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _minors(target: Backlog) -> Finding:
    old = [
        each.id
        for each in target.rows
        if not each.deployed_at and not each.accepted and (target.now - _moment(each.detected_at)).days > MINOR_DAYS_MAX
    ]
    if old:
        return failed("minor.old", [*old[:6]])
    still = sum(not each.deployed_at for each in target.rows)
    return _word_or_proof(target, {"open": still, "of": len(target.rows)})


def _word_or_proof(target: Backlog, value: Json) -> Finding:
    """Pass where every time is a leaf's; where the register speaks for one of them, it stays a word."""
    return borne_out(value, target.now + timedelta(days=30), by_log=target.is_stated)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Suppliers' certificates by their ends."""

    ends: Mapping[str, tuple[str, datetime]]
    now: datetime


SUPERSEDED = ("SSAE 16", "SAS 70", "ISO 27001:2013", "Privacy Shield")


async def certificates(world: World, _arguments: Mapping[str, str]) -> Certificates:
    """Return the certificates of those suppliers who have one."""
    ends = {
        each.id: (each.certificate, datetime.combine(each.certificate_until, time(), UTC))
        for each in world.operator.suppliers
        if each.certificate and each.certificate_until
    }
    return Certificates(ends, _now(world))


async def certificates_valid(target: Certificates) -> Finding:
    """See that no certificate has lapsed, or is by a standard that was superseded."""
    if not target.ends:
        raise CannotVerifyError("nothing.to_look_at")
    for name, (standard, until) in target.ends.items():
        if any(old in standard for old in SUPERSEDED):
            return failed("certificate.superseded", {name: standard})
        if until <= target.now:
            return failed("certificate.lapsed", name)
    return attested({"certificates": len(target.ends)}, min(until for _, until in target.ends.values()))
