"""Time and randomness as arguments: the shapes only; ``app`` builds the real ones (habit 7)."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Return the aware UTC time of now."""

Entropy = Callable[[int], bytes]
"""Return that many octets nobody can guess."""

UNKNOWN = datetime.fromtimestamp(0, UTC)
"""What a clock of what has surely passed says where nobody can tell: nothing is older."""
