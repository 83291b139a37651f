"""The key store's SQL: SQLite, because its place is outside PostgreSQL. Wrapped keys only; nothing here opens one.

Any number of processes may have it open. What was written is durable when ``writing`` ends, and what was deleted is
overwritten with zeros.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from gatepost.keys.errors import KeyringError, KeysAwayError, KeysDamagedError
from gatepost.keys.master import check_file

_WAIT_S = 10
_PAGE_OCTETS = 4096
_AHEAD_PAGES = 1000
"""So long grows the write-ahead file: at its commit SQLite moves all of it to its place and begins at the front."""
_CACHE_PAGES = 10
"""The fewest that SQLite keeps in memory while it writes."""

_SCHEMA = """
    create table if not exists house (
      only integer primary key check (only = 1),
      id text not null,              -- which house this is; its database knows it too
      proof blob not null,           -- wrapped under the master key: does a master key fit?
      rotations integer not null,    -- how many master keys there were before
      destructions integer not null, -- how often keys were destroyed: what is remembered of them is to be forgotten
      made integer not null default 0  -- how many keys were ever made: an older copy has had fewer
    ) strict;
    create table if not exists key (
      id integer primary key,
      tenant text not null,
      kind text not null,
      name text not null,            -- a month, or a keyed token of a subject: never an address
      wrapped blob not null
    ) strict;
    create table if not exists destroyed (
      id integer primary key         -- of a key; 0: some that a release destroyed which kept no such list
    ) strict;
    create index if not exists key_by_name on key (tenant, kind, name);
    create unique index if not exists key_one_per_tenant on key (tenant) where kind = 'tenant';
"""
_COUNTING = "alter table house add column made integer not null default 0"
"""For the store of a release that did not count."""

_UNLISTED = "insert or ignore into destroyed select 0 from house where destructions > 0"
"""For the store of a release that did not list what it destroyed."""


@dataclass(frozen=True, slots=True)
class House:
    """The store's own row."""

    id: str
    proof: bytes
    rotations: int
    destructions: int
    made: int


class Row(NamedTuple):
    """One key at rest, in the order of its columns."""

    id: int
    tenant: str
    kind: str
    name: str
    wrapped: bytes

    @property
    def about(self) -> bytes:
        """What the wrapping is bound to: a row that was moved does not open."""
        return "\x00".join((self.tenant, self.kind, self.name, str(self.id))).encode()


_LOST_SINCE = "an older one would lose the keys made since, for ever"

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""What SQLite says of the file itself; all else is of its surroundings (https://www.sqlite.org/rescode.html)."""


def unusable(path: Path, error: OSError | sqlite3.Error) -> KeyringError:
    """Return what to say of a file that cannot be used: one that is damaged or gone is to be restored, no other.

    An older one, put in the place of one that was only out of reach, has lost the keys made since.
    """
    told = f"the key store {path} cannot be used: {error}"
    is_gone = isinstance(error, FileNotFoundError)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF  # an extended code's lowest octet
    if code in _DAMAGED or is_gone:
        return (KeyringError if is_gone else KeysDamagedError)(f"{told}; restore it from your backup")
    return KeysAwayError(f"{told}; see to the disk it lies on, and restore nothing: {_LOST_SINCE}")


class Rows:
    """One connection to the file. Not for two threads at once.

    Attributes:
        damage: what to say of the file since a part of it was found damaged, whatever else can still be read; or empty.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.damage = ""
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file or make it, for nobody else.

        Raises:
            KeyringError: it is open to others.
            sqlite3.Error: it is none of ours.
        """
        # A file that is there is never opened here: to close it would take away the locks SQLite holds on it in this
        # very process (POSIX), and the next process to leave would believe itself the last, and delete what is not yet
        # in it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # SQLite would ask the umask
        check_file(path)
        connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"pragma wal_autocheckpoint = {_AHEAD_PAGES}")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma secure_delete = on")
        is_listing = bool(connection.execute("pragma table_info(destroyed)").fetchall())
        connection.executescript(_SCHEMA)
        if not is_listing:
            connection.execute(_UNLISTED)
        if "made" not in {name for _, name, *_ in connection.execute("pragma table_info(house)")}:
            connection.execute(_COUNTING)
        return cls(connection, path)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer, in whatever process; what was written is durable at the end, or not there at all."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def reserve(self) -> None:
        """Make the write-ahead file as long as it gets, so that what comes is written over zeros (docs/adr/0165).

        Raises:
            sqlite3.Error: there is no room for it, or the file cannot be written; it is as short as it can be.
        """
        if self._path.with_name(f"{self._path.name}-wal").stat().st_size >= _AHEAD_PAGES * _PAGE_OCTETS:
            return
        (cache_pages,) = self._connection.execute("pragma cache_size").fetchone()
        # What has no room in memory goes to the file before any commit.
        self._connection.execute(f"pragma cache_size = {_CACHE_PAGES}")
        try:
            self._connection.execute("pragma wal_checkpoint(passive)")  # else only a disk with room could be given back
            self._connection.execute("begin immediate")
            self._fill()
        finally:
            self._connection.execute(f"pragma cache_size = {cache_pages}")
        with self.writing():
            self._connection.execute("update house set only = only")  # whose flush takes all of it along

    def _fill(self) -> None:
        """Write zeros, and roll them back; where there is no room for all of them, give back what they took.

        PostgreSQL may be on the same disk: its last octets are not ours to keep.
        """
        try:
            query = "insert into key values (0, '', '', '', zeroblob(?))"
            self._connection.execute(query, ((_AHEAD_PAGES + 2 * _CACHE_PAGES) * _PAGE_OCTETS,))
        except sqlite3.Error:
            if self._connection.in_transaction:  # SQLite has rolled back itself where the disk was full
                self._connection.execute("rollback")
            self.shed()
            raise
        self._connection.execute("rollback")  # which does not make the file shorter

    def version(self) -> int:
        """Return a number that changes when anybody else has written."""
        return int(self._read("pragma data_version")[0][0])

    def house(self) -> House | None:
        """Return the store's own row; None where it was just made."""
        found = self._read("select id, proof, rotations, destructions, made from house")
        return House(*found[0]) if found else None

    def standing_house(self) -> House:
        """Return the same row of a store that was begun; raises ``KeyringError`` where it is gone."""
        house = self.house()
        if house is None:
            raise KeyringError("the key store is empty: restore it from your backup")
        return house

    def begin(self, house_id: str, proof: bytes) -> House:
        """Write the store's own row and return it."""
        self._connection.execute("insert into house values (1, ?, ?, 0, 0, 0)", (house_id, proof))
        return House(house_id, proof, 0, 0, 0)

    def turn(self, proof: bytes) -> None:
        """Note that a new master key is in force."""
        self._connection.execute("update house set proof = ?, rotations = rotations + 1", (proof,))

    def by_id(self, key: int) -> Row | None:
        """Return one key."""
        return self._one("select * from key where id = ?", key)

    def was_destroyed(self, key: int) -> bool:
        """Tell whether a key that is not there was destroyed, as far as anybody can tell: else it was lost."""
        return bool(self._read("select 1 from destroyed where id in (0, ?)", key))

    def by_ids(self, keys: Iterable[int]) -> list[Row]:
        """Return those of the keys that are there, in one reading."""
        query = "select * from key where id in (select value from json_each(?))"
        return [Row(*row) for row in self._read(query, json.dumps([*keys]))]

    def by_name(self, tenant: str, kind: str, name: str) -> Row | None:
        """Return the newest key of that name."""
        query = "select * from key where tenant = ? and kind = ? and name = ? order by rowid desc limit 1"
        return self._one(query, tenant, kind, name)

    def by_names(self, tenant: str, kind: str, names: Iterable[str]) -> list[Row]:
        """Return all keys of those names, in one reading; of one name the last is the one ``by_name`` returns."""
        query = """
            select * from key where tenant = ? and kind = ? and name in (select value from json_each(?)) order by rowid
        """
        return [Row(*row) for row in self._read(query, tenant, kind, json.dumps([*names]))]

    def of_tenant(self, tenant: str) -> list[Row]:
        """Return all keys of a tenant."""
        return [Row(*row) for row in self._read("select * from key where tenant = ?", tenant)]

    def _one(self, query: str, *values: str | int) -> Row | None:
        found = self._read(query, *values)
        return Row(*found[0]) if found else None

    def _read(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            KeysUnusableError: it is damaged, or cannot be read now.
        """
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self.unusable(error) from error

    def unusable(self, error: sqlite3.Error) -> KeyringError:
        """Return what to say of an error, and keep it in mind where the file is damaged."""
        told = unusable(self._path, error)
        if isinstance(told, KeysDamagedError):
            self.damage = str(told)
        return told

    def insert(self, rows: Iterable[Row]) -> None:
        """Add keys; one that is there already stays as it is."""
        query = "insert or ignore into key values (?, ?, ?, ?, ?)"
        self.count(self._connection.executemany(query, rows).rowcount)

    def count(self, keys: int) -> None:
        """Note that so many more keys were made."""
        self._connection.execute("update house set made = made + ?", (keys,))

    def after(self, key: int, limit: int) -> list[Row]:
        """Return the keys with the next higher ids, in order."""
        query = "select * from key where id > ? order by id limit ?"
        return [Row(*row) for row in self._read(query, key, limit)]

    def rewrap(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Put keys under another wrapping."""
        query = "update key set wrapped = ? where id = ?"
        self._connection.executemany(query, ((wrapped, key) for key, wrapped in rows))

    def delete(self, tenant: str, kind: str | None, name: str | None) -> int:
        """Destroy keys of a tenant: of one kind and name, of one kind, or all; return how many."""
        which = "tenant = :tenant and (:kind is null or kind = :kind) and (:name is null or name = :name)"
        values = {"tenant": tenant, "kind": kind, "name": name}
        listing = f"insert or ignore into destroyed select id from key where {which}"  # noqa: S608  # the text above
        self._connection.execute(listing, values)
        found = self._connection.execute(f"delete from key where {which}", values).rowcount  # noqa: S608  # as above
        self._connection.execute("update house set destructions = destructions + 1")
        return found

    def ids(self, tenant: str, kind: str, name: str) -> list[int]:
        """Return the keys of that name: more than one where two processes met the person at once."""
        query = "select id from key where tenant = ? and kind = ? and name = ? order by id"
        return [int(row[0]) for row in self._read(query, tenant, kind, name)]

    def names(self, tenant: str, kind: str) -> list[str]:
        """Return the names of the tenant's keys of a kind, in order."""
        query = "select distinct name from key where tenant = ? and kind = ? order by name"
        return [str(row[0]) for row in self._read(query, tenant, kind)]

    def delete_ids(self, tenant: str, keys: Iterable[int]) -> int:
        """Destroy these of the tenant's keys; return how many there were: others were destroyed before."""
        found = 0
        listing = "insert or ignore into destroyed select :id where not exists (select 1 from key where id = :id)"
        for key in keys:
            found += self._connection.execute("delete from key where tenant = ? and id = ?", (tenant, key)).rowcount
            self._connection.execute(listing, {"id": key})
        if found:
            self._connection.execute("update house set destructions = destructions + 1")
        return found

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many keys there are of each tenant and kind."""
        query = "select tenant, kind, count(*) from key group by tenant, kind order by tenant, kind"
        return {(tenant, kind): count for tenant, kind, count in self._read(query)}

    def shed(self) -> None:
        """Empty the write-ahead file, in which deleted keys may still stand."""
        self._connection.execute("pragma wal_checkpoint(truncate)")
