import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from gatepost.dns.paper import Answer, Question, RdType, Resolver, Status
from gatepost.verify.answers import Answers
from zones import ZoneResolver

ZONE = {name: {"TXT": [name]} for name in ("a.example", "b.example", "c.example")}


class Warm(ZoneResolver):
    """Knows everything at once."""

    @override
    def peek(self, name: str, rdtype: RdType) -> Answer | None:
        return Answer(Status.OK, (name,), 60)


class Mute(Resolver):
    """Never answers."""

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError(name, rdtype)

    @override
    async def query_all(self, questions: Sequence[Question], until: float) -> dict[Question, Answer]:
        await asyncio.sleep(until - asyncio.get_running_loop().time())
        return {}


async def test_what_is_at_hand_is_never_asked_for_and_nothing_is_waited_for() -> None:
    resolver = Warm(ZONE)
    known = Answers(resolver)
    work = known.settle(lambda: known.get("a.example", RdType.TXT).records)
    with pytest.raises(StopIteration) as done:
        work.send(None)
    assert done.value.value == ("a.example",)
    assert resolver.asked == []


async def test_what_is_wanted_is_asked_together_and_once() -> None:
    resolver = ZoneResolver(ZONE)
    known = Answers(resolver)
    attempts = 0

    def attempt() -> str:
        nonlocal attempts
        attempts += 1
        (first,) = known.get("a.example", RdType.TXT).records
        return known.get(first.replace("a", "b", 1), RdType.TXT).records[0]

    def foresee() -> None:
        for name in ("a.example", "b.example", "a.example"):
            known.want(name, RdType.TXT)

    assert await known.settle(attempt, foresee=foresee) == "b.example"
    assert attempts == 2
    assert sorted(resolver.asked) == [("a.example", RdType.TXT), ("b.example", RdType.TXT)]


async def test_several_names_are_asked_together() -> None:
    resolver = ZoneResolver(ZONE)
    known = Answers(resolver)
    found = await known.settle(lambda: known.all(ZONE, RdType.TXT))
    assert [answer.records[0] for answer in found] == list(ZONE)
    assert len(resolver.asked) == 3


async def test_after_the_deadline_whatever_is_open_has_failed() -> None:
    known = Answers(Mute())
    now = asyncio.get_running_loop().time()
    answer = await known.settle(lambda: known.get("a.example", RdType.TXT), until=now + 0.05)
    assert answer.status is Status.TEMPERROR


async def test_an_attempt_that_never_ends_is_our_own_fault() -> None:
    known = Answers(ZoneResolver(ZONE))
    names = iter(range(1_000))
    with pytest.raises(RuntimeError):
        await known.settle(lambda: known.get(f"n{next(names)}.example", RdType.TXT))
