from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import pytest

from gatepost.dns.paper import Answer, RdType, Status
from hostile_dns import answer, serving
from ways import dns_client

Packets = list[bytes]


async def ask(behave: Callable[[dns.message.Message, bool], Packets], name: str, rdtype: RdType) -> Answer:
    async with serving(behave) as server:
        return await dns_client(server.address).ask(name, rdtype)


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
