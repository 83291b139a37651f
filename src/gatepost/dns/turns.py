"""Turns on the wire: bounded, and shared so that who asks much leaves room for who asks little (docs/adr/0086)."""

import asyncio
from collections import deque

from gatepost.dns.paper import Question

SLOW_S = 1.0
"""A question that waited so long holds no turn any more: a healthy server answers sooner. Its socket counts apart."""


class Asker:
    """Whoever asks several questions together, such as the checks of one message.

    Attributes:
        held: its questions on the wire, the slow ones too.
        waiting: its questions that have no turn yet, in order; some may be over.
    """

    __slots__ = ("held", "waiting")

    def __init__(self) -> None:
        self.held = 0
        self.waiting: deque[asyncio.Future[Turn]] = deque()

    def next(self) -> "asyncio.Future[Turn] | None":
        """Return the first of its questions that still waits."""
        while self.waiting:
            one = self.waiting.popleft()
            if not one.done():
                return one
        return None


class Turn:
    """One question's place on the wire, since loop time ``began``."""

    __slots__ = ("asker", "began")

    def __init__(self, asker: Asker, began: float) -> None:
        self.asker, self.began = asker, began


class Turns:
    """Gives turns to whoever holds the fewest, and to nobody so many that none are left for the next to come.

    Args:
        most: turns at once.
        most_slow: questions at once that were slow, besides; where there are more, they keep their turns.
    """

    def __init__(self, most: int, most_slow: int) -> None:
        self._most, self._most_slow = most, most_slow
        self._held: dict[Turn, None] = {}  # by when they began
        self._slow = 0
        self._askers: dict[Asker, None] = {}  # that wait
        self._waiting: dict[Question, asyncio.Future[Turn]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def at_once(self, asker: Asker, now: float) -> Turn | None:
        """Take a turn at loop time ``now``; None where it must be waited for."""
        return self._give(asker, now) if self._may(asker) else None

    async def wait(self, question: Question, asker: Asker, until: float) -> Turn:
        """Wait for a turn.

        Raises:
            TimeoutError: there was none by loop time ``until``.
        """
        given: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting[question] = given
        self._queue(asker, given)
        try:
            async with asyncio.timeout_at(until):
                return await given
        except BaseException:
            if given.done() and not given.cancelled():
                self.give_back(given.result())  # it came together with the end
            raise
        finally:
            del self._waiting[question]

    def join(self, question: Question, asker: Asker) -> None:
        """Have a question that waits for a turn wait as this asker's too: whoever's turn comes first asks it."""
        given = self._waiting.get(question)
        if given is not None:
            self._queue(asker, given)

    def give_back(self, turn: Turn) -> None:
        """End a turn: the question is answered, or given up."""
        turn.asker.held -= 1
        if turn in self._held:
            del self._held[turn]
        else:
            self._slow -= 1
        if self._askers:
            self._pass_on()

    def _may(self, asker: Asker) -> bool:
        """Tell whether there is a turn for this one: half of all where nobody else asks, then ever fewer."""
        left = self._most - len(self._held)
        return asker.held * self._most < 2 * left * left

    def _give(self, asker: Asker, now: float) -> Turn:
        turn = Turn(asker, now)
        asker.held += 1
        self._held[turn] = None
        return turn

    def _queue(self, asker: Asker, given: "asyncio.Future[Turn]") -> None:
        asker.waiting.append(given)
        self._askers[asker] = None
        self._pass_on()

    def _pass_on(self) -> None:
        """Give what turns are left to those who wait; among equals to who waits longest."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._let_go_of_slow(now)
        while self._askers:
            asker = min(self._askers, key=_held)
            if not self._may(asker):
                self._look_again(loop, now)
                break
            given = asker.next()
            if given is None:
                del self._askers[asker]
            else:
                given.set_result(self._give(asker, now))

    def _let_go_of_slow(self, now: float) -> None:
        while self._slow < self._most_slow and self._held:
            oldest = next(iter(self._held))
            if oldest.began + SLOW_S > now:
                break
            del self._held[oldest]
            self._slow += 1

    def _look_again(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Pass on once more when the next question is slow, where that frees its turn."""
        is_set = self._timer is not None and self._timer.when() > now
        if self._held and self._slow < self._most_slow and not is_set:
            self._timer = loop.call_at(next(iter(self._held)).began + SLOW_S, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._pass_on()


def _held(asker: Asker) -> int:
    return asker.held
