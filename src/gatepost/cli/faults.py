"""What goes wrong in a way we know, as the one sentence an operator reads."""

import errno

from gatepost.app.errors import HouseEndedError, lacks_threads
from gatepost.app.state import StateError
from gatepost.blobs.mark import StrangeStoreError
from gatepost.cli.refusal import Refusal
from gatepost.db import DatabaseUnavailableError
from gatepost.db.binaries import LauncherError
from gatepost.db.migrate import MigrationError
from gatepost.durable import FULL
from gatepost.keys import KeyringError
from gatepost.settings import SettingsError

_OUR_OWN = (
    Refusal,
    HouseEndedError,
    KeyringError,
    LauncherError,
    MigrationError,
    SettingsError,
    StateError,
    StrangeStoreError,
)

_NO_THREADS = (
    "the system allows this process no further thread: raise TasksMax of the unit, its memory, or ulimit -u -v"
)

_UNWRITABLE = FULL | {errno.EROFS}
"""Of a disk, also of the one that our words are piped to."""


def sentence(error: Exception) -> str | None:
    """Return what to say of an error, or of the first in a group of nothing but such; None where it is a fault."""
    return _NO_THREADS if lacks_threads(error) else _known(error)


def _known(error: Exception) -> str | None:
    if isinstance(error, DatabaseUnavailableError):
        if isinstance(error.__cause__, KeyringError):
            return str(error.__cause__)
        return f"the database does not answer ({error}): see database.dsn, or postgres.log if it is ours"
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename}: {error.strerror}; the house's files are for the account it runs as: be that one"
    if isinstance(error, ExceptionGroup):
        ours, others = error.split(_OUR_OWN)
        return str(_first(ours)) if ours is not None and others is None else None
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return f"cannot write {error.filename or 'what there is to say'}: {error.strerror}"
    return str(error) if isinstance(error, _OUR_OWN) else None


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
