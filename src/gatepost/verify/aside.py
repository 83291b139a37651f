"""Threads for pure work that would hold the event loop: few, and none that waits for work of another size.

All threads of a process share one interpreter, and while the loop works it loses its turn to each of them every half
millisecond (``app.process``). Beside six that read megabytes, as many as ``asyncio.to_thread`` has on two processors,
it got a seventh of the time; beside these it has a quarter at the least. More of them would read no faster.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Aside:
    """So many threads of their own; who comes first is served first."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns, or raise what it raises; who is cancelled meanwhile does not end it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))


PAGES = Aside("pages", 1)
"""For what takes some ten milliseconds, and must not wait for megabytes."""

LARGE = Aside("large", 2)
"""For megabytes, which take up to a second or two; hashing and scanning leave the interpreter to the other one."""
