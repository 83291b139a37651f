"""The key store: random keys, each wrapped under the master key, in a folder outside the database and the bodies.

A ``tenant`` key seals what lasts and blinds what is looked up; an ``epoch`` key is a tenant's for a month; a
``subject`` key is a person's. To destroy one of the last two makes all that was sealed under it unreadable.

Two processes may each make a key for one month or person: both are kept, each seal names its own. A new key is
remembered at once and written by ``flush``, which whoever commits has waited for: so no commit can name a key that a
power cut takes away, and many new keys are one write. Known keys cost no reading.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from gatepost.clock import Entropy
from gatepost.keys.drafts import Drafts
from gatepost.keys.errors import ErasedError, KeyLostError, KeyringError, KeysDamagedError
from gatepost.keys.keyring import KEY_OCTETS, Keyring
from gatepost.keys.mac import Mac
from gatepost.keys.master import MASTER, NEXT, alone, check_file, check_folder
from gatepost.keys.memory import Memory
from gatepost.keys.rotation import WRAPPING, begin, find_master, lay, rotate, settle
from gatepost.keys.store import House, Row, Rows, unusable
from gatepost.keys.vault import SUBJECT, Vault
from gatepost.keys.writer import begin_writing

FILE = "keys.sqlite"
REMEMBERED_MAX = 50_000


class Kind(StrEnum):
    """What a key is for."""

    TENANT = "tenant"
    EPOCH = "epoch"
    SUBJECT = "subject"


class KeyStore:
    """The keys of one house. Everything but ``flush`` is for the event loop's thread, and quick."""

    def __init__(self, folder: Path, rows: Rows, writes: Rows, entropy: Entropy) -> None:
        self.entropy, self.forgotten = entropy, 0
        self._folder = folder
        self._rows = rows  # read in the event loop's thread
        self._writes = writes  # written by whichever thread holds the lock
        self._lock = threading.RLock()
        with writes.writing():
            begin(folder, writes, entropy)
        with writes.writing():
            self._house = writes.standing_house()
            self._master, self._rotations = settle(folder, self._house, entropy), self._house.rotations
        self._version = rows.version()
        self._drafts = Drafts(entropy)
        self._keys: Memory[int, bytes] = Memory(REMEMBERED_MAX)
        self._ids: Memory[tuple[str, Kind, str], int] = Memory(REMEMBERED_MAX)
        self._ciphers: Memory[tuple[int, int], AESGCM] = Memory(REMEMBERED_MAX)
        self._macs: Memory[int, Mac] = Memory(REMEMBERED_MAX)
        self._lasting: Memory[str, tuple[Mac, AESGCM]] = Memory(REMEMBERED_MAX)

    @classmethod
    def open_existing(cls, folder: Path, entropy: Entropy) -> Self:
        """Open the key store, and make none; raises ``KeyringError`` also where there is none."""
        if not (folder / FILE).exists():
            raise KeyringError(f"{folder} holds no key store")
        return cls.open(folder, entropy)

    @classmethod
    def open(cls, folder: Path, entropy: Entropy) -> Self:
        """Open the key store; make it on the first start, where the folder has no master key either.

        Raises:
            KeyringError: folder or files are open to others, one of them is missing, or they do not fit together; the
                text says what to do.
        """
        check_folder(folder)
        with alone(folder):
            return cls._opened(folder, entropy)

    @classmethod
    def _opened(cls, folder: Path, entropy: Entropy) -> Self:
        path = folder / FILE
        lay(folder, entropy, has_store=path.exists())
        try:
            return cls(folder, Rows.open(path), Rows.open(path), entropy)
        except sqlite3.Error as error:
            raise unusable(path, error) from error

    @classmethod
    def adopt(cls, folder: Path, entropy: Entropy) -> Self:
        """Open the key store as ``open`` does, or make it under the master key of a release that had no other key."""
        check_folder(folder)
        if (folder / MASTER).exists() and not (folder / FILE).exists():
            (folder / MASTER).replace(folder / NEXT)  # the one that this first start puts in force
        return cls.open(folder, entropy)

    def close(self) -> None:
        """Let the files go."""
        with self._lock:  # a thread may be writing for somebody who has given up
            self._rows.close()
            self._writes.close()

    @property
    def id(self) -> str:
        """Which house's keys these are; its database knows it too."""
        return self._house.id

    @property
    def rotations(self) -> int:
        """How many master keys there were before the one in force."""
        return self._house.rotations

    @property
    def ever_made(self) -> int:
        """How many keys were ever made, by whatever process, and are durable or were: a copy taken before has fewer."""
        return self._rows.standing_house().made

    @property
    def keyring(self) -> Keyring:
        """What wraps the house's own secrets: signing keys, webhook secrets."""
        mac, _ = self.lasting("")
        return Keyring(mac(b"keyring"), self.entropy)

    def check(self) -> None:
        """See that the files still are those we hold, and nobody else's.

        Raises:
            KeyringError: they are not; the text says what to do.
        """
        check_folder(self._folder)
        try:
            check_file(self._folder / FILE)
            house = self._rows.standing_house()
        except OSError as error:
            raise unusable(self._folder / FILE, error) from error
        if damage := self._rows.damage or self._writes.damage:  # what is remembered answers as if nothing were wrong
            raise KeysDamagedError(damage)
        self._keep_up(house)
        find_master(self._folder, self._house, self.entropy)

    def vault(self, tenant: str | None) -> Vault:
        """Return the tenant's seals, or those of the house itself."""
        self._look_round()
        return Vault(self, tenant or "")

    def counts(self) -> dict[tuple[str, Kind], int]:
        """Return how many keys each tenant has of each kind; the house itself has the empty name."""
        return {(tenant, Kind(kind)): count for (tenant, kind), count in self._rows.counts().items()}

    def unfit(self, tenant: str) -> list[str]:
        """Return a sentence for each of the tenant's keys that does not open: somebody changed or exchanged it."""
        self._look_round()
        found = []
        for row in self._rows.of_tenant(tenant):
            try:
                self._unwrap(row)
            except KeyringError as error:
                found.append(str(error))
        return found

    def reserve(self) -> None:
        """Have many new keys written quickly from now on (``Rows.reserve``), where there is room for that."""
        with suppress(sqlite3.Error, OSError), self._lock:
            self._writes.reserve()

    # What a vault asks for.

    def lasting(self, tenant: str) -> tuple[Mac, AESGCM]:
        """Return what makes the tenant's tokens and its cipher for what lasts; made and written on first use.

        Raises:
            KeyringError: the key store cannot be read or written.
        """
        try:
            return self.known_lasting(tenant)
        except ErasedError:
            return self._lasting_of(tenant, self._make_lasting(tenant))

    def known_lasting(self, tenant: str) -> tuple[Mac, AESGCM]:
        """Return the same; raises ``ErasedError`` where there is none: never made, or destroyed."""
        if (known := self._lasting.get(tenant)) is not None:
            return known
        row = self._rows.by_name(tenant, Kind.TENANT, "")
        if row is None:
            raise ErasedError("the tenant's key has been destroyed")
        return self._lasting_of(tenant, row)

    def _lasting_of(self, tenant: str, row: Row) -> tuple[Mac, AESGCM]:
        mac = Mac(self._unwrap(row))
        return self._lasting.put(tenant, (Mac(mac(b"blind")), AESGCM(mac(b"seal"))))

    def epoch(self, tenant: str, month: str) -> int:
        """Return the id of the month's key."""
        return self._current(tenant, Kind.EPOCH, month)

    def subject(self, tenant: str, name: str) -> int:
        """Return the id of the subject's key."""
        return self._current(tenant, Kind.SUBJECT, name)

    def meet(self, tenant: str, names: Sequence[str]) -> list[int]:
        """Return ``subject`` of each name, looked up at once; what is not there is made.

        One by one costs several times as much: another process that wrote meanwhile makes SQLite read anew each time.
        """
        ids = {name: key for name in names if (key := self._ids.get((tenant, Kind.SUBJECT, name))) is not None}
        strangers = [name for name in dict.fromkeys(names) if name not in ids]
        if strangers:
            found = {row.name: row for row in self._rows.by_names(tenant, Kind.SUBJECT, strangers)}
            ids.update((name, self._take((tenant, Kind.SUBJECT, name), found.get(name))) for name in strangers)
        return [ids[name] for name in names]

    def pair(self, epoch: int, subject: int) -> bytes:
        """Return the key made of two; raises ``ErasedError`` where one was destroyed, or lost."""
        mac = self._macs.get(epoch) or self._macs.put(epoch, Mac(self._key(epoch)))
        return mac(b"pair" + (self._key(subject) if subject else b""))

    def cipher(self, epoch: int, subject: int) -> AESGCM:
        """Return the cipher under ``pair``."""
        known = self._ciphers.get((epoch, subject))
        return known or self._ciphers.put((epoch, subject), AESGCM(self.pair(epoch, subject)))

    def know(self, keys: Iterable[int]) -> None:
        """Read at once what ``cipher`` will ask for and is not remembered: one by one costs several times as much."""
        for row in self._rows.by_ids(key for key in keys if self._keys.get(key) is None):
            with suppress(KeyringError):  # it is said to whoever asks for it
                self._keys.put(row.id, self._unwrap(row))

    # Writing.

    @property
    def destructions(self) -> int:
        """How often keys were destroyed so far, in whatever process: who sealed before must not commit after."""
        self._look_round()
        return self._house.destructions

    async def flush(self) -> None:
        """Return once every key that was made before this call is durable.

        Raises:
            KeyringError: the key store does not take them; nothing sealed under them may be committed.
        """
        if (writing := self.begin_flush()) is not None:
            await writing

    def begin_flush(self) -> asyncio.Future[None] | None:
        """Begin to do the same in a thread, whether anybody waits for it or not; None where there is nothing to do."""
        return begin_writing(self.flush_now) if self._drafts else None

    def flush_now(self) -> None:
        """Do the same while the caller waits."""
        with self._lock:  # to the end: what was written is never written again, for it may be destroyed by then
            with self._writer() as rows:
                written = self._drafts.wrapped(self._master)
                rows.insert(written)
            self._drafts.drop(row.id for row in written)

    def _make_lasting(self, tenant: str) -> Row:
        """Make the tenant's key and return it; where another process was quicker, its: the first one stays.

        It is read where it was written: a thread that is reading meanwhile keeps the other connection in the past.
        """
        with self._writer() as rows:
            draft = Row(self._drafts.new_id(), tenant, Kind.TENANT, "", b"")
            made = draft._replace(wrapped=self._master.wrap(WRAPPING, self.entropy(KEY_OCTETS), draft.about))
            rows.insert([made])
            return rows.by_name(tenant, Kind.TENANT, "") or made

    def destroy(self, tenant: str, kind: Kind | None = None, name: str | None = None) -> int:
        """Destroy keys for ever: of one month or subject, of one kind, or all the tenant has; return how many.

        A subject's name is ``subject_name``. What any process remembers of them it forgets before it next opens.
        """
        with self._writer() as rows:
            unwritten = self._drafts.named(tenant, kind, name)
            self._drafts.drop(unwritten)
            found = rows.delete(tenant, kind, name)
            rows.delete_ids(tenant, unwritten)  # which lists them as destroyed
        self._writes.shed()
        self._look_round()
        return found

    def destroy_ids(self, tenant: str, keys: Collection[int]) -> int:
        """Destroy these keys for ever, and no others of the same name; return how many there were.

        For what is done again, such as after a restore: a person who has written since has a newer key.
        """
        with self._writer() as rows:
            self._drafts.drop(keys)
            found = rows.delete_ids(tenant, keys)
        if found:
            self._writes.shed()
            self._look_round()
        return found

    def ids(self, tenant: str, kind: Kind, name: str) -> list[int]:
        """Return the ids of the keys of that name which are durable: ``flush`` before, to have all of this process."""
        return self._rows.ids(tenant, kind, name)

    def names(self, tenant: str, kind: Kind) -> list[str]:
        """Return the names of the tenant's durable keys of a kind, in order: of an epoch's its month."""
        return self._rows.names(tenant, kind)

    def subject_name(self, tenant: str, address_key: str) -> str:
        """Return the name of a person's keys; ``address_key`` as ``Address.key`` spells it."""
        return self.vault(tenant).blind_text(SUBJECT, address_key)

    def pass_over(self, keys: int) -> None:
        """Count keys that this store lost, as if it had had them."""
        with self._writer() as rows:
            rows.count(keys)

    def rotate(self) -> int:
        """Put a new master key in force (``rotation``); return how many keys were wrapped anew."""
        with self._lock:
            count = rotate(self._folder, self._writes, self.entropy)
        self._look_round()
        return count

    @contextmanager
    def _writer(self) -> Iterator[Rows]:
        """Be the only writer, under the master key that is in force now."""
        try:
            with self._lock, self._writes.writing():
                self._take_master(self._writes.standing_house())
                yield self._writes
        except sqlite3.Error as error:
            raise self._writes.unusable(error) from error

    # Reading.

    def _look_round(self) -> None:
        """Forget what others have destroyed since, and take the master key they have put in force."""
        version = self._rows.version()
        if version != self._version:
            self._version = version
            self._keep_up(self._rows.standing_house())

    def _take_master(self, house: House) -> None:
        """Take the master key in force. It forgets nothing: a thread calls it while the loop remembers what it read."""
        if house.rotations != self._rotations:
            self._master, _ = find_master(self._folder, house, self.entropy)
            self._rotations = house.rotations

    def _keep_up(self, house: House) -> None:
        self._take_master(house)
        if house.destructions != self._house.destructions:
            for memory in (self._keys, self._ids, self._ciphers, self._macs, self._lasting):
                memory.clear()
            self.forgotten += 1
        self._house = house

    def _current(self, tenant: str, kind: Kind, name: str) -> int:
        known = self._ids.get(place := (tenant, kind, name))
        return self._take(place, self._rows.by_name(*place)) if known is None else known

    def _take(self, place: tuple[str, Kind, str], row: Row | None) -> int:
        """Remember the key that is there, or make one; return its id."""
        if row is not None:
            self._keys.put(row.id, self._unwrap(row))
            return self._ids.put(place, row.id)
        made, key = self._drafts.make(*place)
        self._keys.put(made, key)
        return self._ids.put(place, made)

    def _key(self, key: int) -> bytes:
        if (known := self._keys.get(key)) is not None:
            return known
        if (waiting := self._drafts.key(key)) is not None:
            return waiting
        row = self._rows.by_id(key)
        if row is None and self._rows.was_destroyed(key):
            raise ErasedError("a key this was sealed under has been destroyed")
        if row is None:
            raise KeyLostError("a key this was sealed under is not in the key store, and nobody destroyed it")
        return self._keys.put(key, self._unwrap(row))

    def _unwrap(self, row: Row) -> bytes:
        try:
            return self._master.unwrap(WRAPPING, row.wrapped, row.about)
        except KeyringError:  # wrapped anew between our look round and this
            self._take_master(self._rows.standing_house())
        row = self._rows.by_id(row.id) or row
        try:
            return self._master.unwrap(WRAPPING, row.wrapped, row.about)
        except KeyringError:
            raise KeyringError(
                f"the {row.kind} key {row.id} of {row.tenant or 'the house itself'} in {self._folder / FILE} was"
                " changed, or exchanged for another: restore the key store from your backup"
            ) from None

    @override
    def __repr__(self) -> str:
        return "KeyStore()"  # never what it holds
