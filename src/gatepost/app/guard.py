"""The agents' process connects through its door, or not at all: refused where Python opens a socket, for good.

A library that connects by Python's sockets, and a line that some fault injected, meet this hook (PEP 578), and learn in
Python's words what is closed. What holds code of an attacker's own choice is the kernel's filter (``app.confine``).
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import generators
from psycopg.conninfo import conninfo_to_dict

_CHILDREN = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
"""A child would not be bound by the hook."""

_BENEATH = frozenset({"ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle"})
"""Nor would a C library called by hand."""

_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
"""A question to DNS can carry words out too."""

_CONNECTING = frozenset({"socket.connect"})
_SENDING = frozenset({"socket.sendto", "socket.sendmsg"})
_LISTENING = frozenset({"socket.bind"})
_CLOSED = _CHILDREN | _BENEATH | _NAMES | _LISTENING


class OutsideEgressError(PermissionError):
    """Something in this process tried to get out by itself."""


class Guard:
    """Lets a socket connect to those in one folder, and to nothing else.

    Args:
        doors: the folder of the way out, which another process keeps.
    """

    def __init__(self, doors: Path) -> None:
        self._doors = doors

    def install(self) -> None:
        """Begin, for as long as the process lives."""
        sys.addaudithook(self._hear)
        connect = generators.connect

        def held(conninfo: str) -> Any:
            self._check_database(conninfo)
            return connect(conninfo)

        generators.connect = held  # libpq opens its sockets without an event; each connection of psycopg begins here

    def _hear(self, event: str, arguments: Sequence[Any]) -> None:
        if event in _CLOSED:
            raise OutsideEgressError(f"{event} is closed to the agents' process")
        if event == "open" and _is_of_the_kernel(*arguments):
            raise OutsideEgressError("nobody writes below /proc: there lies this hook, too")
        if event in _SENDING and arguments[1] is not None:
            raise OutsideEgressError("no datagram goes anywhere")
        if event in _CONNECTING:
            self._connect(arguments[1])

    def _check_database(self, conninfo: str) -> None:
        """See that libpq is told sockets of this machine, and no address."""
        said = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
        hosts = said.get("host", "").split(",")
        if not all(host.startswith(("/", "@")) for host in hosts) or said.get("hostaddr"):
            raise OutsideEgressError("libpq connects only to a socket of this machine")

    def _connect(self, target: Any) -> None:
        if not isinstance(target, str | bytes) or Path(os.fsdecode(target)).parent != self._doors:
            raise OutsideEgressError("a socket connects only to the door")


def _is_of_the_kernel(path: Any, _mode: Any, flags: Any) -> bool:
    """Tell whether a file is opened for writing below /proc, where a process's memory lies."""
    if not isinstance(path, str | bytes) or not isinstance(flags, int) or flags & os.O_ACCMODE == os.O_RDONLY:
        return False
    place = os.fsdecode(path)
    is_perhaps = place == "mem" or (place.endswith("/mem") and not place.startswith("/"))  # of a folder we do not see
    return is_perhaps or os.path.realpath(place).startswith("/proc/")
