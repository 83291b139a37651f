"""What DNS has said about one message so far: verification is a function of it, tried again when more is known.

Nothing here waits while it judges. A question whose answer is at hand costs a look into the cache; one that is not ends
the attempt, is asked together with whatever else is wanted, and the attempt begins anew. With warm DNS there is one
attempt, and no task, timer or turn of the event loop.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from gatepost.dns.paper import Answer, Question, RdType, Resolver, Status

T = TypeVar("T")

DEADLINE_S = 20.0
"""For everything DNS is asked about one message (RFC 7208 section 4.6.4 asks for at least 20 s)."""
MAX_ROUNDS = 100
"""Attempts at most; no chain of questions a standard allows is that long."""

_FAILED = Answer(Status.TEMPERROR)


class UnansweredError(Exception):
    """The attempt needs an answer that is not at hand."""


class Answers:
    """The answers one message's checks stand on; the same question has the same answer throughout."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver, self._peek = resolver, resolver.peek
        self._known: dict[Question, Answer] = {}
        self._wanted: dict[Question, None] = {}
        self._until: float | None = None

    def want(self, name: str, rdtype: RdType) -> None:
        """Note a question that will be needed, so that it is asked together with the first one that is missing."""
        self.find((name, rdtype))

    def get(self, name: str, rdtype: RdType) -> Answer:
        """Return the answer.

        Raises:
            UnansweredError: it must be asked for first.
        """
        found = self.find((name, rdtype))
        if found is None:
            raise UnansweredError
        return found

    def still(self, answers: Sequence[tuple[Question, Answer]]) -> bool:
        """Tell whether DNS still gives the very same answers as before."""
        return self._resolver.still(answers)

    def all(self, names: Iterable[str], rdtype: RdType) -> list[Answer]:
        """Return one answer a name.

        Raises:
            UnansweredError: some must be asked for first; they will be asked together.
        """
        found = [self.find((name, rdtype)) for name in names]
        answers = [answer for answer in found if answer is not None]
        if len(answers) < len(found):
            raise UnansweredError
        return answers

    def of(self, names: Iterable[str], rdtype: RdType) -> dict[str, Answer]:
        """Return the answer to each name.

        Raises:
            UnansweredError: as ``all``.
        """
        answers: dict[str, Answer] = {}
        is_whole = True
        for name in names:
            found = self.find((name, rdtype))
            if found is None:
                is_whole = False
            else:
                answers[name] = found
        if not is_whole:
            raise UnansweredError
        return answers

    def find(self, question: Question) -> Answer | None:
        """Return the answer; None where it must be asked for, which is noted."""
        found = self._known.get(question)
        if found is None:
            found = self._peek(*question)
            if found is None:
                self._wanted[question] = None
            else:
                self._known[question] = found
        return found

    async def settle(
        self, attempt: Callable[[], T], *, until: float | None = None, foresee: Callable[[], None] | None = None
    ) -> T:
        """Return what ``attempt`` returns once every answer it needs is there.

        Args:
            attempt: pure but for what it reads here.
            foresee: called once where the first attempt lacks something: names with ``want`` what else is needed.
            until: loop time after which whatever is still open has failed (TEMPERROR); ``DEADLINE_S`` after the first
                question of all unless given.
        """
        for _ in range(MAX_ROUNDS):
            try:
                return attempt()
            except UnansweredError:
                if foresee is not None:
                    foresee()
                    foresee = None
                self._until = until or self._until or asyncio.get_running_loop().time() + DEADLINE_S
                await self._ask(self._until)
        raise RuntimeError("the checks never cease to ask")

    async def _ask(self, until: float) -> None:
        questions = list(self._wanted)
        self._wanted.clear()
        answers = await self._resolver.query_all(questions, until)
        for question in questions:
            self._known[question] = answers.get(question, _FAILED)
