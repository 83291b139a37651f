"""The cache in front of the client: by TTL, bounded, negative answers too, equal questions asked once."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from gatepost.clock import Clock
from gatepost.dns.client import Client
from gatepost.dns.paper import Answer, Question, RdType, Status
from gatepost.dns.turns import Asker, Turns
from gatepost.dns.wire import is_askable
from gatepost.meters import UNMETERED, Meters

MAX_TTL_S = 3_600
"""Longer TTLs are cut, so that a zone's repair is seen within the hour."""
MIN_TTL_S = 1
"""Shorter ones are lengthened, as PowerDNS does: a TTL of zero would have each mail of a burst ask everything anew."""
TEMPERROR_TTL_S = 1
"""A failing zone is left alone this long: an outage costs one question a second, not one a message. One that keeps
silent costs each of them seconds, and is left alone as long as the client says."""

ENTRY_OCTETS = 430
"""Of memory, that an answer takes besides its records and the characters of its name, also one that says: nothing."""

_FAILED = Answer(Status.TEMPERROR)


class CachingResolver:
    """Answers questions for the whole house; never raises for anything the network did.

    Args:
        client: asks the network.
        clock: now, for the age of answers.
        deadline_s: the longest one caller waits, queueing included; then TEMPERROR.
        max_entries: answers kept; the least recently used go first.
        max_octets: of memory for all that is kept; a stranger's zone may answer with 64 KB to every name it makes up.
        max_in_flight: questions on the wire at once; more wait their turn, and who has few there comes first.
        max_slow: questions at once, besides, that wait longer than for a healthy server.

    Attributes:
        meters: told of hits and of what the network answered.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        deadline_s: float = 5.0,
        max_entries: int = 100_000,
        max_octets: int = 64 * 1024**2,
        max_in_flight: int = 256,
        max_slow: int = 256,
    ) -> None:
        self._client = client
        self.meters: Meters = UNMETERED
        self._clock = clock
        self._deadline_s = deadline_s
        self._max_entries = max_entries
        self._max_octets = max_octets
        self._octets = 0
        self._turns = Turns(max_in_flight, max_slow)
        self._kept: OrderedDict[Question, tuple[datetime, Answer]] = OrderedDict()
        self._asking: dict[Question, asyncio.Task[Answer]] = {}

    async def query(self, name: str, rdtype: RdType) -> Answer:
        """Return the answer from the cache or the network; TEMPERROR when the deadline passes."""
        asking = self._begin(_key(name, rdtype), Asker())
        if isinstance(asking, Answer):
            return asking
        try:
            # Shielded: one caller that gives up must not take the answer from the others.
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            if asking.cancelled():
                return _FAILED  # the resolver was closed, not the caller cancelled
            raise

    async def query_all(self, questions: Sequence[Question], until: float) -> dict[Question, Answer]:
        """Ask several questions together; those that have no answer by loop time ``until`` are left out."""
        asker = Asker()
        begun = {question: self._begin(_key(*question), asker) for question in questions}
        asking = {one for one in begun.values() if not isinstance(one, Answer)}
        if asking:  # whoever gives up waiting takes no answer from the others: these tasks are everybody's
            await asyncio.wait(asking, timeout=until - asyncio.get_running_loop().time())
        answers: dict[Question, Answer] = {}
        for question, one in begun.items():
            if isinstance(one, Answer):
                answers[question] = one
            elif one.done():
                answers[question] = _FAILED if one.cancelled() else one.result()
        return answers

    def _begin(self, key: Question, asker: Asker) -> Answer | asyncio.Task[Answer]:
        """Return the answer where it needs no asking, or else the one task that asks for it."""
        found = self._find(key)
        if found is not None:
            return found
        if not is_askable(key[0]):
            return Answer(Status.NXDOMAIN)
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.get_running_loop().create_task(self._ask(key, asker))
        else:
            self._turns.join(key, asker)
        return asking

    def peek(self, name: str, rdtype: RdType) -> Answer | None:
        """Return the answer where it is in the cache; None where it must be asked for."""
        key = (name, rdtype)
        kept = self._kept.get(key)  # most names are written as they are kept
        if kept is not None and self._clock() < kept[0]:
            self._kept.move_to_end(key)
            self.meters.remembered()
            return kept[1]
        return self._find(_key(name, rdtype))

    def still(self, answers: Sequence[tuple[Question, Answer]]) -> bool:
        """Tell whether every question still has the very same answer at hand."""
        now, kept, used = self._clock(), self._kept, self._kept.move_to_end
        for question, answer in answers:
            key = question if question in kept else _key(*question)  # most names are written as they are kept
            found = kept.get(key)
            if found is None or found[1] is not answer or now >= found[0]:
                return False
            used(key)
        self.meters.remembered(len(answers))
        return True

    def _find(self, key: Question) -> Answer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._clock() < kept[0]:
            self._kept.move_to_end(key)
            self.meters.remembered()
            return kept[1]
        self._forget(key)
        return None

    async def _ask(self, key: Question, asker: Asker) -> Answer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._ask_in_turn(key, asker, began)
        finally:
            del self._asking[key]
        self.meters.asked(answer.status, loop.time() - began)
        self._keep(key, answer)
        return answer

    async def _ask_in_turn(self, key: Question, asker: Asker, began: float) -> Answer:
        until = began + self._deadline_s
        turn = self._turns.at_once(asker, began)
        if turn is None:
            try:
                turn = await self._turns.wait(key, asker, until)
            except TimeoutError:
                return _FAILED
        try:
            return await self._client.ask(*key, until=until)
        finally:
            self._turns.give_back(turn)

    def _keep(self, key: Question, answer: Answer) -> None:
        is_failure = answer.status is Status.TEMPERROR
        ttl_s = max(TEMPERROR_TTL_S, answer.ttl_s) if is_failure else max(MIN_TTL_S, min(answer.ttl_s, MAX_TTL_S))
        self._kept[key] = (self._clock() + timedelta(seconds=ttl_s), answer)
        self._octets += _octets(key, answer)
        while len(self._kept) > self._max_entries or self._octets > self._max_octets:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Question) -> None:
        _, answer = self._kept.pop(key)
        self._octets -= _octets(key, answer)

    async def close(self) -> None:
        """End open questions, and with them their sockets."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _key(name: str, rdtype: RdType) -> Question:
    return name.removesuffix(".").lower(), rdtype


def _octets(key: Question, answer: Answer) -> int:
    return ENTRY_OCTETS + len(key[0]) + answer.octets
