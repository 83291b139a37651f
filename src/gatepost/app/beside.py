"""A call that may hang, such as reading a file whose disk is away: made beside the loop, and given up after a while."""

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from gatepost.app.errors import lacks_threads

T = TypeVar("T")
WITHIN_S = 5.0


class Beside:
    """Makes one call at a time. A thread that hangs is left alone, and does not hold up the end of the process.

    Args:
        within_s: how long an answer is waited for.
    """

    def __init__(self, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._thread: threading.Thread | None = None

    @property
    def is_hanging(self) -> bool:
        """A call that was given up has not come back yet."""
        return self._thread is not None and self._thread.is_alive()

    async def __call__(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, or raise what it raises.

        Raises:
            TimeoutError: no answer in time, or the call before hangs still.
            BlockingIOError: the system allows no further thread now.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # of this very call

        def run() -> None:
            result, failed = None, None
            try:
                result = call()
            except Exception as error:  # noqa: BLE001  # raised again where it is waited for
                failed = error
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, result, failed)

        if not self.is_hanging:
            thread = threading.Thread(target=run, name="beside", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                answer.cancel()
                if not lacks_threads(error):
                    raise
                # It passes: whoever asks is refused like by a disk, and asks again.
                raise BlockingIOError(errno.EAGAIN, "the system allows no further thread", "a file") from error
            self._thread = thread
            done, _ = await asyncio.wait({answer}, timeout=self._within_s)
            if done:
                self._thread = None
                return answer.result()
        answer.cancel()
        raise TimeoutError(errno.ETIMEDOUT, f"no answer within {self._within_s:g} s", "a file")
