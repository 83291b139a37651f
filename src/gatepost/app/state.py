"""The state folder: its lock, and the two notes a house leaves in it for the commands beside it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from gatepost.durable import make_folder, sync_folder

LOCK_TRIES, LOCK_WAIT_S = 20, 0.05


class StateError(Exception):
    """The state folder cannot be used as asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A house that is up: where it listens, and whose claims it looks at. Lies in ``running.json`` from start to stop.

    ``operator``: the folder, in full; empty where it looks at none.
    """

    pid: int
    base_url: str
    smtp_host: str
    smtp_port: int
    dsn: str
    http_port: int
    metrics_port: int
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The sandbox tenant's names and its own keys. Lies in ``sandbox.json``, mode 0600, for ever."""

    tenant: str
    mailbox_id: int
    address: str
    api_key: str
    agent_key: str


def prepare(state: Path) -> Path:
    """Make the state folder where there is none, and return it in full.

    Others may pass through it (PostgreSQL's account must), but not list it; each secret file is 0600 by itself.
    """
    try:
        make_folder(state, mode=0o711)
        make_folder(state / "keys", mode=0o700)
    except FileExistsError as error:
        raise StateError(f"{error.filename} is a file, and no folder: choose another with GATEPOST_STATE") from error
    except OSError as error:
        raise StateError(f"cannot make the state folder {state}: {error.strerror}") from error
    if not os.access(state, os.W_OK):
        raise StateError(f"cannot write to the state folder {state}: choose another with GATEPOST_STATE")
    return state.resolve()


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the folder: one house at a time. What a house that was killed left announced is taken away.

    Raises:
        StateError: another process holds it.
    """
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):  # another account's folder, which root serves
            os.fchmod(lock, 0o600)  # whoever may open it may hold it, and so keep the house from starting
        if not _take(lock, LOCK_TRIES):
            raise StateError(
                f"another house is running on {state}: stop it, or choose another folder with GATEPOST_STATE"
            )
        for note in ("running.json", "reload.json"):
            with suppress(OSError):
                (state / note).unlink()
        yield
    finally:
        os.close(lock)


def _take(lock: int | TextIO, tries: int, kind: int = fcntl.LOCK_EX) -> bool:
    for left in reversed(range(tries)):
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError:
            if left:  # a command that only asks holds it for an instant
                time.sleep(LOCK_WAIT_S)
        else:
            return True
    return False


def is_locked(state: Path) -> bool:
    """Return whether a house runs on this folder; whoever asks changes nothing there."""
    try:
        with (state / "lock").open() as lock:
            return not _take(lock, 1, fcntl.LOCK_SH)  # those who ask at once do not take each other for a house
    except OSError:
        return False  # no such folder, or no house was ever up in it


@contextmanager
def announced(state: Path, running: Running) -> Iterator[None]:
    """Leave the note that the house is up, and take it away at the end."""
    write_private(state / "running.json", asdict(running))
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            (state / "running.json").unlink()


def running(state: Path) -> Running | None:
    """Return where the house of this folder listens, or None while none is up."""
    if not is_locked(state):
        return None
    note = _read(state / "running.json")
    return Running(**note) if note else None


def keep_sandbox(state: Path, sandbox: Sandbox) -> None:
    """Keep the sandbox's keys for its owner alone."""
    write_private(state / "sandbox.json", asdict(sandbox))


def sandbox(state: Path) -> Sandbox | None:
    """Return the sandbox's note, or None where this state folder never had one."""
    note = _read(state / "sandbox.json")
    return Sandbox(**note) if note else None


def write_private(path: Path, note: Mapping[str, object]) -> None:
    """Replace a note in one step, durable and for its owner alone."""
    fresh = path.with_name(f"{path.name}.new")  # no two notes share it
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        json.dump(note, file, indent=2)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    sync_folder(path.parent)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None
