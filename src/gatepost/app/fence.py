"""The files the agents' process may open, and nothing else of the file system: Landlock, for all it may ever run.

Landlock(7) needs no privilege. It holds beside the account's permissions, so what those forbid stays forbidden. It also
keeps the process from looking into others (``/proc/PID/mem``), and where the kernel is new enough, from signalling them
and from sockets in the abstract namespace.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from gatepost.app.confine import PR_SET_NO_NEW_PRIVS

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture (asm/unistd.h)
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_RULESET, _RULE = struct.Struct("=QQQ"), struct.Struct("=Qi")
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_TCP, _SCOPES = 0b11, 0b11  # bind, connect; abstract sockets, signals

# landlock.h: LANDLOCK_ACCESS_FS_*
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FOLDER, _REMOVE, _MAKE_FOLDER, _MAKE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""What can be forbidden, by the version from which on it can."""

_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_TO_READ = _READ | _LIST
_TO_WRITE = _TO_READ | _WRITE | _REMOVE_FOLDER | _REMOVE | _MAKE_FOLDER | _MAKE | _REFER | _TRUNCATE


def kernel_version() -> int:
    """Return the version of Landlock that this kernel has in force; 0 where it has none, or is no Linux."""
    if sys.platform != "linux":
        return 0  # the number means another call
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(ctypes.c_long(_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))))


def fence(readable: Iterable[Path], writable: Iterable[Path]) -> int:
    """Shut every file but these, and what lies beneath them; what does not exist is passed over.

    It binds this thread and what it begins from now on, so it is for a process that has no other.

    Returns:
        The kernel's version of Landlock; 0 where it has none, and nothing is shut.
    """
    if not (version := kernel_version()):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    handled = max(bits for since, bits in _ALL.items() if since <= version)
    tcp, scopes = (_TCP if version >= _NETWORK_SINCE else 0), (_SCOPES if version >= _SCOPES_SINCE else 0)
    asked = _RULESET.pack(handled, tcp, scopes)[: 8 * (1 + (version >= _NETWORK_SINCE) + (version >= _SCOPES_SINCE))]
    rules = int(libc.syscall(ctypes.c_long(_CREATE), asked, ctypes.c_size_t(len(asked)), ctypes.c_uint(0)))
    if rules < 0:
        return 0
    try:
        for paths, rights in ((readable, _TO_READ), (writable, _TO_WRITE)):
            for path in paths:
                _allow(libc, rules, path, rights & handled)
        zero = ctypes.c_ulong(0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
        done = libc.syscall(ctypes.c_long(_RESTRICT), ctypes.c_int(rules), ctypes.c_uint(0))
    finally:
        os.close(rules)
    return 0 if done else version


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:  # nor could it be opened later
            return
        raise
    try:
        allowed = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _OF_FILES
        rule = _RULE.pack(allowed, place)
        if libc.syscall(ctypes.c_long(_ADD), ctypes.c_int(rules), ctypes.c_int(_BENEATH), rule, ctypes.c_uint(0)):
            raise OSError(ctypes.get_errno(), "a rule of Landlock's was refused")
    finally:
        os.close(place)
