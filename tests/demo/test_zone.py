"""The demo's name server speaks real DNS: answers, denials, truncation, and both transports."""

import asyncio

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zone

LONG = "v=DKIM1; k=rsa; p=" + "A" * 1200


@pytest.fixture
def names() -> zone.Zone:
    found = zone.Zone()
    found.add("mail.acme.example", "A", "127.0.10.1")
    found.add("acme.example", "TXT", "v=spf1 -all")
    found.add("long.example", "TXT", LONG)
    return found


def ask(names: zone.Zone, name: str, rdtype: str) -> dns.message.Message:
    return names.answer(dns.message.make_query(name, rdtype))


def test_a_record_is_answered_with_authority(names: zone.Zone) -> None:
    answer = ask(names, "mail.acme.example", "A")
    assert answer.answer[0][0].to_text() == "127.0.10.1"
    assert answer.flags & dns.flags.AA


def test_case_in_the_question_does_not_matter_and_comes_back(names: zone.Zone) -> None:
    answer = ask(names, "MAIL.Acme.example", "A")
    assert answer.answer[0].name.to_text() == "MAIL.Acme.example."


def test_another_type_of_a_known_name_is_an_empty_answer(names: zone.Zone) -> None:
    answer = ask(names, "acme.example", "MX")
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer
    assert answer.authority


def test_a_name_above_a_known_one_exists(names: zone.Zone) -> None:
    assert ask(names, "example", "A").rcode() == dns.rcode.NOERROR


def test_an_unknown_name_does_not_exist(names: zone.Zone) -> None:
    assert ask(names, "nobody.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_two_records_of_one_name_and_type_are_one_set(names: zone.Zone) -> None:
    names.add("acme.example", "TXT", "another")
    assert len(ask(names, "acme.example", "TXT").answer[0]) == 2


def test_a_long_text_is_cut_into_strings_of_255_octets(names: zone.Zone) -> None:
    strings = ask(names, "long.example", "TXT").answer[0][0].strings
    assert b"".join(strings).decode() == LONG
    assert max(map(len, strings)) == 255


def test_a_long_answer_over_udp_is_truncated() -> None:
    names = zone.Zone()
    names.add("long.example", "TXT", LONG)
    query = dns.message.make_query("long.example", "TXT", use_edns=False)
    octets = zone.respond(names, query.to_wire(), over_udp=True)
    assert octets is not None
    assert dns.message.from_wire(octets).flags & dns.flags.TC


def test_what_was_spelled_out_is_said_again_under_any_id_until_a_record_is_added(names: zone.Zone) -> None:
    query = dns.message.make_query("acme.example", "TXT", id=1)
    names.spell(query.to_wire())
    query.id = 4711
    wire = query.to_wire()
    assert names.spelled(wire) == zone.respond(names, wire, over_udp=True)
    assert names.spelled(dns.message.make_query("acme.example", "A", id=1).to_wire()) is None
    names.add("acme.example", "TXT", "another")
    assert names.spelled(wire) is None


@given(st.binary(max_size=80))
def test_garbage_gets_an_answer_or_silence_but_no_error(octets: bytes) -> None:
    zone.respond(zone.Zone(), octets, over_udp=True)


async def test_udp_and_tcp_answer_on_the_same_port(names: zone.Zone) -> None:
    async with zone.serve(names) as port, asyncio.timeout(5):
        query = dns.message.make_query("long.example", "TXT", use_edns=False)
        answer, was_tcp = await dns.asyncquery.udp_with_fallback(query, "127.0.0.1", port=port, timeout=5)
        assert was_tcp
        assert b"".join(answer.answer[0][0].strings).decode() == LONG
        small = dns.message.make_query("mail.acme.example", "A")
        assert (await dns.asyncquery.udp(small, "127.0.0.1", port=port, timeout=5)).answer
