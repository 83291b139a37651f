"""The thread that writes the key store and does nothing else: commits wait for it, and none waits for large mail.

Those that ``asyncio.to_thread`` shares are few (four and one for each processor), and each may be reading a message of
a megabyte, with fifty more behind it. One is enough: the key store has one writer at a time.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_WRITER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keys")


def begin_writing(work: Callable[[], None]) -> asyncio.Future[None]:
    """Have ``work`` done after what was begun before; return what tells when, and raises what it raises."""
    return asyncio.get_running_loop().run_in_executor(_WRITER, work)
