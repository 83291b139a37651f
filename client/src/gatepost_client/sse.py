"""Reading server-sent events (WHATWG HTML section 9.2): octets into lines, lines into events. Pure."""

import re
from dataclasses import dataclass, field

LINES_MAX = 64
OCTETS_MAX = 16 * 1024 * 1024


class StreamError(ValueError):
    """What was read is no stream of events, or one of them has no end."""


@dataclass(slots=True)
class Said:
    """One event as it stood in the stream."""

    name: str
    data: str


_END = re.compile(rb"\r\n|\n|\r")


@dataclass(slots=True)
class Lines:
    """Cuts octets into lines where the standard says so, and at none of Unicode's other ends of lines."""

    _rest: list[bytes] = field(default_factory=list)
    _size: int = 0
    _is_after_return: bool = False

    def take(self, octets: bytes) -> list[str]:
        """Return the lines that end with these octets.

        Raises:
            StreamError: a line is too long.
        """
        if self._is_after_return and octets:
            octets = octets.removeprefix(b"\n")
            self._is_after_return = False
        if not octets:
            return []
        self._is_after_return = octets.endswith(b"\r")
        first, *others = _END.split(octets)
        self._rest.append(first)
        self._size += len(first)
        if self._size > OCTETS_MAX:
            raise StreamError("a line is too long")
        if not others:
            return []
        whole = [b"".join(self._rest), *others[:-1]]
        self._rest, self._size = [others[-1]], len(others[-1])
        return [line.decode("utf-8", "replace") for line in whole]


@dataclass(slots=True)
class Parser:
    """Takes lines without their ends; ``last_id`` is where to resume: the place of what was read to its end."""

    last_id: str = ""
    _id: str = ""
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _size: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a stream: what the one before broke off in is told again."""
        self._id, self._name, self._data, self._size = self.last_id, "", [], 0

    def take(self, line: str) -> Said | None:
        """Return the event that ends with this line, if one does.

        Raises:
            StreamError: an event is too long.
        """
        if not line:
            said = Said(self._name or "message", "\n".join(self._data)) if self._data else None
            self.last_id = self._id
            self.begin()
            return said
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._size += len(value)
            if len(self._data) >= LINES_MAX or self._size > OCTETS_MAX:
                raise StreamError("an event is too long")
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\x00" not in value:
            self._id = value
        return None
