import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from structlog.typing import EventDict

from gatepost.egress import (
    Destination,
    Egress,
    EgressRefusedError,
    Errand,
    Purpose,
    Refused,
    Register,
    Rule,
    UnreachableError,
)
from gatepost.ids import TenantId
from talkers import talking
from ways import LOOPBACK, NOW, anywhere, way_out

MAIL = Errand(Purpose.MAIL, "su_x", TenantId("tn_one"))
HOOK = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


def greeter(host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
    """Say the address one was reached at, and hang up."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(writer.get_extra_info("sockname")[0].encode())

    return talking(greet, host, port)


async def said_by(egress: Egress, host: str, port: int, *, addresses: list[str] | None = None) -> str:
    opened = await egress.connect(MAIL, host, port, timeout_s=2, addresses=addresses)
    with opened.socket:
        return (await asyncio.get_running_loop().sock_recv(opened.socket, 100)).decode()


async def test_a_name_leads_to_its_address() -> None:
    egress = way_out(names={"mx.example": ["127.0.0.3"]})
    async with greeter("127.0.0.3") as port:
        assert await said_by(egress, "mx.example", port) == "127.0.0.3"
    [(what, times)] = egress.take().opened.items()
    assert (what.tenant, what.purpose, what.to, times.count) == ("tn_one", Purpose.MAIL, "*:*", 1)


async def test_a_dead_address_leaves_the_next_one_to_try() -> None:
    egress = way_out(names={"mx.example": ["127.0.0.4", "127.0.0.3"]})
    async with greeter("127.0.0.3") as port:
        assert await said_by(egress, "mx.example", port) == "127.0.0.3"


async def test_a_closed_address_leaves_the_next_one_to_try_and_is_counted() -> None:
    egress = way_out(names={"mx.example": ["10.0.0.1", "169.254.169.254", "127.0.0.3"]})
    async with greeter("127.0.0.3") as port:
        assert await said_by(egress, "mx.example", port) == "127.0.0.3"
    refused = egress.take().refused
    assert {what.rule for what in refused} == {Rule.PRIVATE, Rule.METADATA}
    assert {(what.tenant, what.purpose, what.ref) for what in refused} == {("tn_one", Purpose.MAIL, "su_x")}


async def test_where_every_address_is_closed_nobody_is_visited() -> None:
    egress = way_out(private=False, names={"mx.example": ["127.0.0.1", "::1"]})
    async with greeter() as port:
        with pytest.raises(EgressRefusedError) as refusal:
            await egress.connect(MAIL, "mx.example", port, timeout_s=2)
    assert refusal.value.rule is Rule.LOOPBACK
    assert not egress.take().opened


async def test_where_nobody_answers_it_is_unreachable_in_time() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with greeter() as port:
        with pytest.raises(UnreachableError):
            await way_out().connect(MAIL, "none.example", port, timeout_s=1)
        with pytest.raises(UnreachableError):
            await way_out().connect(MAIL, "127.0.0.9", port, timeout_s=1)
    assert loop.time() - started < 3


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """DNS rebinding: a name whose answers change gains nothing, for it is asked once."""
    answers = iter([["127.0.0.3"], ["127.0.0.1"], ["127.0.0.1"]])

    async def resolve(_: str) -> list[str]:
        return next(answers)

    egress = Egress(Register(anywhere(), allow_private=[LOOPBACK[0]]), resolve, lambda: NOW)
    async with greeter("127.0.0.1") as port, greeter("127.0.0.3", port):  # where nobody else takes ports
        assert await said_by(egress, "mx.example", port) == "127.0.0.3"


async def test_a_name_no_row_covers_is_not_even_resolved(said: list[EventDict]) -> None:
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["1.1.1.1"]

    egress = Egress(Register([Destination(purpose=Purpose.MAIL, host="a.example", port=25)]), resolve, lambda: NOW)
    with pytest.raises(EgressRefusedError) as refusal:
        await egress.connect(MAIL, "b.example", 25, timeout_s=1)
    assert (refusal.value.rule, asked) == (Rule.UNDECLARED, [])
    assert said == [
        {
            "event": "egress.refused",
            "log_level": "warning",
            "purpose": "mail",
            "ref": "su_x",
            "rule": "destination.undeclared",
        }
    ]


async def test_a_refusal_that_was_asked_for_is_counted_and_nothing_to_warn_of(said: list[EventDict]) -> None:
    egress = way_out(private=False)
    with pytest.raises(EgressRefusedError):
        egress.admit(replace(MAIL, is_trial=True), "localhost", 25, "127.0.0.1")
    assert ([what.ref for what in egress.take().refused], said) == (["su_x"], [])


async def test_localhost_and_addresses_need_no_dns() -> None:
    async def resolve(host: str) -> list[str]:
        raise AssertionError(host)

    egress = Egress(Register(anywhere()), resolve, lambda: NOW)
    assert await egress.addresses(MAIL, "LOCALHOST.", 25) == ["127.0.0.1", "::1"]
    assert await egress.addresses(MAIL, "[::1]", 25) == ["::1"]
    assert await egress.addresses(MAIL, "9.9.9.9", 25) == ["9.9.9.9"]


async def test_a_library_is_told_the_open_addresses_and_counted_once() -> None:
    egress = way_out(names={"db.example": ["10.0.0.1", "127.0.0.1", "::1"]})
    errand = Errand(Purpose.DATABASE)
    assert await egress.vouch(errand, "db.example", 5432) == ["127.0.0.1", "::1"]
    assert [times.count for times in egress.take().opened.values()] == [1]
    with pytest.raises(UnreachableError):
        await egress.vouch(errand, "none.example", 5432)


def test_datagrams_go_to_one_open_address() -> None:
    with way_out().datagrams(Errand(Purpose.DNS), "127.0.0.1", 53) as socket:
        assert socket.getpeername() == ("127.0.0.1", 53)
    with pytest.raises(EgressRefusedError):
        way_out(private=False).datagrams(Errand(Purpose.DNS), "127.0.0.1", 53)


def test_a_webhook_is_counted_under_its_id_and_not_its_name() -> None:
    egress = way_out()
    egress.admit(HOOK, "hooks.person.example", 443, "127.0.0.1")
    assert [what.to for what in egress.take().opened] == ["wh_x"]


def test_a_destination_refused_when_written_down_is_counted_once() -> None:
    shut = way_out(private=False)
    errand = Errand(Purpose.WEBHOOK, "7", TenantId("tn_a"))
    with pytest.raises(EgressRefusedError, match="loopback"):
        shut.check_spelled(errand, "localhost", 443)
    shut.check_spelled(errand, "a.example", 443)
    [(what, times)] = shut.take().refused.items()
    assert (what, times.count) == (Refused(TenantId("tn_a"), Purpose.WEBHOOK, "7", Rule.LOOPBACK), 1)
