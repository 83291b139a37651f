"""Releases by their leaves: which build entered beta with which evidence, and since when a build runs here.

A build is named by the SHA-256 of the program's files as they are installed, so that what was in beta is octet for
octet what runs in production. Each is stated once; the leaves' times are nobody's word.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from xml.parsers import expat

from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import stating, store

SUBJECT = "@release/"
ENTERED, RAN = "release.entered", "release.ran"
REPORT_MAX_OCTETS = 64_000_000
_DIGEST_CHARS = 64


class ReleaseError(ValueError):
    """The evidence cannot be used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a test report says. ``failed``: tests that failed or broke."""

    tests: int
    failed: int
    skipped: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A build that entered beta. ``reviewer`` is empty where nobody but the author is there to read it."""

    build: str
    version: str
    commit: str
    author: str
    reviewer: str
    results: Results
    at: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of one build; None for what was never stated."""

    entered: Entered | None = None
    ran_at: datetime | None = None


@cache
def build_of(source: Path) -> str:
    """Return the SHA-256 of a program's files by name and content, without what Python compiled."""
    whole = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(source).as_posix().encode()
            whole.update(b"%s\x00%s\n" % (name, hashlib.sha256(path.read_bytes()).hexdigest().encode()))
    return whole.hexdigest()


def read_report(octets: bytes) -> Results:
    """Read a test report as JUnit and pytest write it: each ``testcase``, and whether it failed, broke or was skipped.

    Raises:
        ReleaseError: it is none, or declares entities.
    """
    if len(octets) > REPORT_MAX_OCTETS:
        raise ReleaseError("the report is too long")
    counts = {"testcase": 0, "failed": 0, "skipped": 0}
    open_case: set[str] = set()

    def begin(name: str, _attributes: dict[str, str]) -> None:
        if name == "testcase":
            counts["testcase"] += 1
            open_case.clear()
        elif name in {"failure", "error", "skipped"}:
            kind = "skipped" if name == "skipped" else "failed"
            counts[kind] += kind not in open_case
            open_case.add(kind)

    def refuse(*_: object) -> None:
        raise ReleaseError("a report declares no entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(octets, True)  # noqa: FBT003  # by place alone: "this is all"
    except expat.ExpatError as error:
        raise ReleaseError("the report is no XML") from error
    if not counts["testcase"]:
        raise ReleaseError("the report knows no test")
    return Results(
        tests=counts["testcase"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        sha256=hashlib.sha256(octets).hexdigest(),
    )


async def enter(house: House, new: Entered) -> None:
    """State that a build entered beta.

    Raises:
        ReleaseError: it did so before, or its name is none.
    """
    if len(new.build) != _DIGEST_CHARS or set(new.build) - set("0123456789abcdef"):
        raise ReleaseError("a build is named by 64 hexadecimal digits: gatepost release build")
    detail: dict[str, Json] = {
        "version": new.version,
        "commit": new.commit,
        "author": new.author,
        "reviewer": new.reviewer,
        "tests": new.results.tests,
        "failed": new.results.failed,
        "skipped": new.results.skipped,
        "report_sha256": new.results.sha256,
    }
    fact = Fact(action=ENTERED, at=new.at, object_ref=new.build, detail=detail)
    if not await _state_once(house, fact):
        raise ReleaseError("this build has entered beta before")


async def ran(house: House, build: str, version: str) -> None:
    """State that a build runs here, the first time it does."""
    await _state_once(house, Fact(action=RAN, at=house.clock(), object_ref=build, detail={"version": version}))


async def _state_once(house: House, fact: Fact) -> bool:
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        if await store.is_stated(tx, SUBJECT + fact.object_ref, fact.action):
            return False
        await stating.state_in(tx, SUBJECT, fact, entropy=house.entropy)
    return True


async def read_entered(house: House) -> list[Entered]:
    """Return every build that entered beta."""
    async with house.db.transaction(TRUST) as tx:
        courses = [course_of(await stating.facts_of(tx, each)) for each in await store.subjects(tx, SUBJECT)]
    return [each.entered for each in courses if each.entered is not None]


async def course(house: House, build: str) -> Course:
    """Return what was stated about a build."""
    async with house.db.transaction(TRUST) as tx:
        return course_of(await stating.facts_of(tx, SUBJECT + build))


def course_of(facts: Sequence[Stated]) -> Course:
    """Return what the facts about one build come to."""
    entered = next((_entered(each) for each in facts if each.action == ENTERED), None)
    return Course(entered, next((each.at for each in facts if each.action == RAN), None))


def _entered(fact: Stated) -> Entered:
    detail = fact.detail
    return Entered(
        build=fact.object_ref,
        version=detail["version"],
        commit=detail["commit"],
        author=detail["author"],
        reviewer=detail["reviewer"],
        results=Results(
            tests=detail["tests"], failed=detail["failed"], skipped=detail["skipped"], sha256=detail["report_sha256"]
        ),
        at=fact.at,
    )
