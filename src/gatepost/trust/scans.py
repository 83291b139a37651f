"""Scans are read in, and what they found is triaged, mended and deployed: each step a leaf of the public trust log."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import scan_store, stating, store, weakness
from gatepost.trust.weakness import Weakness, WeaknessError

REPORT_MAX_OCTETS = 8_000_000
WINDOW = timedelta(days=400)

Say = Callable[[Weakness, datetime], Fact]
"""Say a step of a finding at a moment."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a scan brought: packages looked at, and findings nobody knew."""

    packages: int
    fresh: tuple[str, ...]


async def take(house: House, asset: str, octets: bytes) -> Taken:
    """Read a report in; state that the asset was scanned, and each finding that is new or has come back.

    Raises:
        WeaknessError: it cannot be read, or looked at nothing: a scan without advisory data is none.
    """
    if len(octets) > REPORT_MAX_OCTETS:
        raise WeaknessError("it is too long")
    report, now = weakness.read_report(octets), house.clock()
    if not report.packages:
        raise WeaknessError("it looked at nothing: pip-audit had no advisory data")
    detail: dict[str, Json] = {
        "tool": "pip-audit",
        "report_sha256": hashlib.sha256(octets).hexdigest(),
        "packages": len(report.packages),
        "findings": len(report.found),
    }
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        stated = await stating.facts_in(tx, weakness.SUBJECT, now - WINDOW)
        known = {each.id: each for each in weakness.weaknesses_of(stated)}
        fresh = [name for name in sorted(report.found) if name not in known or known[name].deployed_at]
        await scan_store.put(tx, asset, octets, now)
        done = Fact(action=weakness.SCANNED, at=now, object_ref=asset, detail=detail)
        await stating.state_in(tx, weakness.SCAN, done, entropy=house.entropy)
        for name in fresh:
            found = weakness.detected(name, report.found[name], at=now)
            await stating.state_in(tx, weakness.SUBJECT, found, entropy=house.entropy)
    return Taken(len(report.packages), tuple(fresh))


async def step(house: House, identifier: str, say: Say) -> None:
    """Take one step with a finding.

    Raises:
        WeaknessError: there is no such finding, or the step cannot be taken.
    """
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        found = weakness.weaknesses_of(await stating.facts_of(tx, weakness.SUBJECT + identifier))
        if not found:
            raise WeaknessError("there is no such finding: gatepost findings list")
        await stating.state_in(tx, weakness.SUBJECT, say(found[0], house.clock()), entropy=house.entropy)


async def read_weaknesses(house: House) -> list[Weakness]:
    """Return findings of which something was stated within thirteen months, oldest first."""
    return weakness.weaknesses_of(await stating.facts(house.db, weakness.SUBJECT, house.clock() - WINDOW))


async def read_scans(house: House) -> list[scan_store.Scanned]:
    """Return each asset's newest report."""
    async with house.db.transaction(TRUST) as tx:
        return await scan_store.newest(tx)
