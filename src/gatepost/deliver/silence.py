"""Which addresses let us wait in vain of late: whoever has another way goes that way first.

Addresses of mail servers, for some minutes, in memory: nobody's domain and nobody's mail.
"""

import time
from collections.abc import Callable

from gatepost.deliver.paper import Attempt

WAITED_S = 10.0
"""Who said nothing for so long counts as silent; who refuses a connection at once costs no time."""

KEPT_S = 1_200.0
"""How long it is remembered: for the second attempt and the third (``retry``)."""

ADDRESSES_MAX = 1_000


class Silences:
    """One for all deliveries of a process. ``clock``: seconds that pass."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def is_silent(self, address: str) -> bool:
        """Tell whether nothing came from there when it was last asked."""
        return self._until.get(address, 0.0) > self._clock()

    def note(self, address: str | None, made: Attempt, *, waited_s: float) -> None:
        """Remember what came of asking; an answer, whatever it says, ends the silence."""
        if address is None:
            return
        self._until.pop(address, None)
        if made.reply_code or waited_s < WAITED_S:
            return
        while len(self._until) >= ADDRESSES_MAX:
            del self._until[next(iter(self._until))]  # the oldest
        self._until[address] = self._clock() + KEPT_S
