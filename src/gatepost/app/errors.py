"""The house's own end: apart from ``serve``, so that a command can name it without importing the server."""

import os

CLOSE_GRACE_S = 10
"""How long a door that closes lets what is under way be finished."""
STOP_ANSWER_S = 3.0
"""How long a process that stops waits for one answer of PostgreSQL: one that hangs must not hold it up."""


class HouseEndedError(Exception):
    """The house cannot go on; the text says why and what to do."""


def lacks_threads(error: BaseException) -> bool:
    """Return whether it is Python's word for a thread that the system did not allow, or a group with one of those."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(lacks_threads, error.exceptions))
    return isinstance(error, RuntimeError) and str(error) == "can't start new thread"


def cannot_listen(door: str, host: str, port: int, error: OSError) -> HouseEndedError:
    """Return the error that names the door, the address and the settings to change."""
    number = error.errno or 0
    why = os.strerror(number) if number > 0 else "no such address"  # a name that leads nowhere has a number below 0
    word = door.upper()
    return HouseEndedError(f"cannot listen on {host}:{port} for {word}: {why}; set GATEPOST_{word}__PORT or __HOST")
