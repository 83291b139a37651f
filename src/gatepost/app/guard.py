"""The agents' process connects through egress, or not at all: refused where Python opens a socket, for good.

Whatever runs in that process, a library or an injected line, meets the same hook, which nothing written in Python can
take out again (PEP 578). libpq and obstore connect beneath it: to addresses that egress vouched for, and to no others.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

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

    def egress(self, register: Register, resolve: Resolve, clock: Clock) -> Egress:
        """Return the one way out that this guard listens to."""
        return _Announcing(self, register, resolve, clock)

    def expect(self, address: str, port: int) -> None:
        """Let one connection to this address pass."""
        self._admitted[address, port] += 1

    def install(self) -> None:
        """Begin, for as long as the process lives."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: Sequence[Any]) -> None:
        if event in _CLOSED:
            raise OutsideEgressError(f"{event} is closed to the agents' process")
        if event in _SENDING and arguments[1] is not None:
            raise OutsideEgressError("a datagram goes only where egress has connected its socket")
        if event in _CONNECTING:
            self._connect(arguments[1])

    def _connect(self, target: Any) -> None:
        place = (str(target[0]), target[1]) if isinstance(target, tuple) and len(target) > 1 else None
        if place is None or not self._admitted[place]:
            raise OutsideEgressError("a socket connects only where egress has admitted it")
        self._admitted[place] -= 1
        if not self._admitted[place]:
            del self._admitted[place]


class _Announcing(Egress):
    """Tells the guard of each connection it admits."""

    def __init__(self, guard: Guard, register: Register, resolve: Resolve, clock: Clock) -> None:
        super().__init__(register, resolve, clock)
        self._guard = guard

    @override
    def admit(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool = False) -> Admitted:
        admitted = super().admit(errand, host, port, address, in_clear=in_clear)
        self._guard.expect(address, port)
        return admitted
