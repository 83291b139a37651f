"""Reading server-sent events (WHATWG HTML section 9.2), line by line. Pure."""

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


@dataclass(slots=True)
class Parser:
    """Takes lines without their ends; ``last_id`` is where to resume."""

    last_id: str = ""
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _size: int = 0

    def take(self, line: str) -> Said | None:
        """Return the event that ends with this line, if one does.

        Raises:
            StreamError: an event is too long.
        """
        if not line:
            said = Said(self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data, self._size = "", [], 0
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
            self.last_id = value
        return None
