"""Patterns for one automaton that reads a text once: only those that are known to need few states. Pure."""

from collections.abc import Sequence

import re2

_MEMORY_OCTETS = 48 << 20


class Swift:
    """Several patterns in one automaton of RE2's."""

    __slots__ = ("_count", "_set")

    def __init__(self, sources: Sequence[str]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY_OCTETS
        options.never_capture = True
        self._count = len(sources)
        self._set = re2.Set.SearchSet(options)
        for source in (*sources, ""):  # the last one matches every text, or RE2 could not read it
            self._set.Add(source.encode())
        try:
            self._set.Compile()
        except re2.error:
            self._set = None

    def found(self, octets: bytes) -> set[int] | None:
        """Return which are found; None where RE2 finds them too large for its memory."""
        found = set(self._set.Match(octets) or ()) if self._set is not None else set()
        if self._count not in found:
            return None
        return found - {self._count}
