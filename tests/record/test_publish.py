"""The sequencer on real PostgreSQL and a real folder, killed between any two of its steps."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from structlog.typing import EventDict
from typing_extensions import override

import singly
from gatepost import record
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.keys import KeyStore
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import COSIGNATURE, CosigningKey, Note, VerifierKey
from gatepost.ledger.tiles import Edge, tiles_of
from gatepost.ledger.witness import Answer
from gatepost.record import files, log_store
from gatepost.record.check import verify_log
from gatepost.record.errors import ForkError
from gatepost.record.paper import Kind
from gatepost.record.publish import Sequencer
from gatepost.record.recover import recover
from gatepost.record.signed import compare
from gatepost.record.witnesses import Witness, Witnesses
from record.conftest import ORIGIN
from record.papers import AFTER, TENANT, Hands, OpenKeyring, consequence, counting, inbound

NewSequencer = Callable[[], Sequencer]
Tamper = Callable[[str], None]


async def act(db: Database, entropy: Entropy, count: int = 1, *, tenant: TenantId = TENANT) -> None:
    async with db.transaction(tenant) as tx:
        for _ in range(count):
            await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)


async def head(db: Database, blobs: Blobs, tenant: TenantId = TENANT) -> Checkpoint:
    async with db.transaction(tenant) as tx:
        key = await log_store.log_key(tx)
    note = await blobs.read(f"log/{tenant}/checkpoint")
    assert key is not None
    assert note is not None
    return Checkpoint.open(note, VerifierKey.parse(key.vkey))


async def is_sound(db: Database, blobs: Blobs) -> bool:
    report = await verify_log(db, blobs, TENANT)
    assert report.findings == []
    return report.is_sound


class Dying(Folder):
    """A folder that stops taking anything, and gives no more, after so many writes: a process that was killed."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.left = writes

    @override
    async def write(self, path: str, octets: bytes) -> None:
        if self.left == 0:
            raise BlobsUnavailableError("killed")
        self.left -= 1
        await super().write(path, octets)


class Slow(Folder):
    """A folder as slow as a bucket far away."""

    @override
    async def write(self, path: str, octets: bytes) -> None:
        await asyncio.sleep(0.3)
        await super().write(path, octets)


async def test_a_log_is_held_for_as_long_as_a_slow_store_takes(
    app_dsn: str,
    keys: KeyStore,
    second: Blobs,
    tmp_path: Path,
    entropy: Entropy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatepost.record.publish._SPEAK_S", 0.1)
    async with Database.open(app_dsn, keys, answer_s=0.5) as db:
        await act(db, entropy, 3)
        slow = Sequencer(db, Blobs(Slow(tmp_path / "slow")), second, OpenKeyring(), Hands(), entropy, ORIGIN)
        assert await slow.sequence(TENANT) == 3


async def test_entries_get_their_places_in_order_and_a_signed_checkpoint(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy
) -> None:
    await act(db, entropy, 3)
    assert await sequencer.sequence(TENANT) == 3
    checkpoint = await head(db, blobs)
    assert (checkpoint.origin, checkpoint.size) == (f"{ORIGIN}/t/{TENANT}", 3)
    async with db.transaction(TENANT) as tx:
        leaves = await log_store.leaves(tx, 0, 3)
        places = await tx.all("select leaf_index, entry from leaf order by leaf_index")
    assert Edge().grow(leaves)[0].root == checkpoint.root
    assert [row.leaf_index for row in places] == [0, 1, 2]
    assert [row.entry for row in places] == sorted(row.entry for row in places)


async def test_a_log_grown_over_restarts_is_one_log(
    db: Database, blobs: Blobs, new_sequencer: NewSequencer, entropy: Entropy
) -> None:
    size = 0
    for count in (1, 254, 1, 1, 300):
        await act(db, entropy, count)
        size += count
        assert await new_sequencer().sequence(TENANT) == size
    assert await is_sound(db, blobs)


async def test_only_the_partial_tiles_of_the_newest_checkpoint_are_kept(
    db: Database, folder: Path, sequencer: Sequencer, entropy: Entropy
) -> None:
    for _ in range(4):
        await act(db, entropy, 100)
        await sequencer.sequence(TENANT)
    lying = await asyncio.to_thread(lambda: sorted(str(path.relative_to(folder)) for path in folder.rglob("*")))
    assert [path.removeprefix(f"log/{TENANT}/tile/") for path in lying if "tile/" in path and path[-1].isdigit()] == [
        "0",
        "0/000",
        "0/001.p/144",
        "1",
        "1/000.p/1",
        "entries/000",
        "entries/001.p/144",
    ]


async def test_an_entry_that_commits_late_gets_a_later_place(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy
) -> None:
    async with db.transaction(TENANT) as slow:
        late = await record.note(slow, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        await act(db, entropy, 2)
        assert await sequencer.sequence(TENANT) == 2
    assert await sequencer.sequence(TENANT) == 3
    async with db.transaction(TENANT) as tx:
        places = await tx.all("select entry from leaf order by leaf_index")
    assert places[-1].entry == late == min(row.entry for row in places)
    assert await is_sound(db, blobs)


@pytest.mark.parametrize("writes", range(8))
async def test_a_sequencer_killed_at_any_write_is_finished_by_the_next(
    db: Database, blobs: Blobs, second: Blobs, folder: Path, new_sequencer: NewSequencer, entropy: Entropy, writes: int
) -> None:
    await act(db, entropy, 250)
    await new_sequencer().sequence(TENANT)
    before = await head(db, blobs)
    await act(db, entropy, 20)
    dying = Sequencer(db, Blobs(Dying(folder, writes)), second, OpenKeyring(), Hands(), counting(9), ORIGIN)
    try:
        await dying.sequence(TENANT)
    except BlobsUnavailableError:
        assert await head(db, blobs) == before  # nothing is published that is not whole
    await act(db, entropy, 5)
    assert await new_sequencer().sequence(TENANT) == 275
    assert await is_sound(db, blobs)


async def test_a_checkpoint_signed_before_the_crash_is_published_after_it(
    db: Database, blobs: Blobs, second: Blobs, folder: Path, new_sequencer: NewSequencer, entropy: Entropy
) -> None:
    await act(db, entropy, 3)
    dying = Sequencer(db, Blobs(Dying(folder, 2)), second, OpenKeyring(), Hands(), counting(9), ORIGIN)
    with pytest.raises(BlobsUnavailableError):
        await dying.sequence(TENANT)
    async with db.transaction(TENANT) as tx:
        signed = await log_store.last_checkpoint(tx)
    assert signed is not None
    assert await new_sequencer().sequence(TENANT) == 3
    shown = await blobs.read(f"log/{TENANT}/checkpoint")
    assert shown is not None
    assert shown.startswith(signed)


async def test_two_sequencers_take_turns(
    db: Database, blobs: Blobs, new_sequencer: NewSequencer, entropy: Entropy
) -> None:
    one, other = new_sequencer(), new_sequencer()
    for _ in range(3):
        await act(db, entropy, 2)
        sizes = await asyncio.gather(one.sequence(TENANT), other.sequence(TENANT))
        assert max(sizes) % 2 == 0
    assert await one.sequence(TENANT) == await other.sequence(TENANT) == 6
    assert await is_sound(db, blobs)


async def test_who_does_not_hold_the_lock_does_nothing(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    await act(db, entropy)
    async with db.transaction(TENANT) as tx:
        assert await log_store.try_lock(tx)
        assert await sequencer.sequence(TENANT) == -1
    assert await sequencer.sequence(TENANT) == 1


ROLLED_BACK = {
    "the database lost its newest entries": ["delete from leaf where leaf_index = 4", "delete from checkpoint"],
    "the database forgot a checkpoint": ["delete from checkpoint"],
    "the database went on with other entries": [
        "update entry set leaf = 'other' where id = (select entry from leaf where leaf_index = 4)"
    ],
}


@pytest.mark.parametrize("changes", ROLLED_BACK.values(), ids=ROLLED_BACK)
async def test_nothing_is_signed_that_contradicts_a_checkpoint(
    db: Database,
    blobs: Blobs,
    new_sequencer: NewSequencer,
    entropy: Entropy,
    tamper: Tamper,
    changes: list[str],
) -> None:
    await act(db, entropy, 5)
    await new_sequencer().sequence(TENANT)
    before = await head(db, blobs)
    for change in changes:
        tamper(change)
    await act(db, entropy)
    with pytest.raises(ForkError):
        await new_sequencer().sequence(TENANT)
    assert await head(db, blobs) == before
    async with db.transaction(TENANT) as tx:
        assert await log_store.waiting(tx)  # nothing was given a place: it would be another entry's


async def test_nothing_is_signed_over_tiles_that_were_changed_and_one_that_was_lost_is_made_again(
    db: Database, blobs: Blobs, new_sequencer: NewSequencer, entropy: Entropy
) -> None:
    await act(db, entropy, 5)
    await new_sequencer().sequence(TENANT)
    path = f"log/{TENANT}/tile/0/000.p/5"
    tile = await blobs.read(path)
    assert tile is not None
    await act(db, entropy)
    await blobs.write(path, bytes(32) + tile[32:])
    with pytest.raises(LedgerError):
        await new_sequencer().sequence(TENANT)
    await blobs.remove(path)
    assert await new_sequencer().sequence(TENANT) == 6
    assert (await blobs.read(f"log/{TENANT}/tile/0/000.p/6") or b"").startswith(tile)


async def test_nothing_is_signed_over_a_gap(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tamper: Tamper
) -> None:
    await act(db, entropy, 3)
    tamper("delete from entry where id = (select min(entry) + 1 from unsequenced)")
    with pytest.raises(ForkError, match="is gone"):
        await new_sequencer().sequence(TENANT)


async def test_a_checkpoint_nobody_remembers_is_not_signed_over(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tamper: Tamper
) -> None:
    await act(db, entropy, 2)
    await new_sequencer().sequence(TENANT)
    await act(db, entropy)
    await new_sequencer().sequence(TENANT)
    tamper("delete from checkpoint where size = 3")
    with pytest.raises(ForkError, match="does not remember"):
        await new_sequencer().sequence(TENANT)


async def test_nothing_is_signed_with_another_key(
    db: Database, new_sequencer: NewSequencer, entropy: Entropy, tamper: Tamper
) -> None:
    await act(db, entropy)
    await new_sequencer().sequence(TENANT)
    tamper("update log_key set wrapped_seed = 'log key:'::bytea || sha256('other'::bytea)")
    await act(db, entropy)
    with pytest.raises(ForkError, match="key"):
        await new_sequencer().sequence(TENANT)


async def test_the_loop_places_every_tenants_entries_within_a_second_and_stops(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy
) -> None:
    tenants = [TenantId(f"tn_{letter}") for letter in "abc"]
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(sequencer.run(stop))
        await asyncio.sleep(0.3)
        for tenant in tenants:
            await act(db, entropy, 2, tenant=tenant)
        await asyncio.sleep(1)
        stop.set()
    assert [(await head(db, blobs, tenant)).size for tenant in tenants] == [2, 2, 2]


async def test_trouble_with_one_log_delays_that_log_only(
    db: Database,
    blobs: Blobs,
    sequencer: Sequencer,
    entropy: Entropy,
    tamper: Tamper,
    said: list[EventDict],
) -> None:
    await act(db, entropy)
    await sequencer.round()
    tamper("delete from checkpoint")
    await act(db, entropy)
    await act(db, entropy, tenant=TenantId("tn_b"))
    await sequencer.round()
    assert (await head(db, blobs, TenantId("tn_b"))).size == 1
    assert [line["event"] for line in said] == ["log.delayed"]


async def test_a_sweep_finishes_what_another_process_left(
    db: Database, blobs: Blobs, second: Blobs, folder: Path, new_sequencer: NewSequencer, entropy: Entropy
) -> None:
    await act(db, entropy)
    dying = Sequencer(db, Blobs(Dying(folder, 1)), second, OpenKeyring(), Hands(), counting(9), ORIGIN)
    with pytest.raises(BlobsUnavailableError):
        await dying.sequence(TENANT)
    await new_sequencer().round()
    assert await blobs.read(f"log/{TENANT}/checkpoint") is None
    await new_sequencer().round(is_sweep=True)
    assert (await head(db, blobs)).size == 1


async def test_acceptance_never_waits_for_the_sequencer(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    await act(db, entropy, 3)
    async with db.transaction(TENANT) as lock, asyncio.timeout(5):
        assert await log_store.try_lock(lock)
        await log_store.assign(lock, 10)  # a sequencer in the middle of its work, not yet committed
        async with db.transaction(TENANT) as tx:
            await singly.append(tx, inbound(), entropy=entropy)
    assert await sequencer.sequence(TENANT) == 4


def test_thousands_of_entries_are_placed_in_a_second(app_dsn: str, keys: KeyStore) -> None:
    """Placing is one statement; a per-row loop would show here (bench measures the rest)."""
    with psycopg.connect(app_dsn) as connection:
        connection.execute("select set_config('gatepost.tenant', 'tn_a', false)")
        connection.execute("insert into unsequenced select n, 'tn_a' from generate_series(1, 20000) as n")
        connection.commit()

    async def place() -> tuple[int, timedelta]:
        async with Database.open(app_dsn, keys) as db, db.transaction(TENANT) as tx:
            begun = asyncio.get_running_loop().time()
            placed = await log_store.assign(tx, 20_000)
            return placed, timedelta(seconds=asyncio.get_running_loop().time() - begun)

    placed, took = asyncio.run(place())
    assert placed == 20_000
    assert took < timedelta(seconds=5)


class Failing(Folder):
    """A folder whose write number ``at`` is answered with a failure, having happened or not; then it is well again."""

    def __init__(self, root: Path, at: int, *, persists: bool) -> None:
        super().__init__(root)
        self.left = at
        self.persists = persists

    @override
    async def write(self, path: str, octets: bytes) -> None:
        self.left -= 1
        if self.left != -1:
            await super().write(path, octets)
            return
        if self.persists:
            await super().write(path, octets)
        raise BlobsUnavailableError("failed")


# The writes of two publications, in order (docs/durability.md lists them): on the first store tiles (entries, level 0,
# level 1) and the checkpoint; on the second the key, tiles, seven pieces of rows, the list of what was signed and the
# checkpoint; then tiles, a bundle's rows, those of the next one, the list and the checkpoint.
SECOND = (0, 1, 2, 3, 6, 9, 10, 11, 12, 14, 16, 17, 18, 19, 20)


@pytest.mark.parametrize("persists", [True, False])
@pytest.mark.parametrize(("store", "at"), [*(("first", at) for at in range(6)), *(("second", at) for at in SECOND)])
async def test_every_write_may_fail_having_happened_or_not(
    db: Database, own: Database, tmp_path: Path, new_sequencer: NewSequencer, entropy: Entropy, tamper: Tamper,
    store: str, at: int, *, persists: bool,
) -> None:  # fmt: skip
    await act(db, entropy, 250)
    roots = {"first": tmp_path / "blobs", "second": tmp_path / "second"}
    stores = {name: Folder(root) for name, root in roots.items()}
    stores[store] = Failing(roots[store], at, persists=persists)
    failing = Sequencer(
        db, Blobs(stores["first"]), Blobs(stores["second"]), OpenKeyring(), Hands(), counting(9), ORIGIN
    )
    blobs = Blobs(Folder(roots["first"]))
    for _ in range(2):
        with suppress(BlobsUnavailableError):
            await failing.sequence(TENANT)
        await act(db, entropy, 20)
        await _published_is_on_the_second_store(roots)
    assert await failing.sequence(TENANT) == 290
    assert await new_sequencer().sequence(TENANT) == 290
    assert await is_sound(db, blobs)
    assert [text async for text in compare(db, Blobs(Folder(roots["second"])), TENANT)] == []
    assert failing_was_met(stores[store])
    tamper("delete from checkpoint")  # so that it holds every row of the second store to the one that is published
    assert await recover(db, own, blobs, Blobs(Folder(roots["second"])), now=AFTER) == []


def failing_was_met(store: Folder) -> bool:
    return isinstance(store, Failing) and store.left < 0


async def _published_is_on_the_second_store(roots: dict[str, Path]) -> None:
    """Whoever sees a checkpoint can be shown every tile of it from the second store alone."""
    second = Blobs(Folder(roots["second"]))
    published = await Blobs(Folder(roots["first"])).read(f"log/{TENANT}/checkpoint")
    if published is None:
        return
    size = Checkpoint.parse(Note.parse(published).text).size
    assert len(await files.read_tiles(second, TENANT, tiles_of(size))) == len(list(tiles_of(size)))


async def test_what_a_command_signed_and_left_is_shown_by_the_house_that_is_up(
    db: Database, blobs: Blobs, second: Blobs, entropy: Entropy
) -> None:
    """A command ends once its work is done, and may leave a checkpoint for which witnesses were still to be asked."""
    sequencer = Sequencer(db, blobs, second, OpenKeyring(), Hands(), counting(9), ORIGIN)
    await act(db, entropy)
    await sequencer.round()

    async def nobody(url: str, body: bytes) -> Answer:  # asked by nobody: the command ends before
        raise AssertionError((url, body))

    witness = Witness("http://w.example", CosigningKey("w.example", bytes(32)).verifier)
    asks = Witnesses([witness], 1, nobody)
    command = Sequencer(db, blobs, second, OpenKeyring(), Hands(), counting(9), ORIGIN, asks)
    await act(db, entropy)
    assert await command.sequence(TENANT) == 2
    before = await blobs.read(f"log/{TENANT}/checkpoint")
    await sequencer.round(is_sweep=True)
    after = await blobs.read(f"log/{TENANT}/checkpoint")
    assert before is not None
    assert after is not None
    assert [Checkpoint.parse(Note.parse(each).text).size for each in (before, after)] == [1, 2]


async def test_a_quiet_log_says_every_hour_that_it_is_there(
    db: Database, blobs: Blobs, second: Blobs, entropy: Entropy
) -> None:
    clock = Hands()
    sequencer = Sequencer(db, blobs, second, OpenKeyring(), clock, counting(9), ORIGIN)
    await act(db, entropy)
    await sequencer.round()
    first = await blobs.read(f"log/{TENANT}/checkpoint")
    clock.now += timedelta(minutes=59)
    await sequencer.round(is_sweep=True)
    assert await blobs.read(f"log/{TENANT}/checkpoint") == first
    clock.now += timedelta(minutes=1)
    await sequencer.round(is_sweep=True)
    later = await blobs.read(f"log/{TENANT}/checkpoint")
    assert later is not None
    async with db.transaction(TENANT) as tx:
        key = await log_store.log_key(tx)
    assert key is not None
    log_key = VerifierKey.parse(key.vkey)
    stamping = VerifierKey(log_key.name, log_key.public, COSIGNATURE)
    assert Note.parse(later).verify([log_key, stamping]) == (log_key, stamping)
    stamp = Note.parse(later).signatures[1].signature[:8]
    assert int.from_bytes(stamp, "big") == clock.now.timestamp()
    assert await is_sound(db, blobs)
