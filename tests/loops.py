"""What is the event loop's alone."""

import threading
from typing import TypeVar

from typing_extensions import override

from gatepost.keys.memory import Memory, N

T = TypeVar("T")


class OfTheLoop(Memory[N, T]):
    """Refuses every other thread."""

    @override
    def get(self, name: N) -> T | None:
        assert threading.current_thread() is threading.main_thread(), "the key store is the event loop's alone"
        return super().get(name)
