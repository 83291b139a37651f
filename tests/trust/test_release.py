"""Releases by their leaves: named by their files, stated once, their reports read and not believed further."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatepost.trust import release
from gatepost.trust.release import Course, Entered, ReleaseError, Results, build_of, read_report
from outbound import NOW
from trust.scene import Scene

REPORT = b"""<?xml version="1.0"?>
<testsuites tests="99"><testsuite>
<testcase name="a"/>
<testcase name="b"><failure/><error/></testcase>
<testcase name="c"><skipped/></testcase>
<testcase name="d"><error/></testcase>
</testsuite></testsuites>
"""
ENTRY = Entered(
    build="1" * 64,
    version="0.2.0",
    commit="2" * 40,
    author="member 6",
    reviewer="member 2",
    results=Results(tests=4, failed=0, skipped=1, sha256="3" * 64),
    at=NOW,
)


def test_tests_are_counted_and_no_sum_is_believed() -> None:
    found = read_report(REPORT)
    assert (found.tests, found.failed, found.skipped) == (4, 2, 1)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"no xml",
        b"<testsuite/>",
        b"<testsuite><testcase></testsuite>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase>&b;</testcase></testsuite>',
        b"x" * (release.REPORT_MAX_OCTETS + 1),
    ],
    ids=["empty", "text", "no test", "broken", "entity", "long"],
)
def test_what_is_no_report_is_no_evidence(octets: bytes) -> None:
    with pytest.raises(ReleaseError):
        read_report(octets)


def test_a_build_is_its_files_by_name_and_content(tmp_path: Path) -> None:
    def built(name: str, text: str, at: str) -> str:
        folder = tmp_path / at
        folder.mkdir()
        (folder / name).write_text(text)
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / f"{at}.pyc").write_text(at)
        return build_of(folder)

    assert built("a.py", "1", "one") == built("a.py", "1", "two")
    assert len({build_of(tmp_path / "one"), built("a.py", "2", "three"), built("b.py", "1", "four")}) == 3


async def test_each_build_enters_once_and_is_first_seen_once(scene: Scene) -> None:
    assert await release.course(scene.house, ENTRY.build) == Course()
    await release.enter(scene.house, ENTRY)
    with pytest.raises(ReleaseError, match="before"):
        await release.enter(scene.house, replace(ENTRY, version="0.3.0"))
    await release.ran(scene.house, ENTRY.build, "0.2.0")
    first = scene.clock()
    scene.clock.move(timedelta(days=3))
    await release.ran(scene.house, ENTRY.build, "0.2.0")
    assert await release.course(scene.house, ENTRY.build) == Course(ENTRY, first)


@pytest.mark.parametrize("build", ["", "1" * 63, "G" * 64, "0.2.0"])
async def test_what_is_no_build_does_not_enter(scene: Scene, build: str) -> None:
    with pytest.raises(ReleaseError, match="64"):
        await release.enter(scene.house, replace(ENTRY, build=build))
