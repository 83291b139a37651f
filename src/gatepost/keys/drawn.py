"""Randomness drawn in one go: to ask the system for it costs more than it gives."""

from gatepost.clock import Entropy


class Drawn:
    """Entropy handed out piece by piece, no octet twice. For one piece of work by one thread; the rest goes with it."""

    __slots__ = ("_at", "_entropy", "_octets", "_stock")

    def __init__(self, entropy: Entropy, stock: int) -> None:
        """Take from ``entropy``, at least ``stock`` octets at a time, and none before the first is wanted."""
        self._entropy = entropy
        self._stock = stock
        self._octets = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """Return that many octets nobody can guess."""
        begin, self._at = self._at, self._at + count
        if self._at > len(self._octets):
            self._octets = self._entropy(max(self._stock, count))
            begin, self._at = 0, count
        return self._octets[begin : self._at]
