"""Keys: are they ours alone, and do they open what was sealed?"""

import os
import stat
from pathlib import Path

from gatepost import access
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.keys import (
    FILE,
    MASTER,
    NEXT,
    OLDER_STEP,
    ErasedError,
    KeyringError,
    KeysAwayError,
    KeysDamagedError,
    KeyStore,
    older,
)
from gatepost.record import log_store
from gatepost.record.log_store import LOG_KEY_PURPOSE

_RESTORE = "restore the keys folder from the backup that belongs to this database"
_RESTORE_MASTER = (
    "restore master.key alone, from any backup since keys were last rotated, beside what lies there now:"
    " an older keys.sqlite would lose the keys made since, for ever"
)
DISK_FIRST = (
    "see to the disk first: its room, whether it is mounted and may be written; nothing is to be restored for it"
)
_MODE_FIRST = "see to keys.mode first; nothing is to be restored for it"


def look(state: Path, entropy: Entropy) -> tuple[list[Finding], KeyStore | None]:
    """Return how the key folder is, and the key store where it opens."""
    folder = state / "keys"
    try:
        return _look(folder, entropy)
    except PermissionError as error:
        said = f"{error.filename} cannot be read by this account"
        return [failure("keys.mode", said, "run the doctor as the account the house runs as")], None


def _look(folder: Path, entropy: Entropy) -> tuple[list[Finding], KeyStore | None]:
    if not any((folder / name).exists() for name in (FILE, MASTER)):  # a draft of the first one may lie there
        return [warning("keys.master", "there is no master key yet", "it is made at the first start; look again")], None
    if not (folder / FILE).exists():
        lost = f"{folder / FILE} is missing, and with it every key but the master key"
        return [failure("keys.master", lost, _RESTORE)], None
    found = []
    facts = folder.stat()
    loose = sorted(path.name for path in folder.iterdir() if path.suffix != ".crt" and path.stat().st_mode & 0o077)
    is_open = bool(stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid() or loose)
    if is_open:
        what = ", ".join(loose) or "the folder"
        found.append(
            failure("keys.mode", f"{what} in {folder} is open to others", f"chmod -R go-rwx {folder}, run as its owner")
        )
    else:
        found.append(ok("keys.mode", f"{folder} is ours alone"))
    try:
        keys = KeyStore.open(folder, entropy)
    except KeyringError as error:
        has_no_master = not any((folder / name).exists() for name in (MASTER, NEXT))
        is_away = isinstance(error, KeysAwayError)
        step = _RESTORE_MASTER if has_no_master else _MODE_FIRST if is_open else DISK_FIRST if is_away else _RESTORE
        return [*found, failure("keys.master", str(error), step)], None
    return [*found, ok("keys.master", "the master key opens the key store")], keys


async def try_on(keys: KeyStore, db: Database) -> list[Finding]:
    """See that no key was lost, and open one sealed secret of each tenant."""
    opened = 0
    try:
        if lost := await db.note_keys():
            return [failure("keys.fit", older(lost), OLDER_STEP)]
        for tenant in await access.list_tenants(db):
            async with db.transaction(tenant.id) as tx:
                kept = await log_store.log_key(tx)
            if kept is None:
                continue
            keys.keyring.unwrap(LOG_KEY_PURPOSE, kept.wrapped_seed)
            opened += 1
    except KeysAwayError as error:
        return [failure("keys.fit", str(error), DISK_FIRST)]
    except KeysDamagedError as error:
        return [failure("keys.fit", str(error), _RESTORE)]
    except (KeyringError, ErasedError):
        return [failure("keys.fit", "the master key does not open this database's secrets", _RESTORE)]
    said = f"the master key opens what was sealed ({opened} looked at)" if opened else "nothing is sealed"
    return [ok("keys.fit", said)]


async def miss(db: Database) -> list[Finding]:
    """Return whether keys are missing, where the folder has none that open: a first start seals what is empty alone."""
    (row,) = await db.look_up("select count(*) as tenants from lookup_sealed_tenants()")
    if not row.tenants:
        return []
    step = "start with the state folder it belongs to (GATEPOST_STATE), or restore its keys; see keys.master"
    return [failure("keys.fit", "what lies in this database is sealed, and no key here opens it", step)]
