import asyncio
from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import pytest

from gatepost.dns import CachingResolver
from gatepost.dns.client import MAX_ALIASES, MISSING_TTL_S, follow
from gatepost.dns.paper import Answer, RdType, Status
from gatepost.dns.wire import Record
from hostile_dns import answer, serving
from ports import free_port
from ways import NOW, dns_client

Packets = list[bytes]


async def ask(
    behave: Callable[[dns.message.Message, bool], Packets], name: str, rdtype: RdType, *, timeout_s: float = 0.15
) -> Answer:
    async with serving(behave) as server:
        return await dns_client(server.address, timeout_s=timeout_s).ask(name, rdtype)


def an_address(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
    return [answer(question, f"{question.question[0].name} 60 A 192.0.2.1").to_wire()]


@pytest.mark.parametrize(
    ("rdtype", "record", "expected"),
    [
        (RdType.A, "a.example. 60 A 192.0.2.1", "192.0.2.1"),
        (RdType.AAAA, "a.example. 60 AAAA 2001:db8::1", "2001:db8::1"),
        (RdType.MX, "a.example. 60 MX 10 mx.example.", "10 mx.example"),
        (RdType.MX, "a.example. 60 MX 0 .", "0 ."),
        (RdType.TXT, 'a.example. 60 TXT "v=spf1 " "-all"', "v=spf1 -all"),
        (RdType.TXT, 'a.example. 60 TXT "\\233"', "\xe9"),
        (RdType.PTR, "a.example. 60 PTR host.example.", "host.example"),
        (RdType.CNAME, "a.example. 60 CNAME b.example.", "b.example"),
    ],
)
async def test_each_type_is_spelled_as_promised(rdtype: RdType, record: str, expected: str) -> None:
    got = await ask(lambda q, _: [answer(q, record).to_wire()], "a.example", rdtype)
    assert got == Answer(Status.OK, (expected,), 60)


async def test_a_truncated_answer_is_asked_again_over_tcp() -> None:
    long = "x" * 200

    def behave(question: dns.message.Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        if is_tcp:
            records = [f'a.example. 60 TXT "{at}{long}"' for at in range(20)]
            return [answer(question, *records).to_wire(max_size=65535)]
        short = answer(question)
        short.flags |= dns.flags.TC
        return [short.to_wire()]

    got = await ask(behave, "a.example", RdType.TXT)
    assert got.status is Status.OK
    assert len(got.records) == 20


async def test_silence_is_a_temporary_error() -> None:
    assert (await ask(lambda _q, _t: [], "a.example", RdType.A)).status is Status.TEMPERROR


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR])
async def test_a_failing_server_is_a_temporary_error(rcode: dns.rcode.Rcode) -> None:
    got = await ask(lambda q, _: [answer(q, rcode=rcode).to_wire()], "a.example", RdType.A)
    assert got.status is Status.TEMPERROR


async def test_a_missing_name_and_a_missing_type_are_told_apart() -> None:
    missing = await ask(lambda q, _: [answer(q, rcode=dns.rcode.NXDOMAIN).to_wire()], "a.example", RdType.A)
    empty = await ask(lambda q, _: [answer(q).to_wire()], "a.example", RdType.A)
    assert missing.status is Status.NXDOMAIN
    assert empty.status is Status.NODATA


@pytest.mark.parametrize(
    "records",
    [["a.example. 60 A 192.0.2.1"], ["a.example. 60 CNAME b.example.", "b.example. 60 A 192.0.2.1"]],
    ids=["its own", "of an alias"],
)
async def test_a_name_that_is_said_to_be_missing_has_no_records_whatever_stands_beside_it(records: list[str]) -> None:
    got = await ask(lambda q, _: [answer(q, *records, rcode=dns.rcode.NXDOMAIN).to_wire()], "a.example", RdType.A)
    assert (got.status, got.records) == (Status.NXDOMAIN, ())


async def test_a_truncated_answer_whose_connection_ends_is_a_temporary_error() -> None:
    def behave(question: dns.message.Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        if is_tcp:
            raise ConnectionResetError
        short = dns.message.make_response(question)
        short.flags |= dns.flags.TC
        return [short.to_wire()]

    assert (await ask(behave, "a.example", RdType.TXT)).status is Status.TEMPERROR


async def test_an_answer_with_a_wrong_id_is_not_believed() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        forged = answer(question, "a.example. 60 A 192.0.2.66")
        forged.id = (forged.id + 1) % 65536
        return [forged.to_wire(), answer(question, "a.example. 60 A 192.0.2.1").to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).records == ("192.0.2.1",)


async def test_an_answer_to_another_question_is_not_believed() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        other = dns.message.make_query("b.example", "A", id=question.id)
        return [answer(other, "b.example. 60 A 192.0.2.66").to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


@pytest.mark.parametrize("section", ["authority", "additional"])
async def test_what_stands_beside_an_answer_is_nobodys(section: str) -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        forged = answer(question)
        getattr(forged, section).extend(
            answer(question, "a.example. 60 A 192.0.2.66", "b.example. 60 A 192.0.2.66").answer
        )
        return [forged.to_wire()]

    async with serving(behave) as server, CachingResolver(dns_client(server.address), lambda: NOW) as resolver:
        assert (await resolver.query("a.example", RdType.A)).status is Status.NODATA
        assert resolver.peek("b.example", RdType.A) is None


async def test_records_of_another_owner_are_not_taken() -> None:
    got = await ask(lambda q, _: [answer(q, "b.example. 60 A 192.0.2.66").to_wire()], "a.example", RdType.A)
    assert got.status is Status.NODATA


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\xff" * 512, b"\x00" * 65000])
async def test_garbage_is_a_temporary_error(garbage: bytes) -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        return [question.id.to_bytes(2, "big") + garbage]

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


async def test_aliases_are_followed_inside_and_across_answers() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        if question.question[0].name.to_text() == "a.example.":
            return [answer(question, "a.example. 60 CNAME b.example.", "b.example. 30 CNAME c.example.").to_wire()]
        return [answer(question, "c.example. 300 A 192.0.2.1").to_wire()]

    assert await ask(behave, "a.example", RdType.A) == Answer(Status.OK, ("192.0.2.1",), 30)


@pytest.mark.parametrize("is_split", [True, False])
async def test_an_alias_loop_is_a_temporary_error(is_split: bool) -> None:  # noqa: FBT001  # parametrised
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        both = ["a.example. 60 CNAME b.example.", "b.example. 60 CNAME a.example."]
        if is_split:
            both = [both[0] if question.question[0].name.to_text() == "a.example." else both[1]]
        return [answer(question, *both).to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


async def test_a_server_that_is_dead_costs_its_time_out_once() -> None:
    loop = asyncio.get_running_loop()
    async with serving(lambda _q, _t: []) as dead, serving(an_address) as alive:
        client = dns_client(dead.address, alive.address, timeout_s=0.3)
        assert (await client.ask("a.example", RdType.A)).status is Status.OK
        started = loop.time()
        for number in range(5):
            assert (await client.ask(f"a{number}.example", RdType.A)).status is Status.OK
        assert loop.time() - started < 0.3


async def test_a_server_that_fails_leaves_the_next_one_to_ask() -> None:
    def good(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        return [answer(question, "a.example. 60 A 192.0.2.1").to_wire()]

    def bad(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        return [answer(question, rcode=dns.rcode.SERVFAIL).to_wire()]

    async with serving(bad) as first, serving(good) as second:
        assert (await dns_client(first.address, second.address).ask("a.example", RdType.A)).status is Status.OK
    async with serving(bad) as first:
        assert (await dns_client(first.address).ask("a.example", RdType.A)).status is Status.TEMPERROR


async def test_a_closed_port_is_a_temporary_error_at_once() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    got = await dns_client(f"127.0.0.1:{free_port()}", timeout_s=5).ask("a.example", RdType.A)
    assert got.status is Status.TEMPERROR
    assert loop.time() - started < 1


async def test_a_server_older_than_edns_is_asked_without_it() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        if question.edns >= 0:
            return [answer(dns.message.make_query("a.example", "A", id=question.id), rcode=dns.rcode.FORMERR).to_wire()]
        return [answer(question, "a.example. 60 A 192.0.2.1").to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).records == ("192.0.2.1",)


async def test_questions_have_ids_and_ports_of_their_own() -> None:
    seen: set[int] = set()

    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        seen.add(question.id)
        return [answer(question, f"{question.question[0].name} 60 A 192.0.2.1").to_wire()]

    async with serving(behave) as server:
        client = dns_client(server.address)
        await asyncio.gather(*(client.ask(f"a{number}.example", RdType.A) for number in range(40)))
        assert len(seen) > 38
        assert len({port for _, port in server.askers}) > 30


async def test_a_flood_of_guesses_does_not_keep_us() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        forged = answer(question, "a.example. 60 A 192.0.2.66")
        forged.id = (forged.id + 1) % 65536
        return [forged.to_wire()] * 300

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


@pytest.mark.parametrize("said", [b"", b"\x00", b"\xff\xff" + b"x" * 10, b"\x00\x04abcd"])
async def test_nonsense_over_tcp_is_a_temporary_error(said: bytes) -> None:
    def behave(question: dns.message.Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        short = answer(question)
        short.flags |= dns.flags.TC
        return [said] if is_tcp else [short.to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


async def test_an_answer_truncated_over_tcp_too_is_a_temporary_error() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        short = answer(question)
        short.flags |= dns.flags.TC
        return [short.to_wire()]

    assert (await ask(behave, "a.example", RdType.A)).status is Status.TEMPERROR


async def test_an_answer_of_64_kilobytes_is_read() -> None:
    def behave(question: dns.message.Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        short = answer(question)
        short.flags |= dns.flags.TC
        texts = [f'a.example. 60 TXT "{number:04}{"x" * 240}"' for number in range(240)]
        return [answer(question, *texts).to_wire(max_size=65535) if is_tcp else short.to_wire()]

    got = await ask(behave, "a.example", RdType.TXT, timeout_s=5.0)  # the server of the test writes slowly
    assert (got.status, len(got.records)) == (Status.OK, 240)


@pytest.mark.parametrize(
    ("soa", "ttl_s"),
    [
        ("example. 900 SOA ns.example. host.example. 1 2 3 4 30", 30),
        ("example. 20 SOA ns.example. host.example. 1 2 3 4 900", 20),
        ("example. 900 SOA ns.example. host.example. 1 2 3 4 0", 0),
        (None, MISSING_TTL_S),
    ],
)
@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
async def test_what_is_missing_lives_as_long_as_its_soa_says(
    rcode: dns.rcode.Rcode, soa: str | None, ttl_s: int
) -> None:
    got = await ask(lambda q, _: [answer(q, rcode=rcode, soa=soa).to_wire()], "a.example", RdType.A)
    expected = Status.NXDOMAIN if rcode == dns.rcode.NXDOMAIN else Status.NODATA
    assert got == Answer(expected, (), ttl_s)


async def test_an_alias_to_nothing_lives_no_longer_than_the_alias() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        response = answer(question, "a.example. 5 CNAME gone.example.", rcode=dns.rcode.NXDOMAIN)
        soa = "example. 900 SOA ns.example. host.example. 1 2 3 4 900"
        response.authority += answer(question, soa=soa).authority
        return [response.to_wire()]

    assert await ask(behave, "a.example", RdType.A) == Answer(Status.NXDOMAIN, (), 5)


@pytest.mark.parametrize("in_one_reply", [1, 5, 99])
async def test_a_chain_of_eleven_aliases_is_followed_and_a_longer_one_is_not_however_it_is_cut(
    in_one_reply: int,
) -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        number = int(question.question[0].name.labels[0][1:])
        aliases = [f"a{at}.example. 60 CNAME a{at - 1}.example." for at in range(number, 0, -1)]
        end = ["a0.example. 60 A 192.0.2.1"] if len(aliases) < in_one_reply else []
        return [answer(question, *aliases[:in_one_reply], *end).to_wire()]

    assert (await ask(behave, "a11.example", RdType.A)).status is Status.OK
    assert (await ask(behave, "a12.example", RdType.A)).status is Status.TEMPERROR


DNAME = "old.example. 60 DNAME new.example."


@pytest.mark.parametrize("alias", [[], ["a.old.example. 40 CNAME a.new.example."]], ids=["alone", "with its CNAME"])
@pytest.mark.parametrize("is_split", [True, False])
async def test_an_alias_for_all_names_below_one_is_followed(alias: list[str], is_split: bool) -> None:  # noqa: FBT001  # parametrised
    """systemd-resolved keeps the DNAME, and leaves out the CNAME."""
    found = "a.new.example. 300 A 192.0.2.1"

    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        if question.question[0].name.to_text() == "a.new.example.":
            return [answer(question, found).to_wire()]
        return [answer(question, DNAME, *alias, *([] if is_split else [found])).to_wire()]

    assert await ask(behave, "a.old.example", RdType.A) == Answer(Status.OK, ("192.0.2.1",), 40 if alias else 60)


async def test_an_alias_for_the_names_below_one_is_none_for_itself_nor_for_its_neighbours() -> None:
    def behave(question: dns.message.Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        return [answer(question, DNAME, "new.example. 300 A 192.0.2.1").to_wire()]

    for name in ("old.example", "a.older.example", "a.bold.example"):
        assert (await ask(behave, name, RdType.A)).status is Status.NODATA


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTAUTH])
async def test_a_server_that_cannot_tell_is_asked_once_and_the_next_after_it(rcode: dns.rcode.Rcode) -> None:
    async with serving(lambda q, _: [answer(q, rcode=rcode).to_wire()]) as first, serving(an_address) as second:
        assert (await dns_client(first.address).ask("a.example", RdType.A)).status is Status.TEMPERROR
        assert len(first.asked) == 1
        both = dns_client(first.address, second.address)
        assert (await both.ask("a.example", RdType.A)).status is Status.OK
        assert (len(first.asked), len(second.asked)) == (2, 1)


def test_an_alias_inside_one_answer_is_followed_to_its_end() -> None:
    chain = [Record("a", True, 60, "b"), Record("b", True, 30, "c"), Record("c", False, 90, "1")]  # noqa: FBT003  # fields
    assert follow("a", chain) == ("c", ("1",), 30, 2)
    assert follow("a", chain[:2]) == ("c", (), 30, 2)
    assert follow("a", [Record("a", True, 60, "a")]).aliases > MAX_ALIASES  # noqa: FBT003  # fields
    assert follow("z", chain) == ("z", (), None, 0)


async def test_no_try_goes_on_beyond_what_the_caller_waits() -> None:
    loop = asyncio.get_running_loop()
    async with serving(lambda _q, _t: []) as server:
        began = loop.time()
        got = await dns_client(server.address, timeout_s=5).ask("a.example", RdType.A, until=began + 0.1)
        assert got.status is Status.TEMPERROR
        assert loop.time() - began < 1
        assert len(server.asked) == 1


async def test_a_question_whose_own_time_ends_puts_no_server_last() -> None:
    loop = asyncio.get_running_loop()
    async with serving(lambda _q, _t: []) as first, serving(an_address) as second:
        client = dns_client(first.address, second.address, timeout_s=0.3)
        got = await client.ask("a.example", RdType.A, until=loop.time() + 0.05)
        assert got.status is Status.TEMPERROR
        assert (await client.ask("b.example", RdType.A)).status is Status.OK
        assert (len(first.asked), len(second.asked)) == (2, 1)
