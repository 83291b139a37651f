"""Findings of scans and reports, each with its clocks, each nothing but its leaves; what a scan's report says. Pure.

The targets are public: four hours to triage, a day from detection to deployment where it is critical or serious.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import orjson

from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust.cases import checked_ref

DETECTED, TRIAGED, FIXED, DEPLOYED = "finding.detected", "finding.triaged", "finding.fixed", "finding.deployed"
SCANNED = "scan.completed"
SUBJECT, SCAN = "@finding/", "@scan/"
TARGETS = {"triage": timedelta(hours=4), "critical": timedelta(hours=24), "serious": timedelta(hours=24)}
"""How long after its detection each is to be triaged, or its mending deployed."""
FINDINGS_MAX = 500
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class Severity(StrEnum):
    """How bad it is for this house, as a person judged."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    MINOR = "minor"


class WeaknessError(ValueError):
    """A step cannot be taken, or a report cannot be read; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a scan says. ``packages``: what it looked at, as ``pin`` spells it; ``found``: each finding's package."""

    packages: frozenset[str]
    found: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One finding as its leaves say it. ``accepted``: why nothing is mended; empty where something is to be."""

    id: str
    package: str
    detected_at: datetime
    severity: Severity | None = None
    triaged_at: datetime | None = None
    accepted: str = ""
    fixed_at: datetime | None = None
    deployed_at: datetime | None = None

    def due_at(self) -> datetime | None:
        """Return when the next step is due; None where there is none, or no target for it."""
        if self.triaged_at is None:
            return self.detected_at + TARGETS["triage"]
        if self.deployed_at is not None or self.accepted or self.severity not in TARGETS:
            return None
        return self.detected_at + TARGETS[self.severity]

    def state(self, now: datetime) -> str:
        """Return ``deployed``, ``accepted``, ``fixed``, ``triaged`` or ``detected``; with ``, overdue``."""
        if self.deployed_at:
            return "deployed"
        if self.accepted:
            return "accepted"
        state = "fixed" if self.fixed_at else "triaged" if self.triaged_at else "detected"
        due_at = self.due_at()
        return f"{state}, overdue" if due_at is not None and now > due_at else state


def read_report(octets: bytes) -> Report:
    """Read the JSON that pip-audit writes. A package it skipped was not looked at.

    Raises:
        WeaknessError: it is none, or too much of one.
    """
    try:
        said = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        raise WeaknessError("it is no JSON") from error
    packages = said.get("dependencies") if isinstance(said, dict) else None
    if not isinstance(packages, list):
        raise WeaknessError("it is no report of pip-audit: it has no list of dependencies")
    looked_at = [each for each in packages if isinstance(each, dict) and isinstance(each.get("vulns"), list)]
    found = {
        str(vuln.get("id")): normal(str(each.get("name")))
        for each in looked_at
        for vuln in each["vulns"]
        if isinstance(vuln, dict)
    }
    if len(found) > FINDINGS_MAX or not all(_ID.fullmatch(name) for name in found):
        raise WeaknessError(f"it has more than {FINDINGS_MAX} findings, or one whose id is none")
    return Report(frozenset(pin(str(each.get("name")), str(each.get("version"))) for each in looked_at), found)


def normal(name: str) -> str:
    """Return a distribution's name as PyPA compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()[:64]


def pin(name: str, version: str) -> str:
    """Return a distribution at its version, as requirements spell it: what was scanned at another was not scanned."""
    return f"{normal(name)}=={version[:64]}"


def detected(identifier: str, package: str, *, at: datetime) -> Fact:
    """Return that something was found. Its clocks run from now."""
    return Fact(action=DETECTED, at=at, object_ref=identifier, detail={"package": package})


def triaged(known: Weakness, severity: Severity, *, by: str, at: datetime, accepted: str = "") -> Fact:
    """Return that a person judged it; ``accepted`` says why nothing is to be mended.

    Raises:
        WeaknessError: somebody did before, or what is critical is to be accepted.
        CaseError: ``by`` is no reference.
    """
    if known.triaged_at is not None:
        raise WeaknessError("it was triaged before, and stays as it was")
    if accepted and severity is Severity.CRITICAL:
        raise WeaknessError("what is critical is mended, not accepted")
    detail: dict[str, Json] = {"severity": severity.value, "by": checked_ref(by), "accepted": accepted.strip()[:200]}
    return Fact(action=TRIAGED, at=at, object_ref=known.id, detail=detail)


def fixed(known: Weakness, commit: str, *, at: datetime) -> Fact:
    """Return that a commit mends it.

    Raises:
        WeaknessError: nobody triaged it, it is mended or accepted, or that is no commit.
    """
    if known.triaged_at is None or known.fixed_at or known.accepted:
        raise WeaknessError("triage it first" if known.triaged_at is None else "it is mended or accepted already")
    if not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        raise WeaknessError("a commit is 7 to 64 hexadecimal digits")
    return Fact(action=FIXED, at=at, object_ref=known.id, detail={"commit": commit})


def deployed(known: Weakness, version: str, *, at: datetime) -> Fact:
    """Return that a version which mends it runs.

    Raises:
        WeaknessError: it is not mended, or was deployed before.
    """
    if known.fixed_at is None or known.deployed_at is not None:
        raise WeaknessError("it is not mended" if known.fixed_at is None else "it was deployed before")
    return Fact(action=DEPLOYED, at=at, object_ref=known.id, detail={"version": version.strip()[:64]})


def weaknesses_of(facts: Iterable[Stated]) -> list[Weakness]:
    """Return what leaves, oldest first, come to. One found again after its mending was deployed begins anew."""
    found: dict[str, Weakness] = {}
    for fact in facts:
        known, detail = found.get(fact.object_ref), fact.detail
        if fact.action == DETECTED:
            found[fact.object_ref] = Weakness(id=fact.object_ref, package=detail["package"], detected_at=fact.at)
        elif known is not None and fact.action == TRIAGED:
            severity = Severity(detail["severity"])
            found[known.id] = replace(known, severity=severity, triaged_at=fact.at, accepted=detail["accepted"])
        elif known is not None and fact.action == FIXED:
            found[known.id] = replace(known, fixed_at=fact.at)
        elif known is not None and fact.action == DEPLOYED:
            found[known.id] = replace(known, deployed_at=fact.at)
    return [*found.values()]
