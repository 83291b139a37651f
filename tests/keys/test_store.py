"""The key store's file: one writer at a time, all or nothing, and a look at who wrote."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.keys.errors import KeysAwayError
from gatepost.keys.store import Row, Rows, unusable

ROW = Row(7, "tn_a", "epoch", "2026-11", b"wrapped")


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    made = Rows.open(tmp_path / "keys.sqlite")
    yield made
    made.close()


def test_what_was_written_is_found_by_id_and_by_name(rows: Rows) -> None:
    with rows.writing():
        rows.insert([ROW])
    assert rows.by_id(7) == rows.by_name("tn_a", "epoch", "2026-11") == ROW
    assert rows.by_id(8) is rows.by_name("tn_b", "epoch", "2026-11") is None
    assert rows.counts() == {("tn_a", "epoch"): 1}


def test_what_fails_half_way_never_was(rows: Rows) -> None:
    def one_and_a_half() -> Iterator[Row]:
        yield ROW
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half"), rows.writing():
        rows.insert(one_and_a_half())
    assert rows.by_id(7) is None


def test_a_key_that_is_there_stays_and_a_tenant_has_one_of_its_own(rows: Rows) -> None:
    with rows.writing():
        rows.insert([ROW, Row(7, "tn_a", "epoch", "2026-11", b"other")])
        rows.insert([Row(1, "tn_a", "tenant", "", b"first"), Row(2, "tn_a", "tenant", "", b"second")])
    assert rows.by_id(7) == ROW
    assert rows.by_name("tn_a", "tenant", "") == Row(1, "tn_a", "tenant", "", b"first")


def test_every_key_that_was_made_counts_once_and_for_ever(rows: Rows) -> None:
    with rows.writing():
        rows.begin("house", b"proof")
        rows.insert([ROW, ROW._replace(id=8)])
        rows.insert([ROW, ROW._replace(id=9)])
        rows.insert([])
    assert rows.standing_house().made == 3
    with rows.writing():
        rows.delete("tn_a", None, None)
    assert rows.standing_house().made == 3


def test_the_file_of_a_release_that_did_not_count_is_counted_on(rows: Rows, tmp_path: Path) -> None:
    with rows.writing():
        rows.begin("house", b"proof")
        rows.insert([ROW])
    rows._connection.execute("alter table house drop column made")  # as it was made before
    for _ in range(2):
        later = Rows.open(tmp_path / "keys.sqlite")
        with later.writing():
            later.insert([ROW._replace(id=later.standing_house().made + 8)])
        later.close()
    assert rows.standing_house().made == 2
    assert rows.by_id(7) == ROW


def test_who_writes_elsewhere_is_noticed(rows: Rows, tmp_path: Path) -> None:
    other = Rows.open(tmp_path / "keys.sqlite")
    before = rows.version()
    with rows.writing():
        rows.insert([ROW])
    assert rows.version() == before
    with other.writing():
        assert other.delete("tn_a", "epoch", "2026-12") == 0
        assert other.delete("tn_a", "epoch", None) == 1
    assert rows.version() != before
    other.close()


def test_the_file_is_flushed_and_wiped(tmp_path: Path) -> None:
    """What SQLite was told; that it does so is its own word (and durability under a power cut the disk's)."""
    rows = Rows.open(tmp_path / "keys.sqlite")
    connection = rows._connection
    asked = [connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", 2]
    assert connection.execute("pragma secure_delete").fetchone() == (1,)
    rows.close()


def test_what_is_written_once_room_was_made_makes_no_file_longer(rows: Rows, tmp_path: Path) -> None:
    ahead, main = tmp_path / "keys.sqlite-wal", tmp_path / "keys.sqlite"
    with rows.writing():
        rows.begin("house", b"proof")
        rows.insert([ROW])
    counts = rows.counts()
    rows.reserve()
    length, made = ahead.stat().st_size, main.stat().st_size
    assert length > 4_096_000
    rows.reserve()  # it is long enough
    assert ahead.stat().st_size == length
    for number in range(300):  # one by one, as strangers come
        with rows.writing():
            rows.insert([ROW._replace(id=100 + number, name=f"{number:032x}", wrapped=bytes(60))])
    assert ahead.stat().st_size == length
    assert main.stat().st_size == made  # nothing of it ever was on its way there
    assert rows.counts() == {**counts, ("tn_a", "epoch"): 301}
    other = Rows.open(main)
    assert other.counts() == rows.counts()
    assert other.by_id(0) is None
    other.close()


def test_where_there_is_no_room_nothing_is_changed_and_none_is_taken(rows: Rows, tmp_path: Path) -> None:
    """On a disk that was nearly full, the last octets went to zeros, and PostgreSQL had none."""
    with rows.writing():
        rows.begin("house", b"proof")
    rows._connection.execute("pragma max_page_count = 100")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        rows.reserve()
    assert (tmp_path / "keys.sqlite-wal").stat().st_size == 0
    with rows.writing():
        rows.insert([ROW])
    assert rows.counts() == {("tn_a", "epoch"): 1}


def test_where_sqlite_ended_the_transaction_itself_the_disk_is_blamed_and_not_the_file(rows: Rows) -> None:
    ends_it = "create temp trigger full before insert on key begin select raise(rollback, 'as a full disk does'); end"
    rows._connection.execute(ends_it)
    with pytest.raises(sqlite3.Error, match="as a full disk does"), rows.writing():
        rows.insert([ROW])
    rows._connection.execute("drop trigger full")
    with rows.writing():
        rows.insert([ROW])


def test_a_row_knows_what_its_wrapping_is_bound_to() -> None:
    assert ROW.about == b"tn_a\x00epoch\x002026-11\x007"


def test_two_do_not_write_at_once(rows: Rows, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "keys.sqlite", timeout=0, isolation_level=None)
    with rows.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("begin immediate")
    other.close()


def test_a_file_that_cannot_be_read_now_is_away(rows: Rows) -> None:
    rows.close()  # as one whose disk fails: SQLite raises an error of its own
    for read in (rows.version, rows.house, rows.counts):
        with pytest.raises(KeysAwayError, match="restore nothing"):
            read()


@pytest.mark.parametrize(
    ("code", "is_away"),
    [
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_WRITE, True),
        (sqlite3.SQLITE_READONLY_DIRECTORY, True),
        (sqlite3.SQLITE_PROTOCOL, True),  # others begin and end with it in such numbers that no lock is to be had
        (sqlite3.SQLITE_ERROR, True),  # says nothing of the file
        (sqlite3.SQLITE_NOTADB, False),
        (sqlite3.SQLITE_CORRUPT_INDEX, False),
    ],
)
def test_only_a_file_that_is_damaged_or_gone_is_to_be_restored(code: int, *, is_away: bool) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    assert isinstance(unusable(Path("keys.sqlite"), error), KeysAwayError) is is_away
    assert isinstance(unusable(Path("keys.sqlite"), OSError(5, "Input/output error")), KeysAwayError)
    assert "restore it" in str(unusable(Path("keys.sqlite"), FileNotFoundError(2, "No such file")))
