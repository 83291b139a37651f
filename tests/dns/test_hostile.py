"""Name servers of every bad kind under one mail: the verdict is typed, in time, and never a pass.

The mail is honest: its sender may send, its signature matches, its domain asks to reject what is not proven. What a
server does to one type of question, it does to all.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from gatepost.dns import CachingResolver, RdType, Status
from gatepost.verify import check
from gatepost.verify.paper import Evidence, Result
from hostile_dns import answer, serving
from verify.arrivals import NOW, PEER, PLAIN, RSA_RECORD, arrival, sign
from ways import dns_client

Packets = list[bytes]
Message = dns.message.Message
Behaviour = Callable[[Message, bool], Packets]

TRY_S, PATIENT_S = 0.15, 5.0
"""For servers that never say anything useful, and for those that do."""
WITHIN_S = 30.0
"""A hundred times what it takes: what hangs, hangs for ever."""
PIECES = [RSA_RECORD[at : at + 200] for at in range(0, len(RSA_RECORD), 200)]
ZONE: Mapping[tuple[str, str], list[str]] = MappingProxyType(
    {
        ("corp.example.", "TXT"): [f'"v=spf1 ip4:{PEER} -all"'],
        ("mail.corp.example.", "TXT"): [f'"v=spf1 ip4:{PEER} -all"'],
        ("_dmarc.corp.example.", "TXT"): ['"v=DMARC1; p=reject"'],
        ("rsa._domainkey.corp.example.", "TXT"): [" ".join(f'"{piece}"' for piece in PIECES)],
        ("7.2.0.192.in-addr.arpa.", "PTR"): ["mail.corp.example."],
        ("mail.corp.example.", "A"): [PEER],
    }
)


def honest(question: Message, ttl_s: int = 60) -> Message:
    asked = question.question[0]
    name = asked.name.to_text().lower()
    records = ZONE.get((name, asked.rdtype.name), [])
    return answer(question, *(f"{name} {ttl_s} {asked.rdtype.name} {record}" for record in records))


def truncated(question: Message) -> bytes:
    short = dns.message.make_response(question)
    short.flags |= dns.flags.TC
    return short.to_wire()


def one(make: Callable[[Message], Message]) -> Behaviour:
    return lambda question, _: [make(question).to_wire(max_size=65_535)]


def with_other_id(question: Message) -> Message:
    reply = honest(question)
    reply.id = reply.id ^ 0xFFFF
    return reply


def to_another_question(question: Message) -> Message:
    return answer(dns.message.make_query("other.example", "TXT", id=question.id), 'other.example. 60 TXT "v=spf1 +all"')


def in_a_circle(question: Message) -> Message:
    name = question.question[0].name.to_text()
    return answer(question, f"{name} 60 CNAME a.loop.example.", f"a.loop.example. 60 CNAME {name}")


def by_twenty_names(question: Message) -> Message:
    name = question.question[0].name.to_text()
    links = [name, *(f"n{at}.chain.example." for at in range(20))]
    return answer(question, *(f"{here} 60 CNAME {there}" for here, there in pairwise(links)))


def of_others(question: Message) -> Message:
    """Say who else might know: what a server does that is asked for a zone it does not hold."""
    reply = dns.message.make_response(question)
    reply.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.elsewhere.example."))
    return reply


def with_cut_data(question: Message) -> Packets:
    packet = bytearray(honest(question).to_wire())
    packet[6:8] = b"\x00\x09"  # it promises nine answers
    return [bytes(packet)]


class Late:
    """Answers each question when the next one comes."""

    def __init__(self) -> None:
        self._kept: bytes | None = None

    def __call__(self, question: Message, _: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        due, self._kept = self._kept, honest(question).to_wire()
        return [due] if due is not None else []


def fails_with(rcode: dns.rcode.Rcode) -> Behaviour:
    return one(lambda question: answer(question, rcode=rcode))


SILENT: Mapping[str, Behaviour] = MappingProxyType(
    {
        "never": lambda _question, _tcp: [],
        "late": Late(),
        "with another id": one(with_other_id),
        "to another question": one(to_another_question),
        "in a circle": one(in_a_circle),
        "by a chain of twenty": one(by_twenty_names),
        "of others who might know": one(of_others),
        "SERVFAIL": fails_with(dns.rcode.SERVFAIL),
        "REFUSED": fails_with(dns.rcode.REFUSED),
        "NOTAUTH": fails_with(dns.rcode.NOTAUTH),
        "FORMERR with and without EDNS": fails_with(dns.rcode.FORMERR),
        "with data cut off": lambda question, _: with_cut_data(question),
        "truncated over TCP, too": lambda question, _: [truncated(question)],
        "in nonsense": lambda question, _: [question.id.to_bytes(2, "big") + b"\xff" * 300],
    }
)


async def verified(
    behave: Behaviour, *, timeout_s: float = PATIENT_S, has_tcp: bool = True, drip_s: float = 0
) -> Evidence:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with (
        serving(behave, has_tcp=has_tcp, drip_s=drip_s) as server,
        CachingResolver(dns_client(server.address, timeout_s=timeout_s), lambda: NOW) as resolver,
    ):
        evidence = (await check(arrival(sign(PLAIN)), resolver)).evidence
    assert loop.time() - began < WITHIN_S
    return evidence


def assert_nothing_is_known(evidence: Evidence) -> None:
    assert (evidence.spf.result, evidence.helo.result) == (Result.TEMPERROR, Result.TEMPERROR)
    assert (evidence.dkim[0].result, evidence.dmarc.result) == (Result.TEMPERROR, Result.TEMPERROR)
    assert evidence.iprev.result is Result.TEMPERROR
    assert (evidence.is_aligned, evidence.is_unsettled) == (False, True)


async def test_an_honest_server_proves_the_mail() -> None:
    evidence = await verified(one(honest))
    assert (evidence.spf.result, evidence.dkim[0].result, evidence.dmarc.result) == (Result.PASS,) * 3
    assert evidence.iprev.result is Result.PASS


@pytest.mark.parametrize("answers", SILENT)
async def test_no_answer_is_a_temporary_error_for_everything(answers: str) -> None:
    assert_nothing_is_known(await verified(SILENT[answers], timeout_s=TRY_S))


async def test_truncated_and_no_tcp_is_a_temporary_error() -> None:
    assert_nothing_is_known(await verified(lambda question, _: [truncated(question)], timeout_s=TRY_S, has_tcp=False))


async def test_an_octet_at_a_time_over_tcp_is_a_temporary_error() -> None:
    def behave(question: Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        return [honest(question).to_wire() if is_tcp else truncated(question)]

    assert_nothing_is_known(await verified(behave, timeout_s=TRY_S, drip_s=TRY_S / 10))


@pytest.mark.parametrize("alias", [[], ["CNAME gone.example."]])
async def test_what_does_not_exist_is_none_and_no_temporary_error(alias: list[str]) -> None:
    def missing(question: Message) -> Message:
        name = question.question[0].name.to_text()
        return answer(question, *(f"{name} 60 {each}" for each in alias), rcode=dns.rcode.NXDOMAIN)

    evidence = await verified(one(missing))
    assert (evidence.spf.result, evidence.dmarc.result) == (Result.NONE, Result.NONE)
    assert (evidence.dkim[0].result, evidence.iprev.result) == (Result.PERMERROR, Result.PERMERROR)
    assert (evidence.is_aligned, evidence.is_unsettled) == (False, False)


def shouted(question: Message) -> Message:
    """Answer in capitals, as a server may; some resolvers ask so (0x20) and want their own spelling back."""
    asked = question.question[0]
    reply = honest(question)
    loud = dns.message.from_wire(reply.to_wire())
    loud.question[0].name = dns.name.from_text(asked.name.to_text().upper())
    for each in loud.answer:
        each.name = dns.name.from_text(each.name.to_text().upper())
    return loud


def by_seven_names(question: Message) -> Message:
    name = question.question[0].name.to_text()
    links = [name, *(f"n{at}.chain.example." for at in range(6))]
    reply = answer(question, *(f"{here} 60 CNAME {there}" for here, there in pairwise(links)))
    for each in honest(question).answer:
        each.name = dns.name.from_text(links[-1])
        reply.answer.append(each)
    return reply


@pytest.mark.parametrize(
    "behave",
    [
        one(lambda question: honest(question, ttl_s=0)),
        one(lambda question: honest(question, ttl_s=0x7FFF_FFFF)),
        one(shouted),
        one(by_seven_names),
        lambda question, is_tcp: [honest(question).to_wire() if is_tcp else truncated(question)],
        lambda question, _: [with_other_id(question).to_wire(), honest(question).to_wire()],
    ],
    ids=["TTL 0", "a TTL of 68 years", "in capitals", "by seven names", "over TCP alone", "behind a forgery"],
)
async def test_odd_but_honest_answers_prove_the_mail(behave: Behaviour) -> None:
    evidence = await verified(behave)
    assert (evidence.spf.result, evidence.dkim[0].result, evidence.dmarc.result) == (Result.PASS,) * 3


async def test_64_kilobytes_of_text_and_thousands_of_records_are_read_and_cost_little() -> None:
    @cache
    def written(name: str, kind: str) -> bytes:
        text = " ".join(['"' + "x" * 250 + '"'] * 250)
        records = {
            "TXT": [f"{name} 60 TXT {text}"],
            "PTR": [f"{name} 60 PTR h{at}.example." for at in range(2_500)],
            "A": [f"{name} 60 A 10.0.{at >> 8}.{at & 255}" for at in range(300)],
        }
        return answer(dns.message.make_query(name, kind), *records[kind]).to_wire(max_size=65_535)

    def huge(question: Message, is_tcp: bool) -> Packets:  # noqa: FBT001  # the server's own signature
        asked = question.question[0]
        packet = written(asked.name.to_text(), asked.rdtype.name)
        return [question.id.to_bytes(2, "big") + packet[2:] if is_tcp else truncated(question)]

    began = time.process_time()
    evidence = await verified(huge)
    assert time.process_time() - began < WITHIN_S  # most of it is the server's own
    assert (evidence.spf.result, evidence.dmarc.result) == (Result.NONE, Result.NONE)
    assert evidence.dkim[0].result is Result.PERMERROR
    assert evidence.iprev.result is Result.FAIL  # after ten of its names


async def test_a_ttl_of_years_is_kept_for_an_hour() -> None:
    async with (
        serving(one(lambda question: honest(question, ttl_s=0x7FFF_FFFF))) as server,
        CachingResolver(dns_client(server.address), lambda: NOW) as resolver,
    ):
        assert (await resolver.query("corp.example", RdType.TXT)).status is Status.OK
        ((until, _),) = resolver._kept.values()
    assert (until - NOW).total_seconds() == 3_600
