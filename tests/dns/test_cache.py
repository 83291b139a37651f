import asyncio
from datetime import UTC, datetime, timedelta

import dns.message
import dns.rcode
import pytest
from typing_extensions import override

from gatepost.dns import CachingResolver, Client, RdType, Status
from gatepost.dns.cache import ENTRY_OCTETS, _octets
from gatepost.dns.client import MISSING_TTL_S, SILENT_TTL_S, TRIES
from gatepost.dns.paper import RECORD_OCTETS, Answer
from hostile_dns import Server, answer, serving
from ways import dns_client, way_out


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def honest(question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
    name = question.question[0].name.to_text()
    if name.startswith("missing"):
        return [answer(question, rcode=dns.rcode.NXDOMAIN).to_wire()]
    if name.startswith("broken"):
        return [answer(question, rcode=dns.rcode.SERVFAIL).to_wire()]
    if name.startswith("silent"):
        return []
    return [answer(question, f"{name} 100 A 192.0.2.1").to_wire()]


def count(server: Server, name: str) -> int:
    return sum(asked[0] == name for asked in server.asked)


async def test_an_answer_is_kept_for_its_ttl_and_no_longer() -> None:
    clock = Hands()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        first = await resolver.query("a.example", RdType.A)
        clock.forward(99)
        assert await resolver.query("A.example.", RdType.A) == first
        assert len(resolver._kept) == 1
        assert count(server, "a.example") == 1
        clock.forward(2)
        await resolver.query("a.example", RdType.A)
        assert resolver._kept["a.example", RdType.A][0] > clock.now


@pytest.mark.parametrize("has_record", [True, False])
async def test_a_ttl_of_zero_is_one_second(has_record: bool) -> None:  # noqa: FBT001  # parametrised
    soa = "example. 0 SOA ns.example. host.example. 1 2 3 4 0"

    def behave(question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
        return [answer(question, *(["a.example. 0 A 192.0.2.1"] if has_record else []), soa=soa).to_wire()]

    clock = Hands()
    async with serving(behave) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        for asked, later_s in ((1, 0.9), (1, 0.2), (2, 0)):
            await resolver.query("a.example", RdType.A)
            assert count(server, "a.example") == asked
            clock.forward(later_s)


async def test_answers_hold_while_they_are_kept_however_their_names_are_spelled() -> None:
    clock = Hands()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        one, other = [await resolver.query(name, RdType.A) for name in ("a.example", "b.example")]
        both = ((("A.example.", RdType.A), one), (("b.example", RdType.A), other))
        assert resolver.still(both)
        assert resolver.still(())
        assert not resolver.still(((("a.example", RdType.A), other),))
        assert not resolver.still(((("c.example", RdType.A), one),))
        clock.forward(101)
        assert not resolver.still(both)


async def test_a_missing_name_is_remembered() -> None:
    clock = Hands()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        for _ in range(3):
            assert (await resolver.query("missing.example", RdType.A)).status is Status.NXDOMAIN
        assert count(server, "missing.example") == 1
        clock.forward(61)
        await resolver.query("missing.example", RdType.A)
        assert count(server, "missing.example") == 2


async def test_a_failure_is_remembered_for_one_second_only() -> None:
    clock = Hands()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        assert (await resolver.query("broken.example", RdType.A)).status is Status.TEMPERROR
        before = count(server, "broken.example")
        await resolver.query("broken.example", RdType.A)
        assert count(server, "broken.example") == before
        clock.forward(1.1)
        await resolver.query("broken.example", RdType.A)
        assert count(server, "broken.example") > before


async def test_silence_is_remembered_for_some_seconds_and_nothing_else_is() -> None:
    """Each mail of a zone whose servers are silent waited for two tries anew."""
    clock = Hands()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        first = await resolver.query("silent.example", RdType.TXT)
        assert count(server, "silent.example") == TRIES
        clock.forward(SILENT_TTL_S - 0.1)
        again = await resolver.query("silent.example", RdType.TXT)
        assert {first.status, again.status} == {Status.TEMPERROR}
        assert count(server, "silent.example") == TRIES
        clock.forward(0.2)
        await resolver.query("silent.example", RdType.TXT)
        assert count(server, "silent.example") == 2 * TRIES
        await resolver.query("broken.example", RdType.TXT)  # it says that it failed
        clock.forward(1.1)
        await resolver.query("broken.example", RdType.TXT)
        assert count(server, "broken.example") == 2


async def test_who_waited_for_a_turn_has_not_heard_silence() -> None:
    clock = Hands()
    async with (
        serving(honest) as server,
        CachingResolver(dns_client(server.address), clock, deadline_s=0.5, max_in_flight=1) as resolver,
    ):
        names = [f"silent{at}.example" for at in range(3)]
        await asyncio.gather(*(resolver.query(name, RdType.TXT) for name in names))
        clock.forward(1.1)
        assert resolver.peek(names[0], RdType.TXT) is not None
        assert resolver.peek(names[1], RdType.TXT) is None
        assert resolver.peek(names[2], RdType.TXT) is None


class Silent(Client):
    """Asks nobody: answers at once, but keeps silent for names that say so, until it is told to give up."""

    def __init__(self) -> None:
        super().__init__([], way_out(), bytes, timeout_s=1)
        self.given_up = asyncio.Event()
        self.on_the_wire = 0

    @override
    async def ask(self, name: str, rdtype: RdType, *, until: float = 0) -> Answer:
        if not name.startswith("silent"):
            return Answer(Status.OK, (name,), 60)
        self.on_the_wire += 1
        await self.given_up.wait()
        return Answer(Status.TEMPERROR)


async def test_a_crowd_of_silent_zones_holds_up_nobody_else() -> None:
    """Twenty messages with a hundred and twenty names each had every turn until their tries were over."""
    loop, client = asyncio.get_running_loop(), Silent()
    until = loop.time() + 30
    async with CachingResolver(client, Hands(), deadline_s=30) as resolver, asyncio.TaskGroup() as tasks:
        crowd = [
            tasks.create_task(resolver.query_all([(f"silent{at}.{one}", RdType.TXT) for at in range(120)], until))
            for one in range(20)
        ]
        await asyncio.sleep(0.05)
        assert client.on_the_wire > 200
        for at in range(3):  # one round of questions after the other
            asked = [(f"{name}.{at}", RdType.TXT) for name in "abcdefgh"]
            answers = await resolver.query_all(asked, loop.time() + 0.5)
            assert [answers[each].status for each in asked] == [Status.OK] * len(asked)
        assert (await asyncio.wait_for(resolver.query("host", RdType.A), 0.5)).status is Status.OK
        assert client.on_the_wire <= 256
        client.given_up.set()
        assert {answer.status for one in crowd for answer in (await one).values()} == {Status.TEMPERROR}


async def test_a_name_that_a_crowd_asks_for_as_well_does_not_wait_with_it() -> None:
    loop, client = asyncio.get_running_loop(), Silent()
    names = [*(f"silent{at}" for at in range(20)), "honest"]
    async with (
        CachingResolver(client, Hands(), deadline_s=30, max_in_flight=8) as resolver,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(resolver.query_all([(name, RdType.TXT) for name in names], loop.time() + 30))
        await asyncio.sleep(0.05)
        assert resolver.peek("honest", RdType.TXT) is None
        asked = ("honest", RdType.TXT)
        assert (await resolver.query_all([asked], loop.time() + 0.5))[asked].status is Status.OK
        client.given_up.set()


async def test_equal_questions_are_asked_once() -> None:
    async with serving(honest) as server, CachingResolver(dns_client(server.address), Hands()) as resolver:
        answers = await asyncio.gather(*(resolver.query("a.example", RdType.A) for _ in range(50)))
        assert len(set(answers)) == 1
        assert count(server, "a.example") == 1


async def test_one_caller_giving_up_leaves_the_answer_to_the_others() -> None:
    async with serving(honest) as server, CachingResolver(dns_client(server.address), Hands()) as resolver:
        patient = asyncio.ensure_future(resolver.query("a.example", RdType.A))
        hasty = asyncio.ensure_future(resolver.query("a.example", RdType.A))
        await asyncio.sleep(0)
        hasty.cancel()
        assert (await patient).status is Status.OK


async def test_several_questions_are_asked_together_and_what_is_late_is_left_out() -> None:
    asked = [("a.example", RdType.A), ("silent.example", RdType.A), ("A.example.", RdType.A), ("a..b", RdType.A)]
    loop = asyncio.get_running_loop()
    async with serving(honest) as server, CachingResolver(dns_client(server.address), Hands()) as resolver:
        answers = await resolver.query_all(asked, loop.time() + 0.2)
        assert [answers[each].status for each in (asked[0], asked[2], asked[3])] == [
            Status.OK,
            Status.OK,
            Status.NXDOMAIN,
        ]
        assert asked[1] not in answers
        assert count(server, "a.example") == 1
        assert (await resolver.query_all(asked[:1], loop.time()))[asked[0]] is answers[asked[0]]  # it is at hand


async def test_who_gives_up_on_several_questions_leaves_the_answers_to_the_others() -> None:
    asked, until = [("a.example", RdType.A)], asyncio.get_running_loop().time() + 5
    async with serving(honest) as server, CachingResolver(dns_client(server.address), Hands()) as resolver:
        patient = asyncio.ensure_future(resolver.query_all(asked, until))
        hasty = asyncio.ensure_future(resolver.query_all(asked, until))
        await asyncio.sleep(0)
        hasty.cancel()
        assert (await patient)[asked[0]].status is Status.OK
        assert count(server, "a.example") == 1


async def test_silence_ends_at_the_deadline() -> None:
    loop = asyncio.get_running_loop()
    async with (
        serving(honest) as server,
        CachingResolver(dns_client(server.address), Hands(), deadline_s=0.3) as resolver,
    ):
        started = loop.time()
        assert (await resolver.query("silent.example", RdType.A)).status is Status.TEMPERROR
        assert loop.time() - started < 1


async def test_an_outage_under_load_ends_in_time_and_never_answers() -> None:
    loop = asyncio.get_running_loop()
    async with (
        serving(honest) as server,
        CachingResolver(dns_client(server.address), Hands(), deadline_s=0.5, max_in_flight=10) as resolver,
    ):
        started = loop.time()
        answers = await asyncio.gather(*(resolver.query(f"silent{at}.example", RdType.A) for at in range(200)))
        assert {answer.status for answer in answers} == {Status.TEMPERROR}
        assert loop.time() - started < 2


async def test_the_cache_is_bounded() -> None:
    async with (
        serving(honest) as server,
        CachingResolver(dns_client(server.address), Hands(), max_entries=5) as resolver,
    ):
        for at in range(12):
            await resolver.query(f"a{at}.example", RdType.A)
        assert len(resolver._kept) == 5


async def test_closing_ends_open_questions_as_temporary_errors() -> None:
    async with serving(honest) as server:
        resolver = CachingResolver(dns_client(server.address), Hands())
        asked = ("silent.example", RdType.A)
        waiting = asyncio.ensure_future(resolver.query(*asked))
        await asyncio.sleep(0.05)
        several = asyncio.ensure_future(resolver.query_all([asked], asyncio.get_running_loop().time() + 5))
        await asyncio.sleep(0)
        await resolver.close()
        assert (await waiting).status is Status.TEMPERROR
        assert (await several)[asked].status is Status.TEMPERROR


async def test_names_dns_cannot_carry_are_not_asked() -> None:
    async with CachingResolver(dns_client("127.0.0.1:1"), Hands()) as resolver:
        assert (await resolver.query("a..b", RdType.A)).status is Status.NXDOMAIN


async def test_the_cache_is_bounded_in_octets_too() -> None:
    """A stranger's zone answers with as much as DNS can carry, to every name it makes up."""

    def lavish(question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
        return [
            answer(question, *(f'{question.question[0].name} 100 TXT "{at}{"x" * 200}"' for at in range(5))).to_wire()
        ]

    async with (
        serving(lavish) as server,
        CachingResolver(dns_client(server.address), Hands(), max_octets=7_700) as resolver,
    ):
        for at in range(12):
            assert (await resolver.query(f"a{at}.example", RdType.TXT)).status is Status.OK
        assert len(resolver._kept) == 4
        assert sum(_octets(key, kept) for key, (_, kept) in resolver._kept.items()) == resolver._octets


async def test_records_that_say_nothing_are_not_kept_without_bound() -> None:
    """Five thousand empty TXT records fit into one answer over TCP."""

    def empty(question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
        name = question.question[0].name
        return [answer(question, *(f"{name} 100 TXT " + '"" ' * at for at in range(1, 9))).to_wire()]

    async with (
        serving(empty) as server,
        CachingResolver(dns_client(server.address), Hands(), max_octets=5_000) as resolver,
    ):
        for at in range(12):
            assert (await resolver.query(f"a{at}.example", RdType.TXT)).records == ("",) * 8
        assert len(resolver._kept) == 5_000 // (8 * RECORD_OCTETS + ENTRY_OCTETS)


async def test_names_that_a_stranger_makes_up_fill_no_more_memory_than_there_is_for_them() -> None:
    """A name may have 253 characters, and an answer that says nothing has no records."""
    name = ".".join(["x" * 60] * 4)
    async with (
        serving(lambda q, _: [answer(q, rcode=dns.rcode.NXDOMAIN).to_wire()]) as server,
        CachingResolver(dns_client(server.address), Hands(), max_octets=8_000) as resolver,
    ):
        for at in range(40):
            assert (await resolver.query(f"{at}.{name}", RdType.A)).status is Status.NXDOMAIN
        assert len(resolver._kept) == 8_000 // (ENTRY_OCTETS + len(f"10.{name}"))


async def test_nothing_without_an_soa_is_kept_for_seconds_and_they_do_not_begin_anew() -> None:
    def bare(question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
        return [answer(question, rcode=dns.rcode.NXDOMAIN, soa=None).to_wire()]

    clock = Hands()
    async with serving(bare) as server, CachingResolver(dns_client(server.address), clock) as resolver:
        for asked in (1, 1, 1, 2):
            assert (await resolver.query("a.example", RdType.A)).status is Status.NXDOMAIN
            assert count(server, "a.example") == asked
            clock.forward(MISSING_TTL_S / 3 + 0.1)
