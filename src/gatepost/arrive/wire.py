"""Octets as they come in, taken out as lines, dot-stuffed data or counted chunks. No I/O, linear in the octets.

Only CRLF ends a line (RFC 5321 section 2.3.8) and only CRLF.CRLF ends the data (section 4.1.1.4). However the octets
were cut on their way, what is taken out is the same.
"""

_CRLF = b"\r\n"
_END_OF_DATA = b"\r\n.\r\n"


class Wire:
    """A buffer read from the front."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # everything before was taken
        self._searched = 0  # no CRLF begins between _at and here
        self._foreign_octets = 0  # at the front of the data, but not its own

    def __len__(self) -> int:
        return len(self._buffer) - self._at

    def append(self, octets: bytes) -> None:
        """Add what the peer sent."""
        self._buffer += octets

    def let_go(self) -> None:
        """Give back what was taken: a client may be silent for a long time after a large piece."""
        if self._at:
            del self._buffer[: self._at]
            self._searched = max(0, self._searched - self._at)
            self._at = 0

    def clear(self) -> None:
        """Forget everything."""
        self._buffer.clear()
        self._at = self._searched = self._foreign_octets = 0

    def line(self) -> bytes | None:
        """Take the next line, without its CRLF; None while it is not whole."""
        at, searched = self._at, self._searched
        end = self._buffer.find(_CRLF, max(at, searched))
        if end < 0:
            self._searched = max(at, len(self._buffer) - 1)
            return None
        self._at = end + 2
        return bytes(self._buffer[at:end])  # twice copied, but short: a view of it takes longer to make

    def skip_part_of_line(self) -> int:
        """Drop an unfinished line as far as it is here; return how many octets were dropped.

        A CR at its end stays: it may be half of the CRLF.
        """
        end = len(self._buffer)
        if end > self._at and self._buffer[end - 1] == _CRLF[0]:
            end -= 1
        dropped = end - self._at
        self._at = end
        return dropped

    def begin_data(self) -> None:
        """Turn from lines to data, right after the DATA command's line was taken.

        The CRLF that ended that line also stands before a first line that is a lone dot, so that data may be empty
        (RFC 5321 section 4.1.1.4). It is put back for the search, and is not part of the data.
        """
        self._at -= len(_CRLF)
        self._foreign_octets = len(_CRLF)

    def data(self) -> tuple[bytes, bool]:
        """Take data with its dots unstuffed (RFC 5321 section 4.5.2), and whether this was the end of it.

        No piece ends inside a CRLF.
        """
        if len(self._buffer) - self._at == self._foreign_octets:
            return b"", False
        end = self._buffer.find(_END_OF_DATA, self._at)
        is_end = end >= 0
        stop = end + len(_CRLF) if is_end else len(self._buffer) - self._held_back()
        piece = self._slice(stop).replace(b"\r\n.", _CRLF)
        self._at = end + len(_END_OF_DATA) if is_end else stop
        if piece and self._foreign_octets:
            piece = piece[self._foreign_octets :]
            self._foreign_octets = 0
        return piece, is_end

    def take(self, count: int) -> bytes:
        """Take up to ``count`` octets as they are."""
        stop = min(self._at + count, len(self._buffer))
        octets = self._slice(stop)
        self._at = stop
        return octets

    def _held_back(self) -> int:
        """Return how many octets at the end may be the beginning of CRLF.CRLF."""
        tail = bytes(self._buffer[max(self._at, len(self._buffer) - len(_END_OF_DATA) + 1) :])
        return next((size for size in range(len(tail), 0, -1) if _END_OF_DATA.startswith(tail[-size:])), 0)

    def _slice(self, stop: int) -> bytes:
        with memoryview(self._buffer) as view:
            return bytes(view[self._at : stop])
