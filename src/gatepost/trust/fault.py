"""One error nobody expected, as far as it may be written down: what it is and where, never what it says. Pure."""

import hashlib
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

WORD_MAX_CHARS = 120
_OURS = "gatepost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of error at one place.

    Attributes:
        kind: the exception's class.
        place: where in our own code it came through last: file, function, line.
        during: the event under which it was logged.
    """

    fingerprint: str
    kind: str
    place: str
    during: str
    count: int
    first_at: datetime
    last_at: datetime


def fault_of(error: BaseException, during: str, at: datetime) -> Fault:
    """Return what may be written down of an exception; its line moves with releases and is no part of the print."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")[:WORD_MAX_CHARS]
    file, function, line = _place(error)
    print_ = hashlib.sha256(f"{kind}\n{file}\n{function}\n{during}".encode("utf-8", "replace")).hexdigest()[:16]
    return Fault(
        fingerprint=print_,
        kind=kind,
        place=f"{file}:{line} {function}".rstrip()[:WORD_MAX_CHARS],
        during=during[:WORD_MAX_CHARS],
        count=1,
        first_at=at,
        last_at=at,
    )


def _place(error: BaseException) -> tuple[str, str, int]:
    """Return file, function and line of the innermost frame that is ours, or else of the innermost."""
    found = "nowhere", "", 0
    for frame in traceback.extract_tb(error.__traceback__):
        parts = PurePath(frame.filename).parts
        if _OURS in parts:
            own = parts[len(parts) - parts[::-1].index(_OURS) :]
            found = "/".join(own), frame.name, frame.lineno or 0
        elif found[0] == "nowhere":
            found = PurePath(frame.filename).name, frame.name, frame.lineno or 0
    return found
