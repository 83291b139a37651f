"""A bounded memory: what was not used for the longest time goes first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)
T = TypeVar("T")


class Memory(Generic[N, T]):
    """The things used last."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._known: OrderedDict[N, T] = OrderedDict()

    def get(self, name: N) -> T | None:
        """Return what is remembered of it."""
        found = self._known.get(name)
        if found is not None:
            self._known.move_to_end(name)
        return found

    def put(self, name: N, thing: T) -> T:
        """Remember it and return it."""
        self._known[name] = thing
        if len(self._known) > self._entries_max:
            self._known.popitem(last=False)
        return thing

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
