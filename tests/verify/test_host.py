"""What is kept of a host never says anything else than a fresh look would."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gatepost.arrive.paper import Arrived, Peer
from gatepost.mail.address import Address
from gatepost.verify import host
from gatepost.verify.answers import Answers
from gatepost.verify.host import NOBODY, Host
from gatepost.verify.paper import Result
from verify.arrivals import PLAIN, Cache, arrival
from zones import ZoneResolver

REVERSE = "7.2.0.192.in-addr.arpa"
RECORDS = (
    "v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 -all", "v=spf1 a mx ~all", "v=spf1 exists:%{l}.x.example -all",
    "v=spf1 include:x.example ?all", "v=spf1 redirect=x.example", "v=spf1 -all exp=x.example", "words %{t} %{l}",
    "v=spf1 ptr -all", "v=spf1 exists:%{i}.%{h}.x.example -all", "no record", "v=spf1 nonsense",
)  # fmt: skip
NAMES = ("a.example", "b.example", "x.example", "mail.a.example")


def sent(local: str, domain: str, helo: str = "mail.a.example") -> Arrived:
    paper = arrival(PLAIN)
    envelope = replace(paper.envelope, mail_from=Address(local, domain) if local else None)
    return structs.replace(paper, envelope=envelope, peer=Peer(ip_address("192.0.2.7"), helo, None))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("TXT"), st.sampled_from(NAMES), st.sampled_from(RECORDS)),
        st.tuples(
            st.just("A"), st.sampled_from((*NAMES, "bob.x.example")), st.sampled_from(("192.0.2.7", "192.0.2.8"))
        ),
        st.tuples(st.just("PTR"), st.just(REVERSE), st.sampled_from(NAMES)),
        st.tuples(st.sampled_from(("", "bob", "eve")), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    ),
    max_size=30,
)


@given(STEPS)
def test_memory_and_a_fresh_look_agree_whatever_dns_does_in_between(steps: list[tuple[str, str, str]]) -> None:
    cache = Cache()
    at = sent("bob", "a.example").received_at
    for first, name, other in steps:
        if first in {"TXT", "A", "PTR"}:
            cache.publish(name, first, other)
            continue
        at += timedelta(seconds=1)
        arrived = structs.replace(sent(first, name, other), received_at=at)
        assert host.check(Answers(cache), arrived) == host.judge(Answers(cache), arrived)


def test_the_same_answers_give_the_very_same_verdicts() -> None:
    cache = Cache()
    cache.publish("a.example", "TXT", RECORDS[0])
    first = host.check(Answers(cache), sent("bob", "a.example"))
    assert host.check(Answers(cache), sent("eve", "a.example")) is first
    assert first.spf.result is Result.PASS
    cache.publish("a.example", "TXT", RECORDS[1])
    assert host.check(Answers(cache), sent("bob", "a.example")).spf.result is Result.FAIL


def test_a_record_that_may_ask_for_the_local_part_is_kept_for_that_one_alone() -> None:
    cache = Cache()
    cache.publish("a.example", "TXT", "v=spf1 exists:%{l}.x.example -all")
    cache.publish("bob.x.example", "A", "192.0.2.1")
    results = [host.check(Answers(cache), sent(name, "a.example")).spf.result for name in ("bob", "eve", "bob")]
    assert results == [Result.PASS, Result.FAIL, Result.PASS]


def test_words_that_tell_the_time_are_asked_for_each_time() -> None:
    cache = Cache()
    cache.publish("a.example", "TXT", "v=spf1 -all exp=x.example")
    cache.publish("x.example", "TXT", "it is %{t}")
    arrived = sent("bob", "a.example")
    later = structs.replace(arrived, received_at=arrived.received_at + timedelta(seconds=5))
    said = [host.check(Answers(cache), paper).spf.explanation for paper in (arrived, later)]
    assert said[0] != said[1]


def test_under_the_null_reverse_path_the_greeting_is_checked() -> None:
    assert host.identity_of(sent("", "a.example")) == ("helo", "postmaster", "mail.a.example")
    cache = Cache()
    found = host.check(Answers(cache), sent("", "a.example"))
    assert found.spf is found.helo


async def test_what_is_missing_is_asked_for() -> None:
    known = Answers(ZoneResolver({"a.example": {"TXT": [RECORDS[0]]}}))
    async with asyncio.timeout(30):
        found: Host = await known.settle(lambda: host.check(known, sent("bob", "a.example")))
    assert found.spf.result is Result.PASS


@pytest.mark.parametrize("way", [host.check, host.judge])
def test_a_message_without_a_host_has_no_verdicts(way: type) -> None:
    assert way(Answers(Cache()), structs.replace(sent("bob", "a.example"), peer=None)) is NOBODY


async def test_a_greeting_in_u_labels_is_asked_for_in_a_labels() -> None:
    zone = {"xn--bcher-kva.example": {"TXT": ["v=spf1 exists:%{h}.x.example -all"]},
            "xn--bcher-kva.example.x.example": {"A": ["127.0.0.2"]}}  # fmt: skip
    for local in ("", "bob"):
        paper = sent(local, "a.example", "B\u00fccher.example")
        known = Answers(ZoneResolver(zone))
        found: Host = await known.settle(partial(host.check, known, paper))
        assert (found.helo.result, found.helo.domain) == (Result.PASS, "xn--bcher-kva.example")


@pytest.mark.parametrize(
    "greeting", ["b\u00fc_cher..example", "\u2063.example", "m\u00fcller-pc", "a" * 64 + "\u00fc.example"]
)
async def test_a_greeting_that_is_no_domain_has_no_result(greeting: str) -> None:
    known = Answers(ZoneResolver({}))
    found: Host = await known.settle(lambda: host.check(known, sent("bob", "a.example", greeting)))
    assert found.helo.result is Result.NONE
