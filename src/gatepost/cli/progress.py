"""The bar of work that takes long."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Draw a bar on a terminal while it lasts; yield what is told how much is done, and of how much."""
    with Progress(transient=True, disable=not sys.stderr.isatty(), console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=None)

        def told(done: int, size: int) -> None:
            progress.update(task, completed=done, total=size)

        yield told
