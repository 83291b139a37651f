"""A disk that does not take what it is given, or does not keep it: 451, nothing half done, and on again by itself."""

import asyncio
import errno
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from faults.machine import Machine, beside, check_all, kept, state_folder
from faults.sender import Book, Mail, send_all
from gatepost import mailbox
from gatepost.app.chores import fates

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="NOT TESTED: apt-get install gcc libc6-dev"),
]

SMALL, STORED, SPOOLED = 0, 100_000, 1_500_000  # in a row; in the object store; and in the spool while it comes in
RECOVERED_WITHIN_S = 60
TRY_AGAIN, NO_ROOM = "451 4.3.0", "452 4.3.1"


_numbers = itertools.count()


@dataclass
class Disk:
    """The disk of a house, and what it was told to do."""

    house: Machine
    rules: Path
    book: Book

    def fail(self, call: str, number: int, part: str) -> None:
        fresh = self.rules.with_suffix(".new")
        fresh.write_text(f"{call} {number} {part}\n")
        fresh.replace(self.rules)

    def heal(self) -> None:
        self.rules.write_text("")

    async def send(self, size_octets: int) -> str:
        """Send one mail; return what it was told."""
        mail = Mail(f"disk-{next(_numbers)}", size_octets=size_octets)
        await send_all(self.house.port, self.house.recipient, [mail], self.book, connections=1)
        return self.book.answers[mail.token] or ""

    async def send_until_taken(self, size_octets: int) -> None:
        async with asyncio.timeout(RECOVERED_WITHIN_S):
            while not (said := await self.send(size_octets)).startswith("250"):
                assert said.startswith("451 "), said
                await asyncio.sleep(0.5)

    async def there(self) -> set[str]:
        """Return which mails are there."""
        return {name.removesuffix("@faults.example") for name in (await kept(self.house)).values()}

    def bodies(self) -> set[str]:
        """Return what lies in the object store, whole or not."""
        found = (self.house.state / "blobs" / "bodies").rglob("*")
        return {path.name for path in found if path.is_file()}


async def sweep(house: Machine) -> None:
    """Sweep as the house does each day, and also what is young."""
    async with beside(house) as inside:
        soon = inside.clock() + timedelta(hours=1)
        await mailbox.sweep_bodies(inside.blobs, partial(fates, inside), refused_before=soon, undecided_before=soon)


@pytest.fixture(scope="module")
def house() -> Iterator[Machine]:
    with state_folder() as folder:
        shim, rules = folder / "failing_disk.so", folder / "rules"
        source = Path(__file__).with_name("failing_disk.c")
        build = [shutil.which("gcc") or "gcc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"]
        subprocess.run(build, check=True)  # noqa: S603  # our own words
        rules.write_text("")
        house = Machine(folder, LD_PRELOAD=str(shim), FAILING_DISK=str(rules), GATEPOST_DNS__TIMEOUT_S="0.2")
        house.start()
        try:
            yield house
        finally:
            rules.write_text("")
            house.stop()


@pytest.fixture
def disk(house: Machine) -> Iterator[Disk]:
    disk = Disk(house, house.state / "rules", Book())
    yield disk
    disk.heal()


@pytest.mark.parametrize("size_octets", [STORED, SPOOLED])
@pytest.mark.parametrize(
    ("call", "number", "part", "answer"),
    [
        ("fsync", errno.EIO, "/.draft-", TRY_AGAIN),  # the body itself
        ("fsync", errno.EIO, "/blobs/bodies", TRY_AGAIN),  # its folder as well
        ("write", errno.EIO, "/.draft-", TRY_AGAIN),
        ("write", errno.ENOSPC, "/.draft-", TRY_AGAIN),
        ("write", errno.ENOSPC, "/base/", TRY_AGAIN),  # PostgreSQL's tables
    ],
)
async def test_a_body_that_the_disk_does_not_take_is_answered_451_and_leaves_nothing(
    disk: Disk, call: str, number: int, part: str, answer: str, size_octets: int
) -> None:
    before = disk.bodies(), await disk.there()
    disk.fail(call, number, part)
    answers = [await disk.send(size_octets) for _ in range(12 if part == "/base/" else 2)]
    disk.heal()
    refused = [said for said in answers if not said.startswith("250 ")]
    assert refused, "the fault was never met"
    assert all(said.startswith(answer) for said in refused), refused
    if part == "/base/":  # only what needs a new page is refused, and whether it was committed is left open
        await sweep(disk.house)
    else:
        assert len(refused) == len(answers)
        assert (disk.bodies(), await disk.there()) == before
    await disk.send_until_taken(size_octets)
    assert len(disk.bodies() - before[0]) == len(answers) - len(refused) + 1
    await check_all(disk.house)


@pytest.mark.parametrize(("number", "answer"), [(errno.EIO, TRY_AGAIN), (errno.ENOSPC, NO_ROOM)])
async def test_a_spool_that_the_disk_does_not_take_leaves_nothing(disk: Disk, number: int, answer: str) -> None:
    before = disk.bodies(), await disk.there()
    disk.fail("write", number, "/spool/")
    assert (await disk.send(SPOOLED)).startswith(answer)
    assert (await disk.send(SMALL)).startswith("250 ")
    disk.heal()
    assert disk.bodies() == before[0]
    assert len(await disk.there() - before[1]) == 1
    await disk.send_until_taken(SPOOLED)


@pytest.mark.parametrize(("call", "number"), [("fsync", errno.EIO), ("write", errno.ENOSPC)])
async def test_postgres_that_cannot_write_its_log_is_started_again_and_nothing_is_half_done(
    disk: Disk, call: str, number: int, nightly: bool
) -> None:
    """It panics, and cannot even recover until the disk is well; meanwhile all mail is asked to come again."""
    if number == errno.ENOSPC and not nightly:
        pytest.skip("the same way at another call: make nightly")
    before = await disk.there()
    disk.fail(call, number, "/pg_wal/")
    assert (await disk.send(SMALL)).startswith("451 ")
    async with asyncio.timeout(RECOVERED_WITHIN_S):
        while "postgres.not_started" not in disk.house.log():
            await asyncio.sleep(0.1)
    disk.heal()
    await disk.send_until_taken(SMALL)
    await disk.send_until_taken(STORED)
    since = await disk.there() - before  # a mail answered 451 may be among them: its commit may have been written
    assert set(disk.book.told("250")) <= await disk.there(), "what was answered 250 is there"
    assert since <= set(disk.book.answers)
    assert "postgres.mended" in disk.house.log()
    await check_all(disk.house)
