"""Where the embedded PostgreSQL keeps its files."""

import hashlib
import time
from pathlib import Path

from gatepost.db.binaries import service_account
from gatepost.durable import make_folder, sync_folder

_SHARED_HOME = Path("/var/lib/gatepost")


def home_for(state: Path) -> Path:
    """Return the folder for PostgreSQL's files: the state folder, where the account it runs as can reach it.

    As root, PostgreSQL runs under another account; a state folder below a closed one (``/root``) is out of its
    reach, and opening the folders above would be no service. Then a folder below ``/var/lib/gatepost`` holds the
    data, and ``postgres`` in the state folder points there.
    """
    state = state.resolve()
    pointer = state / "postgres"
    if pointer.is_symlink():
        return pointer.readlink()
    if service_account() is None or all(parent.stat().st_mode & 0o001 for parent in (state, *state.parents)):
        return state
    # Named after this very folder, so that a new state folder at the same path never meets the data of an old one.
    digest = hashlib.sha256(f"{state}:{state.stat().st_ino}:{time.time_ns()}".encode()).hexdigest()[:16]
    home = _SHARED_HOME / digest
    make_folder(home, mode=0o711)
    pointer.symlink_to(home)
    sync_folder(state)
    return home
