"""What was worked out from DNS answers, kept with the very answers it stands on.

Mail comes in rows from the same senders. What was said of one holds again for as long as DNS gives those same answers,
and is worked out anew when one of them has expired or changed.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from typing_extensions import override

from gatepost.dns.paper import Answer, Question
from gatepost.verify.answers import Answers

MAX_KEPT = 4_096
MAX_OCTETS = 16_384
"""Of the answers a finding stands on. They stay for as long as it does, also where the cache of DNS let go of them: a
stranger's zone answers with 64 KB to every name it makes up."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Trail(Answers):
    """Passes questions on, and notes what was answered."""

    def __init__(self, behind: Answers) -> None:
        self._behind = behind
        self.seen: dict[Question, Answer] = {}

    @override
    def find(self, question: Question) -> Answer | None:
        found = self._behind.find(question)
        if found is not None:
            self.seen[question] = found
        return found

    @override
    def still(self, answers: Sequence[tuple[Question, Answer]]) -> bool:
        return all(self.find(question) is answer for question, answer in answers)  # they are part of the trail, too


class Kept(Generic[K, T]):
    """The ``MAX_KEPT`` newest findings by what they are about."""

    def __init__(self) -> None:
        self._kept: dict[K, tuple[T, tuple[tuple[Question, Answer], ...]]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, known: Answers, key: K) -> T | None:
        """Return what was found, where it still holds."""
        kept = self._kept.get(key)
        return kept[0] if kept is not None and known.still(kept[1]) else None

    def keep(self, key: K, found: T, trail: Trail) -> None:
        """Remember what was found with the answers that ``trail`` noted, unless they are too large."""
        if sum(answer.octets for answer in trail.seen.values()) > MAX_OCTETS:
            return
        self._kept[key] = (found, tuple(trail.seen.items()))
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def find(self, known: Answers, key: K, work: Callable[[Answers, K], T]) -> T:
        """Return what ``work`` makes of the answers, from memory where they are what they were.

        Raises:
            UnansweredError: something must be asked for first.
        """
        found = self.recall(known, key)
        if found is None:
            trail = Trail(known)
            found = work(trail, key)
            self.keep(key, found, trail)
        return found
