"""A disk that does not take what it is given, or does not keep it: 451, nothing half done, and on again by itself."""

import asyncio
import errno
import itertools
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from faults.machine import Machine, beside, check_all, kept, rows, state_folder
from faults.sender import BOSS, Book, Mail, send_all
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

    async def send(self, size_octets: int, sender: str = BOSS) -> str:
        """Send one mail; return what it was told."""
        mail = Mail(f"disk-{next(_numbers)}", sender, size_octets)
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

    async def published(self) -> int:
        """Return how many entries the log shows, once it shows all there are now."""
        async with asyncio.timeout(RECOVERED_WITHIN_S):
            while (shown := self.shown()) < self.entries():
                await asyncio.sleep(0.2)
        return shown

    def entries(self) -> int:
        """Return how many entries of the tenant are committed."""
        query = f"select count(*) from entry where tenant = '{self.house.sandbox['tenant']}'"  # noqa: S608  # our own
        return int(rows(self.house, query)[0]["count"])

    def shown(self) -> int:
        """Return the size of the checkpoint that everybody sees."""
        path = self.house.state / "blobs" / "log" / str(self.house.sandbox["tenant"]) / "checkpoint"
        return int(path.read_text().splitlines()[1]) if path.exists() else 0

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
        house = Machine(folder, LD_PRELOAD=str(shim), LD_FAILING_DISK=str(rules), GATEPOST_DNS__TIMEOUT_S="0.2")
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


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EROFS])
async def test_a_quota_used_up_and_a_disk_mounted_read_only_end_no_house(disk: Disk, number: int) -> None:
    """PostgreSQL says "internal error" of one, "insufficient privilege" of the other: not what it says of EIO."""
    assert disk.house.up is not None
    disk.fail("write", number, "/base/")
    answers = [await disk.send(SMALL) for _ in range(12)]
    await asyncio.sleep(2)  # all that the house does by itself meets it: sequencing, indexing, looking for work
    assert disk.house.up.poll() is None, disk.house.log()[-4000:]
    disk.heal()
    refused = [said for said in answers if not said.startswith("250 ")]
    assert refused, "the fault was never met"
    assert all(said.startswith(TRY_AGAIN) for said in refused), refused
    await disk.send_until_taken(SMALL)
    there = await disk.there()
    assert set(disk.book.told("250")) <= there
    assert not there & set(disk.book.told("451")), "PostgreSQL said that it was rolled back"
    await check_all(disk.house)


@pytest.mark.parametrize("place", ["/.draft-", "/spool/", "/keys/", "/base/"])
async def test_a_disk_that_takes_half_of_each_write_loses_nothing(disk: Disk, place: str) -> None:
    disk.fail("short", errno.EIO, place)
    answers = [await disk.send(size_octets) for size_octets in (SMALL, STORED, SPOOLED)]
    answers.append(await disk.send(SMALL, f"stranger-{next(_numbers)}@example.net"))
    disk.heal()
    assert all(said.startswith(("250 ", "550 ", "451 ")) for said in answers), answers
    await disk.send_until_taken(SPOOLED)
    assert set(disk.book.told("250")) <= await disk.there()
    await check_all(disk.house)


@pytest.mark.parametrize("call", ["open", "rename", "close"])
async def test_a_body_that_cannot_be_opened_named_or_closed_is_answered_451(disk: Disk, call: str) -> None:
    before = disk.bodies(), await disk.there()
    disk.fail(call, errno.EIO, "/blobs/bodies/")
    assert (await disk.send(STORED)).startswith(TRY_AGAIN)
    assert (await disk.send(SMALL)).startswith("250 ")
    disk.heal()
    assert len(await disk.there() - before[1]) == 1
    await disk.send_until_taken(STORED)
    assert len(disk.bodies() - before[0]) == 1
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


@pytest.mark.parametrize(("call", "number"), [("fsync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)])
async def test_a_key_that_cannot_be_kept_seals_nothing(disk: Disk, call: str, number: int) -> None:
    """A stranger's first mail needs a new key for its entry: without it there is no entry, and so no last word.

    While a key waits to be written nothing else is committed, whoever it is from.
    """
    before = disk.entries(), disk.bodies()
    disk.fail(call, number, "/keys/")
    said = [await disk.send(SMALL, f"stranger-{next(_numbers)}@example.net") for _ in range(2)]
    said += [await disk.send(size_octets) for size_octets in (SMALL, STORED, SPOOLED)]
    assert all(each.startswith(TRY_AGAIN) for each in said), said
    assert (disk.entries(), disk.bodies()) == before
    disk.heal()
    assert (await disk.send(SMALL, f"stranger-{next(_numbers)}@example.net")).startswith("550 ")
    assert (await disk.send(STORED)).startswith("250 ")
    assert disk.entries() - before[0] == 2
    await check_all(disk.house)


@pytest.mark.parametrize("place", ["/blobs/log/", "/second/"])
@pytest.mark.parametrize(("call", "number"), [("fsync", errno.EIO), ("write", errno.ENOSPC)])
async def test_a_store_that_does_not_take_the_log_keeps_no_mail_out_and_is_caught_up_with(
    disk: Disk, place: str, call: str, number: int
) -> None:
    """Mail is committed before it is published: nothing new is shown until both stores hold it."""
    before = await disk.published()
    disk.fail(call, number, place)
    answers = [await disk.send(size_octets) for size_octets in (SMALL, STORED, SMALL)]
    assert all(said.startswith("250 ") for said in answers), answers
    await asyncio.sleep(2)  # two publications that fail
    assert disk.shown() == before, "shown, and one of the stores has not kept it"
    disk.heal()
    assert await disk.published() == before + len(answers)
    await check_all(disk.house)


async def test_logs_that_have_no_room_keep_no_mail_out_and_say_later_what_they_lost(disk: Disk) -> None:
    assert disk.house.up is not None
    before = disk.house.log()
    disk.fail("write", errno.ENOSPC, ".log")  # the house's own and PostgreSQL's
    for said in (await disk.send(SMALL), await disk.send(SPOOLED)):
        assert said.startswith("250 ")
    with pytest.raises(psycopg.errors.DivisionByZero):  # which PostgreSQL would write down
        await asyncio.to_thread(rows, disk.house, "select 1 / 0")
    disk.house.up.send_signal(signal.SIGHUP)  # which the house would
    await asyncio.sleep(1)
    assert disk.house.log() == before
    disk.heal()
    disk.house.up.send_signal(signal.SIGHUP)
    async with asyncio.timeout(RECOVERED_WITHIN_S):
        while "lines_failed" not in disk.house.log():
            await asyncio.sleep(0.1)
    await disk.send_until_taken(SMALL)
    await check_all(disk.house)
