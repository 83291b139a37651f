"""The release that runs: measured where the log speaks of its build, a word where only the register does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.trust import Outcome, release
from gatepost.trust.checks import releases
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.release import Course, build_of
from outbound import NOW
from trust.scene import Scene
from trust.test_release import ENTRY


def target(hours: float, **changes: object) -> releases.Releases:
    """Return a build that ran so many hours after it had entered beta."""
    entered = replace(ENTRY, **changes)  # type: ignore[arg-type]  # each test names fields that are there
    course = Course(entered, entered.at + timedelta(hours=hours))
    return releases.Releases(releases=(), running="0.2.0", now=NOW, course=course)


async def test_a_build_that_was_in_beta_with_green_tests_passes() -> None:
    for judge in (releases.release_checked, releases.release_staged):
        assert (await judge(target(48))).outcome is Outcome.PASS


async def test_beta_is_two_days_by_the_leaves_and_not_an_hour_less() -> None:
    assert (await releases.release_staged(target(47))).reason == "release.beta_short"
    unseen = replace(target(48), course=Course(ENTRY, None))
    with pytest.raises(CannotVerifyError, match="not_seen_running"):
        await releases.release_staged(unseen)


async def test_red_skipped_and_unread_releases_fail() -> None:
    red = replace(ENTRY.results, failed=1)
    skipped = replace(ENTRY.results, skipped=4)
    found = [
        await releases.release_checked(target(48, results=red)),
        await releases.release_checked(target(48, results=skipped)),
        await releases.release_checked(target(48, reviewer=ENTRY.author)),
    ]
    assert [each.reason for each in found] == ["release.unchecked", "release.unchecked", "release.unreviewed"]
    alone = await releases.release_checked(target(48, reviewer=""))
    assert isinstance(alone.value, dict)
    assert (alone.outcome, alone.value["sole"]) == (Outcome.PASS, True)


async def test_it_is_the_build_that_runs_and_no_other(scene: Scene) -> None:
    world = scene.world(scene.operator())
    assert (await releases.releases(world, {})).course == Course()
    await release.enter(scene.house, ENTRY)
    assert (await releases.releases(world, {})).course == Course()
    await release.enter(scene.house, replace(ENTRY, build=build_of(world.source)))
    assert (await releases.releases(world, {})).course.entered is not None
