"""A new master key in place of the old one: every key of the store is wrapped anew, nothing that is sealed is touched.

Whoever kept an old master key and an old copy of the database needs the old key store too; whoever copies the key store
from now on needs the new master key.

The steps: (1) the new key lies beside the old one, flushed; (2) one transaction of the key store wraps everything anew;
(3) the new file takes the old one's name. Killed before the commit in (2), the old key is in force, after it the new
one: which of them, the store's own row proves, and whoever opens it next makes up for (3).
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gatepost.clock import Entropy
from gatepost.durable import sync_folder
from gatepost.keys.errors import KeyringError
from gatepost.keys.keyring import Keyring
from gatepost.keys.master import MASTER, NEXT, make_master, read_master
from gatepost.keys.store import House, Rows

WRAPPING, PROVING = "key", "proof"
"""The purposes the master key is used for."""

PROOF = b"gatepost"
_BATCH = 5_000


def lay(folder: Path, entropy: Entropy, *, has_store: bool) -> None:
    """See that there is a master key to open the store with; make the first one where there is no store either.

    Raises:
        KeyringError: one of the two is there without the other.
    """
    has_master = (folder / MASTER).exists()
    if not has_store:
        if has_master:
            raise KeyringError(lost(folder))
        make_master(folder / NEXT, entropy)
    elif not has_master and not (folder / NEXT).exists():
        raise KeyringError(
            f"the master key {folder / MASTER} is missing: restore it from your backup; without it nothing opens"
        )


def find_master(folder: Path, house: House, entropy: Entropy) -> tuple[Keyring, str]:
    """Return the master key in force and the name of its file.

    Raises:
        KeyringError: none of the files fits the key store.
    """
    for name in [name for name in (MASTER, NEXT) if (folder / name).exists()] or [MASTER]:
        master = Keyring(read_master(folder / name), entropy)
        try:
            master.unwrap(PROVING, house.proof)
        except KeyringError:
            continue
        return master, name
    raise KeyringError(
        f"the master key {folder / MASTER} does not fit the key store beside it: restore both from one backup"
    )


def begin(folder: Path, rows: Rows, entropy: Entropy) -> None:
    """Put the first master key in force, where the key store says nothing of itself yet; ``settle`` gives it its name.

    Raises:
        KeyringError: there was a key store under the master key that lies there.
    """
    if rows.house() is not None:
        return
    if (folder / MASTER).exists():
        raise KeyringError(lost(folder))
    rows.begin(entropy(16).hex(), Keyring(read_master(folder / NEXT), entropy).wrap(PROVING, PROOF))


def lost(folder: Path) -> str:
    """Return what to do where a master key lies without the keys it wraps."""
    return (
        f"{folder / MASTER} is there, and the key store beside it is gone or empty, and with it every other key:"
        f" restore {folder} from the backup that belongs to this database, then ask `gatepost doctor`; where nothing"
        " was sealed that is worth opening, move the master key away, and the next start makes new keys"
    )


def settle(folder: Path, house: House, entropy: Entropy) -> Keyring:
    """Return the master key in force, and give its file its name if that was not done yet.

    Only while nobody else writes to the key store: another rotation would be met half-way.
    """
    master, name = find_master(folder, house, entropy)
    if name == NEXT:
        (folder / NEXT).replace(folder / MASTER)
    else:
        (folder / NEXT).unlink(missing_ok=True)  # its rotation never came to be
    sync_folder(folder)
    return master


def rotate(folder: Path, rows: Rows, entropy: Entropy) -> int:
    """Put a new master key in force; return how many keys were wrapped anew. Houses that are up notice by themselves.

    Raises:
        KeyringError: the key store cannot be read or written; what was in force still is.
    """
    count = 0
    try:
        for step in steps(folder, rows, entropy):
            count = step
    except (OSError, sqlite3.Error) as error:
        raise KeyringError(f"the master key was not replaced: {error}") from error
    return count


def steps(folder: Path, rows: Rows, entropy: Entropy) -> Iterator[int]:
    """Rotate, and yield after each step the number of keys wrapped anew so far: for ``rotate``, and to be cut off."""
    count = 0
    with rows.writing():
        house = rows.house()
        if house is None:
            raise KeyringError("the key store says nothing of itself: restore it from your backup")
        old = settle(folder, house, entropy)
        yield count
        make_master(folder / NEXT, entropy)
        new = Keyring(read_master(folder / NEXT), entropy)
        yield count
        last = 0
        while batch := rows.after(last, _BATCH):
            rows.rewrap(
                (row.id, new.wrap(WRAPPING, old.unwrap(WRAPPING, row.wrapped, row.about), row.about)) for row in batch
            )
            last = batch[-1].id
            count += len(batch)
            yield count
        rows.turn(new.wrap(PROVING, PROOF))
        yield count
    yield count
    with rows.writing():  # perhaps another process has settled it meanwhile, and even begun the next rotation
        settle(folder, rows.house() or house, entropy)
    yield count
    rows.shed()
    yield count
