"""A reply counts only if it went to the author, from the agent, under a signature that DNS vouches for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import replies
import zone
from letters import Domain, compose
from sink import Caught

AGENT = "agent@house.example"
BOSS = "boss@acme.example"
ANSWERED = {"<m1@acme.example>": BOSS}


@pytest.fixture(scope="module")
def house() -> Domain:
    return Domain("house.example", "127.0.0.1")


@pytest.fixture
async def dns_port(house: Domain) -> AsyncIterator[int]:
    names = zone.Zone()
    for record in house.records():
        names.add(*record)
    async with zone.serve(names) as port:
        yield port


def reply(house: Domain, *, to: str = BOSS, answers: str = "<m1@acme.example>") -> Caught:
    raw = compose(author=AGENT, to=to, subject="Re: x", label="r1", body="Thank you.")
    return Caught(AGENT, (to,), house.signed(f"In-Reply-To: {answers}\r\n".encode() + raw))


async def faults(*caught: Caught, dns_port: int) -> list[str]:
    return await asyncio.to_thread(lambda: replies.check(caught, expected=ANSWERED, agent=AGENT, dns_port=dns_port))


async def test_a_signed_reply_to_the_author_is_right(house: Domain, dns_port: int) -> None:
    assert await faults(reply(house), dns_port=dns_port) == []


async def test_a_changed_reply_does_not_verify(house: Domain, dns_port: int) -> None:
    changed = Caught(AGENT, (BOSS,), reply(house).raw.replace(b"Thank you.", b"Go away.."))
    (fault,) = await faults(changed, dns_port=dns_port)
    assert fault.startswith("reply to <m1@acme.example>: signature 1 does not verify: body hash mismatch")


async def test_an_unsigned_reply_is_named(house: Domain, dns_port: int) -> None:
    bare = Caught(AGENT, (BOSS,), b"In-Reply-To" + reply(house).raw.partition(b"In-Reply-To")[2])
    assert await faults(bare, dns_port=dns_port) == ["reply to <m1@acme.example>: has no signature of house.example"]


async def test_a_foreign_signature_does_not_count(dns_port: int) -> None:
    found = await faults(reply(Domain("other.example", "127.0.0.9")), dns_port=dns_port)
    assert "reply to <m1@acme.example>: has no signature of house.example" in found


async def test_a_reply_to_somebody_else_is_named(house: Domain, dns_port: int) -> None:
    found = await faults(reply(house, to="eve@phish.example"), dns_port=dns_port)
    assert found == ["reply to <m1@acme.example> went to eve@phish.example"]


async def test_a_second_reply_and_a_missing_one_are_named(house: Domain, dns_port: int) -> None:
    assert await faults(reply(house), reply(house), dns_port=dns_port) == [
        "a reply nobody waits for, to <m1@acme.example>"
    ]
    assert await faults(dns_port=dns_port) == ["no reply to <m1@acme.example>"]
