"""Standard output into a pipe whose reader has left, as in ``gatepost log list - | head``: a quiet end.

Python ignores SIGPIPE, as a program with sockets must, and so each command would have to say what a failed write means.
Here it is one exception that nobody takes for a file's error: the command ends in order, its transactions and its
PostgreSQL too, and then as other Unix tools do, by the signal (a shell says 141).
"""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from typing_extensions import Buffer, override

_BY_SIGNAL = 128
"""A shell adds it to the signal that ended a command."""


class ReaderGoneError(Exception):
    """Nobody reads what is written to standard output any more. No ``OSError``: no file is to blame."""


class _Out(io.FileIO):
    @override
    def write(self, octets: Buffer, /) -> int:
        try:
            return super().write(octets)
        except BrokenPipeError:
            raise ReaderGoneError from None


@contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """End this process by SIGPIPE, after what is inside has ended, where the reader of its output has left."""
    said = sys.stdout
    if said is None:  # closed before we began
        yield
        return
    said.flush()
    out = io.BufferedWriter(_Out(said.fileno(), "w", closefd=False))
    sys.stdout = io.TextIOWrapper(out, said.encoding, said.errors, line_buffering=bool(said.line_buffering))
    try:
        yield
    except BaseException as error:
        if _is_of_reader(error):
            _end()
        raise


def _is_of_reader(error: BaseException | None) -> bool:
    """Tell whether it is that, or the first of a group, or was raised while that was dealt with."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error is not None and (isinstance(error, ReaderGoneError) or _is_of_reader(error.__context__))


def _end() -> NoReturn:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(_BY_SIGNAL + signal.SIGPIPE)  # it is blocked
