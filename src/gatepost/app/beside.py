"""A call that may hang, such as reading a file whose disk is away: made beside the loop, and given up after a while."""

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
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
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # whoever gives it up does not keep the thread from answering

        def run() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001  # raised again where it is waited for
                answer.set_exception(error)
            else:
                answer.set_result(result)

        if not self.is_hanging:
            thread = threading.Thread(target=run, name="beside", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                if not lacks_threads(error):
                    raise
                # It passes: whoever asks is refused like by a disk, and asks again.
                raise BlockingIOError(errno.EAGAIN, "the system allows no further thread", "a file") from error
            self._thread = thread
            awaited = asyncio.wrap_future(answer)
            try:
                done, _ = await asyncio.wait({awaited}, timeout=self._within_s)
            finally:
                awaited.cancel()
            if done:
                self._thread = None
                return answer.result()
        raise TimeoutError(errno.ETIMEDOUT, f"no answer within {self._within_s:g} s", "a file")
