"""When to ask again: pure arithmetic."""

from dataclasses import dataclass

_WAIT_AT_ONCE = frozenset({429, 503})
"""The house did nothing: repeating is safe whatever was asked."""

_PERHAPS_DONE = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to try: with the defaults five tries over some fifteen seconds, longer where the house names a time.

    Attributes:
        tries: the first included.
        first_wait_s: doubled each time, up to ``wait_max_s``; the wait is drawn between half of it and all of it.
        asked_max_s: how long a house may ask us to wait (Retry-After).
    """

    tries: int = 5
    first_wait_s: float = 0.5
    wait_max_s: float = 8.0
    asked_max_s: float = 120.0

    def wait_s(self, attempt: int, *, chance: float, asked: str = "") -> float | None:
        """Return how long to wait after ``attempt`` tries, from 1; None where it is to be given up.

        Args:
            attempt: tries made.
            chance: from 0 to 1, drawn anew each time.
            asked: the answer's Retry-After, in seconds; any other form counts as none.
        """
        return None if attempt >= self.tries else self.pause_s(attempt, chance=chance, asked=asked)

    def pause_s(self, attempt: int, *, chance: float, asked: str = "") -> float:
        """Return the same for who never gives up."""
        wait_s = min(self.first_wait_s * 2.0 ** min(attempt - 1, 30), self.wait_max_s) * (0.5 + chance / 2)
        asked_s = float(asked[:9]) if asked.isascii() and asked.isdigit() else 0.0
        return max(wait_s, min(asked_s, self.asked_max_s) * (1 + chance / 10))


def may_repeat(status: int, *, is_repeatable: bool) -> bool:
    """Tell whether to ask again after this answer; status 0: there was none."""
    return status in _WAIT_AT_ONCE or (is_repeatable and (status == 0 or status in _PERHAPS_DONE))
