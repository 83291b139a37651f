"""The agents' process connects through egress, or not at all: refused where Python opens a socket, for good.

A library that connects by Python's sockets, and a line that some fault injected, meet the same hook (PEP 578). It is
no sandbox, and binds nobody who runs code of his own choice here (ADR 77). libpq and obstore connect beneath it:
psycopg is held to what egress vouched for, obstore by its adapter alone (``blobs.bucket``). ctypes is closed where it
opens a library, and not where it calls an address somebody found by himself.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from psycopg import generators
from psycopg.conninfo import conninfo_to_dict
from typing_extensions import override

from gatepost.clock import Clock
from gatepost.egress import Egress, Errand, Register, Resolve
from gatepost.egress.paper import Admitted

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
    """Lets a socket connect once for each time that egress admitted its very address and port."""

    def __init__(self) -> None:
        self._admitted: Counter[tuple[str, int]] = Counter()
        self._vouched: set[tuple[str, str]] = set()

    def egress(self, register: Register, resolve: Resolve, clock: Clock) -> Egress:
        """Return the one way out that this guard listens to."""
        return _Announcing(self, register, resolve, clock)

    def expect(self, address: str, port: int) -> None:
        """Let one connection to this address pass."""
        self._admitted[address, port] += 1

    def vouched(self, address: str, port: int) -> None:
        """Let libpq connect to this address."""
        self._vouched.add((address, str(port)))

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
            raise OutsideEgressError("a datagram goes only where egress has connected its socket")
        if event in _CONNECTING:
            self._connect(arguments[1])

    def _check_database(self, conninfo: str) -> None:
        """See that libpq is told addresses, all of them vouched for, or a socket of this machine."""
        said = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
        hosts, addresses = said.get("host", "").split(","), said.get("hostaddr", "").split(",")
        ports = said.get("port", "").split(",")
        if all(host.startswith(("/", "@")) for host in hosts) and addresses == [""]:
            return
        asked = {*zip(addresses, ports * len(addresses) if len(ports) == 1 else ports, strict=False)}
        if len(ports) not in {1, len(addresses)} or not asked <= self._vouched:
            raise OutsideEgressError("libpq connects only where egress has vouched for the address")

    def _connect(self, target: Any) -> None:
        place = (str(target[0]), target[1]) if isinstance(target, tuple) and len(target) > 1 else None
        if place is None or not self._admitted[place]:
            raise OutsideEgressError("a socket connects only where egress has admitted it")
        self._admitted[place] -= 1
        if not self._admitted[place]:
            del self._admitted[place]


def _is_of_the_kernel(path: Any, _mode: Any, flags: Any) -> bool:
    """Tell whether a file is opened for writing below /proc, where a process's memory lies."""
    if not isinstance(path, str | bytes) or not isinstance(flags, int) or flags & os.O_ACCMODE == os.O_RDONLY:
        return False
    place = os.fsdecode(path)
    is_perhaps = place == "mem" or (place.endswith("/mem") and not place.startswith("/"))  # of a folder we do not see
    return is_perhaps or os.path.realpath(place).startswith("/proc/")


class _Announcing(Egress):
    """Tells the guard of each connection it admits, and of each address it vouches for."""

    def __init__(self, guard: Guard, register: Register, resolve: Resolve, clock: Clock) -> None:
        super().__init__(register, resolve, clock)
        self._guard = guard

    @override
    def admit(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool = False) -> Admitted:
        admitted = super().admit(errand, host, port, address, in_clear=in_clear)
        self._guard.expect(address, port)
        return admitted

    @override
    async def vouch(self, errand: Errand, host: str, port: int, *, in_clear: bool = False) -> list[str]:
        addresses = await super().vouch(errand, host, port, in_clear=in_clear)
        for address in addresses:
            self._guard.vouched(address, port)
        return addresses
