"""The release that runs: did its checks pass, did somebody else read it, was this very build in beta before?

Where the public log says so of this build, it is measured; where only the operator's register does, it is a word.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gatepost.record.paper import Json
from gatepost.trust import release
from gatepost.trust.paper import CannotVerifyError, Finding, attested, failed, passed
from gatepost.trust.registers import Release
from gatepost.trust.release import Course
from gatepost.trust.world import World

BETA_DAYS_MIN = 2
_UNSTATED = Course()


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """Evidence of releases, the version that runs, what the log says of its build, and today."""

    releases: tuple[Release, ...]
    running: str
    now: datetime
    course: Course = _UNSTATED


async def releases(world: World, _arguments: Mapping[str, str]) -> Releases:
    """Return the operator's evidence, this program's version, and what was stated of its build."""
    build = await asyncio.to_thread(release.build_of, world.source)
    course = await release.course(world.house, build)
    return Releases(releases=world.operator.releases, running=world.version, now=world.house.clock(), course=course)


def _of_running(target: Releases) -> Release:
    found = next((each for each in target.releases if each.version == target.running), None)
    if found is None:
        raise CannotVerifyError("release.unrecorded")
    return found


async def release_checked(target: Releases) -> Finding:
    """See that the running release passed its checks and was looked at by another person, or says that nobody did."""
    stated = target.course.entered
    if stated is not None:
        results = stated.results
        if results.failed or results.tests <= results.skipped:
            return failed("release.unchecked", {"tests": results.tests, "failed": results.failed})
        if stated.reviewer == stated.author:
            return failed("release.unreviewed", stated.version)
        told: dict[str, Json] = {"version": stated.version, "tests": results.tests, "skipped": results.skipped}
        return passed({**told, "build": stated.build[:16], "sole": not stated.reviewer})
    row = _of_running(target)
    if not row.checks or not row.commit:
        return failed("release.unchecked", row.version)
    if row.reviewer == row.author and not row.sole_maintainer:
        return failed("release.unreviewed", row.version)
    value: dict[str, Any] = {"version": row.version, "checks": [*row.checks][:6], "sole": row.sole_maintainer}
    return attested(value, target.now + timedelta(days=90))


async def release_staged(target: Releases) -> Finding:
    """See that the running release was in beta before production, as long as promised."""
    stated, ran_at = target.course.entered, target.course.ran_at
    if stated is not None:
        if ran_at is None:
            raise CannotVerifyError("release.not_seen_running")
        beta = ran_at - stated.at
        if beta < timedelta(days=BETA_DAYS_MIN):
            return failed("release.beta_short", round(beta / timedelta(days=1), 1), "days")
        return passed({"version": stated.version, "beta_days": beta.days, "build": stated.build[:16]})
    row = _of_running(target)
    days = (row.production_on - row.beta_on).days
    if days < row.beta_days_min or row.beta_days_min < 1:
        return failed("release.beta_short", days, "days")
    return attested({"version": row.version, "beta_days": days}, target.now + timedelta(days=90))
