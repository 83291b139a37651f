"""Connections of the agents' process to sockets of this machine: made for it by the house, to those it has named.

A seccomp filter sees no path. What it can do is to stop a ``connect`` and ask another process (seccomp_unotify(2)): the
house reads which path was meant, connects a socket of its own to the one it knows by that name, and puts it in the
place of the asker's. Nothing the asker changes meanwhile matters, for nothing of the asker's is used but the place.
"""

import asyncio
import errno
import os
import re
import select
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import structlog

from gatepost.app.confine import ConfineError, confine

USHER = "usher"
"""The socket at which the agents' process hands over its questions, in the folder of its way out."""

ASK_S = 10.0

KERNEL_MIN = (5, 9)
"""Since which Linux a socket can be put into the asker's place (seccomp_unotify(2), SECCOMP_IOCTL_NOTIF_ADDFD). Those
from 5.0 on stop a ``connect`` and have no way to let it be made: whoever is watched there reaches nothing at all."""

# seccomp.h: struct seccomp_notif, seccomp_notif_resp, seccomp_notif_addfd and the calls that take them.
_ASKED, _ANSWER, _PUT = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI"), struct.Struct("=QIIII")
_RECV, _SEND, _IS_VALID, _ADD = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
_AT_THAT_NUMBER = 1  # SECCOMP_ADDFD_FLAG_SETFD
_FAMILY = struct.Struct("=H")
_ADDRESS_MAX_OCTETS = 110
_YES, _NO, _TAKEN = b"y", b"n", b"t"

log = structlog.get_logger()


class Usher:
    """Connects for one process.

    Args:
        sockets: the addresses it may connect to, as ``socket.connect`` takes them.
        release: the kernel's, as ``uname`` spells it.
    """

    def __init__(self, sockets: Iterable[str], *, release: str = os.uname().release) -> None:
        self._release = release
        self._sockets = {_plain(os.fsencode(each)): each for each in sockets}
        self._listener: int | None = None
        self._questions = select.poll()
        self._is_over = False

    @contextmanager
    def at(self, path: Path) -> Iterator[None]:
        """Answer the one process that hands over its questions at ``path``, while the context lasts."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as door:
            door.bind(str(path))
            door.listen(1)
            loop.add_reader(door, self._greet, door)
            try:
                yield
            finally:
                loop.remove_reader(door)
                self._is_over = True
                self._leave()

    def _greet(self, door: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(door)  # one process, and no second
        link, _ = door.accept()
        link.settimeout(ASK_S)
        asyncio.get_running_loop().run_in_executor(None, _take, link, self._release).add_done_callback(self._begin)

    def _begin(self, taken: "asyncio.Future[int | None]") -> None:
        if taken.cancelled() or taken.exception() or (listener := taken.result()) is None:
            log.warning("agents.sockets_open")
            return
        self._listener = listener
        if self._is_over:
            self._leave()
            return
        self._questions.register(listener, select.POLLIN)
        asyncio.get_running_loop().add_reader(listener, self._serve, listener)

    def _leave(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            os.close(self._listener)
            self._listener = None

    def _serve(self, listener: int) -> None:
        """Answer one question. None of these calls waits: there is one, or it has gone with its asker."""
        what = dict(self._questions.poll(0)).get(listener, 0)
        if not what & select.POLLIN:
            if what:  # whoever asked has ended
                self._leave()
            return
        asked = bytearray(_ASKED.size)
        try:
            ioctl(listener, _RECV, asked)
        except OSError:
            return
        identifier, pid, _, _, _, _, number, address, length, *_ = _ASKED.unpack(asked)
        try:
            wanted = _read(pid, address, length)
            ioctl(listener, _IS_VALID, struct.pack("=Q", identifier))  # or what was read is another process's
            code = self._connect(listener, identifier, number, wanted)
        except (OSError, ValueError, OverflowError) as error:
            code = (isinstance(error, OSError) and error.errno) or errno.EACCES
        with suppress(OSError):  # it has gone
            ioctl(listener, _SEND, _ANSWER.pack(identifier, 0, -code, 0))

    def _connect(self, listener: int, identifier: int, number: int, wanted: bytes) -> int:
        """Put a connected socket at that number of the asker's; return 0, or why not."""
        known = self._sockets.get(_plain(wanted))
        if known is None:
            log.warning("agents.socket_refused")
            return errno.EACCES
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as made:
            made.connect(known)
            ioctl(listener, _ADD, _PUT.pack(identifier, _AT_THAT_NUMBER, made.fileno(), number, os.O_CLOEXEC))
        return 0


def _plain(path: bytes) -> bytes:
    return path if path.startswith(b"\0") else os.path.normpath(path)


def _read(pid: int, address: int, length: int) -> bytes:
    """Return the path in another process's ``struct sockaddr_un``.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none.
    """
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123  # no file but a window
        octets = os.pread(memory.fileno(), min(length, _ADDRESS_MAX_OCTETS), address)
    if len(octets) <= _FAMILY.size or _FAMILY.unpack_from(octets)[0] != socket.AF_UNIX:
        raise ValueError("no socket of this machine")
    path = octets[_FAMILY.size :]
    return path if path.startswith(b"\0") else path.partition(b"\0")[0]


def can_connect_for_others(release: str) -> bool:
    """Tell whether a kernel of this release lets one process make another's connections; False for an odd spelling."""
    found = re.match(r"([0-9]+)\.([0-9]+)", release, re.ASCII)
    return found is not None and (int(found[1]), int(found[2])) >= KERNEL_MIN


def _take(link: socket.socket, release: str) -> int | None:
    """Return what the process's questions come in by; None where this process could not answer them."""
    with link:
        pid, _, _ = struct.unpack("=iII", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if not can_connect_for_others(release) or not _may_read(pid):
            link.sendall(_NO)
            return None
        link.sendall(_YES)
        _, (listener, *_), _, _ = socket.recv_fds(link, 1, 1)
        link.sendall(_TAKEN)
        return listener


def _may_read(pid: int) -> bool:
    """Tell whether the kernel lets us see what that process asks for (ptrace(2), access mode ATTACH)."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0):  # noqa: PTH123  # as above
            return True
    except OSError:
        return False


def confine_and_ask(folder: Path) -> bool:
    """Confine this process, and let the house that keeps ``folder`` make its connections; False where it does not.

    Raises:
        ConfineError: the kernel takes no filter at all, or the house is gone.
    """
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(ASK_S)
            link.connect(str(folder / USHER))
            listener = confine(is_watched=link.recv(1) == _YES)
            if listener is None:
                return False
            socket.send_fds(link, [_YES], [listener])
            os.close(listener)
            return link.recv(1) == _TAKEN
    except TimeoutError as error:
        raise ConfineError(errno.ETIMEDOUT, "the house does not answer") from error
