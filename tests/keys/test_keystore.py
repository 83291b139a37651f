"""The key store: keys are durable before what they seal, the same for all processes, and gone when destroyed."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from gatepost.keys import ErasedError, KeyringError, KeysAwayError, KeysDamagedError, KeyStore, Kind, SealBrokenError
from gatepost.keys.keystore import FILE
from gatepost.keys.master import make_master
from gatepost.keys.rotation import begin
from gatepost.keys.store import Row, Rows

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOSS = "boss@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def store(folder: Path) -> Iterator[KeyStore]:
    made = KeyStore.open(folder, os.urandom)
    yield made
    made.close()


@pytest.fixture
def other(folder: Path) -> Iterator[KeyStore]:
    """The same key store as another process has it open."""
    made = KeyStore.open(folder, os.urandom)
    yield made
    made.close()


def seal(store: KeyStore, subject: str | None = BOSS) -> bytes:
    return store.vault("tn_a").seal("email/1", b"secret", at=NOON, subject=subject)


def opened(store: KeyStore, sealed: bytes) -> bytes:
    return store.vault("tn_a").open("email/1", sealed)


def test_every_file_is_its_owners_alone(store: KeyStore, folder: Path) -> None:
    seal(store)
    asyncio.run(store.flush())
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["keys.sqlite", "keys.sqlite-shm", "keys.sqlite-wal", "master.key"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


async def test_what_was_sealed_opens_in_another_process_once_it_was_flushed(store: KeyStore, other: KeyStore) -> None:
    sealed, lasting = seal(store), store.vault("tn_a").seal_lasting("p", b"x")
    assert other.vault("tn_a").open("p", lasting) == b"x"  # made and written at once
    with pytest.raises(ErasedError):
        opened(other, sealed)
    await store.flush()
    assert opened(other, sealed) == b"secret"


async def test_keys_read_together_open_what_each_alone_does(store: KeyStore, other: KeyStore) -> None:
    written = [seal(store, f"p{at}@example.org") for at in range(5)] + [seal(store, None)]
    store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", "p3@example.org"))
    await store.flush()
    waiting = seal(other, "new@example.org")  # not written yet
    broken = written[0][:1] + b"\xff" * 16 + written[0][17:]
    found = other.vault("tn_a").open_all([("email/1", each) for each in (*written, waiting, broken)])
    assert [each if isinstance(each, bytes) else type(each) for each in found] == [
        *[b"secret"] * 3,
        ErasedError,
        *[b"secret"] * 3,
        SealBrokenError,
    ]


async def test_a_key_that_is_destroyed_while_it_is_read_and_others_are_written_is_not_used_again(
    store: KeyStore, other: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(store)
    await store.flush()
    name = store.subject_name("tn_a", BOSS)
    for memory in (store._keys, store._ids, store._ciphers):
        memory.clear()  # as after a start
    read, began = store._rows.by_name, store.destructions

    def read_late(tenant: str, kind: str, asked: str) -> Row | None:
        row = read(tenant, kind, asked)
        if asked == name and row is not None and other.destroy("tn_a", Kind.SUBJECT, name):
            writing = threading.Thread(target=store.flush_now)
            writing.start()
            writing.join()
        return row

    monkeypatch.setattr(store._rows, "by_name", read_late)
    seal(store)
    assert store.destructions != began  # so that whoever sealed it does not commit
    sealed = seal(store)
    await store.flush()
    assert opened(other, sealed) == b"secret"


async def test_what_was_written_and_destroyed_is_not_written_again(store: KeyStore, other: KeyStore) -> None:
    sealed, is_written, may_go_on = seal(store), threading.Event(), threading.Event()

    class Pending(dict[int, tuple[Row, bytes]]):
        @override
        def pop(self, *given: Any) -> Any:
            is_written.set()
            may_go_on.wait(5)
            return super().pop(*given)

    store._drafts._made = Pending(store._drafts._made)
    first, second = (threading.Thread(target=store.flush_now) for _ in range(2))
    first.start()
    is_written.wait(5)
    assert other.destroy("tn_a", Kind.SUBJECT, other.subject_name("tn_a", BOSS)) == 1
    second.start()
    second.join(0.3)
    may_go_on.set()
    first.join()
    second.join()
    with pytest.raises(ErasedError):
        opened(other, sealed)


async def test_two_processes_that_make_a_key_at_once_can_read_each_other(store: KeyStore, other: KeyStore) -> None:
    one, two = seal(store), seal(other)
    await asyncio.gather(store.flush(), other.flush())
    assert [opened(each, sealed) for each in (store, other) for sealed in (one, two)] == [b"secret"] * 4
    assert store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", BOSS)) == 2
    for sealed in (one, two):
        with pytest.raises(ErasedError):
            opened(other, sealed)


def test_two_processes_that_make_a_tenants_key_at_once_end_with_the_same(store: KeyStore, other: KeyStore) -> None:
    assert store.vault("tn_new").blind("p", "text") == other.vault("tn_new").blind("p", "text")


def test_a_tenants_first_key_is_had_also_while_another_thread_reads(store: KeyStore) -> None:
    for tenant in ("tn_a", "tn_b"):
        store.lasting(tenant)
    reading = store._rows._connection.execute("select * from key")  # as a thread's in the middle of it
    assert reading.fetchone() is not None
    assert len(store.lasting("tn_c")[0](b"text")) == 32
    reading.close()


async def test_many_new_keys_are_one_write_and_known_ones_none(store: KeyStore, folder: Path) -> None:
    for number in range(100):
        seal(store, f"s{number}@example.org")
    version = sqlite3.connect(folder / FILE)
    before = version.execute("pragma data_version").fetchone()
    await store.flush()
    after = version.execute("pragma data_version").fetchone()
    assert after != before
    assert store.counts()["tn_a", Kind.SUBJECT] == 100
    for number in range(100):
        seal(store, f"s{number}@example.org")
    await store.flush()
    assert version.execute("pragma data_version").fetchone() == after
    version.close()


async def test_the_next_start_finds_the_keys_again(store: KeyStore, folder: Path) -> None:
    sealed, token, wrapped = seal(store), store.vault("tn_a").blind("p", "t"), store.keyring.wrap("dkim", b"private")
    await store.flush()
    house = store.id
    again = KeyStore.open(folder, os.urandom)
    assert again.id == house
    assert opened(again, sealed) == b"secret"
    assert again.vault("tn_a").blind("p", "t") == token
    assert again.keyring.unwrap("dkim", wrapped) == b"private"
    again.close()


def test_what_is_destroyed_is_in_no_file(store: KeyStore, folder: Path) -> None:
    seal(store)
    asyncio.run(store.flush())
    row = sqlite3.connect(folder / FILE)
    (wrapped,) = row.execute("select wrapped from key where kind = 'subject'").fetchone()
    row.close()
    assert any(wrapped in path.read_bytes() for path in folder.iterdir())
    store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", BOSS))
    assert not any(wrapped in path.read_bytes() for path in folder.iterdir())


async def test_a_key_destroyed_before_it_was_written_is_not_written(store: KeyStore) -> None:
    sealed = seal(store)
    store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", BOSS))
    await store.flush()
    with pytest.raises(ErasedError):
        opened(store, sealed)
    assert store.counts() == {("tn_a", Kind.TENANT): 1, ("tn_a", Kind.EPOCH): 1}


async def test_a_tenant_that_is_destroyed_leaves_nothing(store: KeyStore, other: KeyStore) -> None:
    sealed, lasting = seal(store), store.vault("tn_a").seal_lasting("p", b"x")
    theirs = store.vault("tn_b").seal_lasting("p", b"x")
    await store.flush()
    assert store.destroy("tn_a") == 3
    for each in (store, other):
        with pytest.raises(ErasedError):
            opened(each, sealed)
        with pytest.raises(ErasedError):
            each.vault("tn_a").open("p", lasting)
        assert each.vault("tn_b").open("p", theirs) == b"x"


def test_what_leaves_no_room_for_many_keys_ends_nothing(store: KeyStore, folder: Path) -> None:
    busy = Rows.open(folder / "keys.sqlite")
    store._writes._connection.execute("pragma busy_timeout = 0")
    with busy.writing():
        store.reserve()
    busy.close()
    length = (folder / "keys.sqlite-wal").stat().st_size
    store.reserve()
    assert (folder / "keys.sqlite-wal").stat().st_size > 4_000_000 > length


def test_an_address_stands_in_no_file(store: KeyStore, folder: Path) -> None:
    seal(store)
    asyncio.run(store.flush())
    assert not any(b"boss" in path.read_bytes() for path in folder.iterdir())


def test_a_folder_that_is_open_to_others_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(KeyringError, match="chmod 700"):
        KeyStore.open(folder, os.urandom)


@pytest.mark.usefixtures("store")
def test_a_file_that_is_open_to_others_is_refused(folder: Path) -> None:
    (folder / FILE).chmod(0o644)
    with pytest.raises(KeyringError, match="chmod 600"):
        KeyStore.open(folder, os.urandom)


@pytest.mark.usefixtures("store")
def test_a_missing_master_key_is_never_replaced(folder: Path) -> None:
    (folder / "master.key").unlink()
    with pytest.raises(KeyringError, match="missing: restore it"):
        KeyStore.open(folder, os.urandom)
    assert not (folder / "master.key").exists()


@pytest.mark.parametrize("left", ["none of its files", "an empty file", "no row of its own"])
def test_a_lost_key_store_is_never_made_anew(store: KeyStore, folder: Path, left: str) -> None:
    store.close()
    master = (folder / "master.key").read_bytes()
    for path in folder.glob(f"{FILE}*"):
        path.unlink()
    if left != "none of its files":
        (folder / FILE).touch(mode=0o600)
    if left == "no row of its own":
        Rows.open(folder / FILE).close()
    before = sorted(folder.iterdir())
    for _ in range(2):  # nor by the start after that
        with pytest.raises(KeyringError, match=r"restore .* from the backup .* `gatepost doctor`"):
            KeyStore.open(folder, os.urandom)
    assert (folder / "master.key").read_bytes() == master
    assert [path for path in sorted(folder.iterdir()) if path.suffix in {".key", ".next", ".sqlite"}] == before


@pytest.mark.parametrize("done", ["the key", "the file", "the row"])
def test_a_first_start_that_was_killed_is_made_up_for(folder: Path, done: str) -> None:
    make_master(folder / "master.next", os.urandom)
    master = (folder / "master.next").read_bytes()
    if done != "the key":
        (folder / FILE).touch(mode=0o600)
    if done == "the row":
        rows = Rows.open(folder / FILE)
        begin(folder, rows, os.urandom)
        rows.close()
    made = KeyStore.open(folder, os.urandom)
    sealed = seal(made)
    made.flush_now()
    made.close()
    assert (folder / "master.key").read_bytes() == master
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "master.key"]
    again = KeyStore.open(folder, os.urandom)
    assert opened(again, sealed) == b"secret"
    again.close()


def test_first_starts_at_once_end_with_one_key_store(folder: Path) -> None:
    def start(number: int) -> str:
        made = KeyStore.open(folder / str(number // 4), os.urandom)
        made.vault("tn_a").seal_lasting("p", b"x")
        made.close()
        return made.id

    for number in range(10):
        (folder / str(number)).mkdir(mode=0o700)
    with ThreadPoolExecutor(4) as starts:
        ids = list(starts.map(start, range(40)))
    assert [len(set(ids[at : at + 4])) for at in range(0, 40, 4)] == [1] * 10
    assert {path.name for path in folder.glob("*/master.*")} == {"master.key"}


@pytest.mark.usefixtures("store")
def test_another_master_key_is_refused(folder: Path) -> None:
    (folder / "master.key").write_bytes(os.urandom(32))
    with pytest.raises(KeyringError, match="restore both"):
        KeyStore.open(folder, os.urandom)


def test_a_damaged_key_store_is_our_error(store: KeyStore, folder: Path) -> None:
    store.close()
    (folder / FILE).write_bytes(b"no database" * 1_000)
    with pytest.raises(KeysDamagedError, match="restore it from your backup"):
        KeyStore.open(folder, os.urandom)


@pytest.mark.parametrize("is_writing", [False, True])
async def test_damage_that_is_met_is_called_so_from_then_on(store: KeyStore, folder: Path, *, is_writing: bool) -> None:
    store.close()
    with (folder / FILE).open("r+b") as file:
        file.seek(2 * 4096)  # the first two pages hold what a start reads
        file.write(b"\xa5" * ((folder / FILE).stat().st_size - file.tell()))
    with closing(KeyStore.open(folder, os.urandom)) as damaged:
        damaged.check()
        with pytest.raises(KeysDamagedError, match="restore it from your backup"):
            damaged.destroy("tn_a") if is_writing else damaged.counts()
        with pytest.raises(KeysDamagedError, match="restore it from your backup"):
            damaged.check()


def test_a_key_store_that_a_disk_keeps_from_us_is_not_to_be_restored(store: KeyStore, folder: Path) -> None:
    """An older one in its place would lose keys for ever, and nothing is wrong with it."""
    store.close()
    (folder / f"{FILE}-wal").mkdir()  # SQLite cannot open its journal, as on a disk that is full
    with pytest.raises(KeysAwayError, match="restore nothing"):
        KeyStore.open(folder, os.urandom)
    (folder / f"{FILE}-wal").rmdir()
    KeyStore.open(folder, os.urandom).close()


async def test_a_row_that_was_exchanged_does_not_open(store: KeyStore, folder: Path) -> None:
    sealed = seal(store)
    seal(store, "eve@example.org")
    await store.flush()
    crime = sqlite3.connect(folder / FILE, isolation_level=None)
    names = [name for (name,) in crime.execute("select name from key where kind = 'subject'")]
    crime.execute("update key set name = 'x' where name = ?", (names[0],))
    crime.execute("update key set name = ? where name = ?", (names[0], names[1]))
    crime.close()
    again = KeyStore.open(folder, os.urandom)
    with pytest.raises(KeyringError):
        opened(again, sealed)
    again.close()


async def test_a_key_that_was_changed_or_exchanged_is_named_with_its_tenant(store: KeyStore, folder: Path) -> None:
    for tenant in ("tn_a", "tn_b"):
        store.vault(tenant).seal("email/1", b"secret", at=NOON, subject=BOSS)
        store.lasting(tenant)
    await store.flush()
    assert store.unfit("tn_a") == store.unfit("tn_b") == store.unfit("") == []
    with sqlite3.connect(folder / FILE) as rows:
        for kind in Kind:
            (mine, theirs) = rows.execute(
                "select id, wrapped from key where kind = ? order by tenant", (kind,)
            ).fetchall()[-2:]
            rows.execute("update key set wrapped = ? where id = ?", (theirs[1], mine[0]))
            rows.commit()
            named = f"the {kind} key {mine[0]} of tn_a in {folder / FILE} was changed, or exchanged for another"
            assert [text.partition(":")[0] for text in store.unfit("tn_a")] == [named]
            rows.execute("update key set wrapped = ? where id = ?", (mine[1], mine[0]))
            rows.commit()
        rows.execute("update key set wrapped = zeroblob(60) where tenant = 'tn_b' and kind = 'tenant'")
    with (
        closing(KeyStore.open(folder, os.urandom)) as again,
        pytest.raises(KeyringError, match=r"of tn_b in .* was changed"),
    ):
        again.lasting("tn_b")


def test_a_key_store_does_not_show_what_it_holds(store: KeyStore) -> None:
    assert repr(store) == "KeyStore()"


def test_a_house_that_is_up_notices_when_its_keys_are_gone_or_open_to_others(store: KeyStore, folder: Path) -> None:
    store.check()
    master = (folder / "master.key").read_bytes()
    (folder / "master.key").write_bytes(os.urandom(32))
    with pytest.raises(KeyringError):
        store.check()
    (folder / "master.key").write_bytes(master)
    (folder / FILE).chmod(0o644)
    with pytest.raises(KeyringError):
        store.check()
    (folder / FILE).unlink()
    with pytest.raises(KeyringError):
        store.check()


LEAVING = """
import os, sys
from pathlib import Path
from gatepost.keys import KeyStore
store = KeyStore.open(Path(sys.argv[1]), os.urandom)
store.vault(sys.argv[2]).blind("p", "text")
store.close()
"""


@pytest.mark.usefixtures("other")
def test_a_process_that_leaves_does_not_take_away_the_others_file(store: KeyStore, folder: Path) -> None:
    """SQLite's locks are the process's: a careless close of the file would make the one that leaves the last one."""
    for tenant in ("tn_one", "tn_two"):
        command = [sys.executable, "-c", LEAVING, str(folder), tenant]
        assert subprocess.run(command, check=False).returncode == 0  # noqa: S603  # our own words
        assert (tenant, Kind.TENANT) in store.counts()
        store.vault(tenant).seal_lasting("p", b"x")
    assert (folder / f"{FILE}-wal").exists()


def reads(store: KeyStore) -> list[str]:
    """Note from now on what the store reads keys with."""
    found: list[str] = []
    store._rows._connection.set_trace_callback(lambda query: found.append(query) if " from key " in query else None)
    return found


def test_strangers_are_looked_up_in_one_reading(store: KeyStore, other: KeyStore) -> None:
    met_elsewhere = {f"{number}@example.org": seal(other, f"{number}@example.org") for number in range(20)}
    asyncio.run(other.flush())
    vault, asked = store.vault("tn_a"), reads(store)
    vault.seal("email/1", vault.blind("p", "x"), at=NOON, subject=None)  # the tenant's key and the month's
    asked.clear()
    strangers = [f"{number}@example.com" for number in range(20)]
    vault.meet([*met_elsewhere, *strangers, *strangers, None])
    sealed = [vault.seal("email/1", b"secret", at=NOON, subject=each) for each in (*met_elsewhere, *strangers)]
    assert len(asked) == 1
    assert [each[9:17] for each in sealed[:20]] == [each[9:17] for each in met_elsewhere.values()]  # the same keys
    assert len({each[9:17] for each in sealed}) == 40
    asyncio.run(store.flush())
    assert [opened(other, each) for each in sealed] == [b"secret"] * 40
    assert store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", strangers[0])) == 1
    with pytest.raises(ErasedError):
        opened(other, sealed[20])


def test_of_two_keys_of_one_person_a_stranger_is_given_the_one_that_is_found_alone(
    folder: Path, store: KeyStore, other: KeyStore
) -> None:
    seal(store)
    seal(other)
    asyncio.run(store.flush())
    asyncio.run(other.flush())
    third, fourth = KeyStore.open(folder, os.urandom), KeyStore.open(folder, os.urandom)
    together = third.vault("tn_a")
    together.meet([BOSS])
    assert together.seal("email/1", b"", at=NOON, subject=BOSS)[9:17] == seal(fourth)[9:17]
    third.close()
    fourth.close()


def test_keys_made_one_after_another_lie_together(store: KeyStore, other: KeyStore) -> None:
    mine, theirs = ([each.subject("tn_a", str(number)) for number in range(100)] for each in (store, other))
    for each in (mine, theirs):
        assert each == list(range(each[0], each[0] + 100))
        assert 0 < each[0] < each[-1] < 1 << 63
    assert set(mine).isdisjoint(theirs)
