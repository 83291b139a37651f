"""What a message's octets must be to pass the door: CRLF lines of bounded length, no NUL, not too many. No I/O."""

from gatepost.arrive import reply
from gatepost.arrive.limits import Limits
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply

REPLIES: dict[Refusal, Reply] = {
    Refusal.LINE_BARE_LF: reply.BARE_LF,
    Refusal.LINE_BARE_CR: reply.BARE_CR,
    Refusal.LINE_NUL: reply.NUL,
    Refusal.LINE_TOO_LONG: reply.TEXT_LINE_TOO_LONG,
    Refusal.SIZE_EXCEEDED: reply.TOO_BIG,
}
"""The flaws of content, gravest first: a message with several is refused for the first of these."""


class Inspection:
    """Looks at one message piece by piece; however it is cut, the finding is the same."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._flaws: set[Refusal] = set()
        self._has_pending_cr = False
        self._line_octets = 0  # of the line not yet ended
        self.size_octets = 0

    @property
    def flaw(self) -> Refusal | None:
        """Why the message is refused, whatever follows; None while it is sound."""
        return next((flaw for flaw in REPLIES if flaw in self._flaws), None) if self._flaws else None

    def see(self, piece: bytes) -> None:
        """Look at the next piece."""
        if not piece:
            return
        self.size_octets += len(piece)
        if self.size_octets > self._limits.size_max_octets:
            self._flaws.add(Refusal.SIZE_EXCEEDED)
        if b"\0" in piece:
            self._flaws.add(Refusal.LINE_NUL)
        self._see_line_ends(piece)
        self._see_line_lengths(piece)

    def end(self) -> None:
        """Note that nothing follows: a CR that still waited for its LF was bare."""
        if self._has_pending_cr:
            self._flaws.add(Refusal.LINE_BARE_CR)

    def _see_line_ends(self, piece: bytes) -> None:
        if self._has_pending_cr:
            if not piece.startswith(b"\n"):
                self._flaws.add(Refusal.LINE_BARE_CR)
            piece = piece.removeprefix(b"\n")
        self._has_pending_cr = piece.endswith(b"\r")
        left = piece.removesuffix(b"\r").replace(b"\r\n", b"")  # takes a third of what counting each sign takes
        if b"\n" in left:
            self._flaws.add(Refusal.LINE_BARE_LF)
        if b"\r" in left:
            self._flaws.add(Refusal.LINE_BARE_CR)

    def _see_line_lengths(self, piece: bytes) -> None:
        line_max = self._limits.text_line_max_octets
        if self._line_octets + len(piece) > line_max:  # only then can a line be too long: split it to see
            first, *others = piece.split(b"\n")
            ended = 1 if others else 0
            longest = max(self._line_octets + len(first) + ended, *(len(line) + 1 for line in others[:-1]), 0)
            if longest > line_max or (others and len(others[-1]) > line_max):
                self._flaws.add(Refusal.LINE_TOO_LONG)
        last = piece.rfind(b"\n")
        self._line_octets = self._line_octets + len(piece) if last < 0 else len(piece) - last - 1
