"""The real server on loopback: TLS, limits, clocks, trouble behind the door, and closing."""

import asyncio
import os
import resource
from datetime import timedelta
from pathlib import Path

import pytest

from arrive.loopback import NOW, Client, served
from arrive.playbook import HOST, POSTMASTER, TENANT, Hamlet
from gatepost.arrive import Limits, Reply, SmtpServer
from gatepost.arrive.limits import STINGY_OCTETS
from gatepost.arrive.paper import Arrived
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address, AddressError

# Limits.


async def test_one_connection_too_many_from_one_address() -> None:
    hamlet = Hamlet()
    async with served(hamlet, limits=Limits(connections_per_address_max=2)) as (_, port):
        inside = [await Client.greeted(port) for _ in range(2)]
        refused = await Client.connect(port)
        assert await refused.reply() == ["421 4.7.0 Too many connections"]
        assert await refused.reply() == []
        neighbour = await Client.connect(port, source="127.0.0.2")
        assert (await neighbour.reply())[0].startswith("220")
        await inside[0].close()
        await asyncio.sleep(0.05)
        again = await Client.greeted(port)
        for client in (*inside, refused, neighbour, again):
            await client.close()
    assert hamlet.reasons == ["limit.connections"]


async def test_with_all_places_taken_whoever_gets_nothing_done_makes_room_for_the_next() -> None:
    hamlet, limits = Hamlet(), Limits(connections_max=4, hurry_s=0.3, idle_commands_max=10**9)
    async with served(hamlet, limits=limits) as (_, port):
        slow = await Client.greeted(port)
        await slow.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        silent = [await Client.greeted(port) for _ in range(2)]
        busy = await Client.greeted(port)
        async with asyncio.timeout(30):
            while not (heard := await (late := await Client.connect(port)).reply())[0].startswith("220"):
                assert heard == ["421 4.7.0 Too many connections"]
                await late.close()
                await busy.say("NOOP")
        assert await slow.reply() == ["421 4.4.2 Timed out"], "the oldest that got nothing done"
        assert await busy.say("NOOP") == "250 2.0.0 OK"
        assert await silent[-1].say("NOOP") == "250 2.0.0 OK", "no more are dismissed than others need"
        for client in (busy, slow, late, *silent):
            await client.close()
    assert "limit.time" in hamlet.reasons


async def test_with_all_descriptors_taken_the_longest_idle_make_room_for_the_next() -> None:
    limits = Limits(connections_max=10_000, connections_per_address_max=10_000, hurry_s=0.3)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    clients = list[Client]()
    async with served(Hamlet(), limits=limits) as (_, port):
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * next_one + 80, hard))
        try:
            first = "220"
            while first == "220":
                clients.append(await Client.connect(port))
                first = (await clients[-1].reply())[0][:3]
            assert first == "421"
            assert len(clients) > 10
            async with asyncio.timeout(10):
                while not (heard := await (late := await Client.connect(port)).reply())[0].startswith("220"):
                    assert heard == ["421 4.7.0 Too many connections"]
                    await late.close()
                    assert await clients[-2].say("NOOP") == "250 2.0.0 OK"
                    await asyncio.sleep(0.05)
            assert await clients[0].reply() == ["421 4.4.2 Timed out"], "the oldest that got nothing done"
            assert await clients[-2].say("NOOP") == "250 2.0.0 OK", "no more are dismissed than others need"
            await late.close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for client in clients:
            await client.close()


async def test_idle_is_who_got_nothing_done_and_brought_little_of_a_message() -> None:
    async with served(Hamlet(), limits=Limits(idle_commands_max=10**9)) as (server, port):
        clients = [await Client.greeted(port) for _ in range(4)]
        for receiving in clients[:2]:
            await receiving.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        connections = list(server._connections)
        for connection in connections:
            assert not connection.is_idle(), "nobody has looked yet"
            connection.look()
        await clients[0].send(b"x" * 2 * STINGY_OCTETS)
        await clients[1].send(b"x" * (STINGY_OCTETS // 2))
        await clients[2].send(b"x" * 1000)  # of a command: no command yet
        assert await clients[3].say("NOOP") == "250 2.0.0 OK"
        async with asyncio.timeout(30):
            while [connection.is_idle() for connection in connections] != [False, True, True, False]:
                assert await clients[3].say("NOOP") == "250 2.0.0 OK"
        for client in clients:
            await client.close()


async def test_with_all_places_taken_and_nobody_at_the_door_nobody_is_sent_away() -> None:
    async with served(Hamlet(), limits=Limits(connections_max=3, hurry_s=0.05)) as (_, port):
        inside = [await Client.greeted(port) for _ in range(3)]
        await asyncio.sleep(0.3)
        for client in inside:
            assert await client.say("NOOP") == "250 2.0.0 OK"
            await client.close()


# Trouble behind the door.


async def test_a_house_in_trouble_answers_451_and_keeps_the_conversation() -> None:
    hamlet = Hamlet()

    async def receive(_: Arrived) -> Reply:
        raise OSError("disk full")

    async with served(hamlet, receive=receive) as (_, port):
        client = await Client.greeted(port)
        assert await client.deliver() == "451 4.3.0 Try again later"
        assert await client.deliver() == "451 4.3.0 Try again later"
        await client.close()
    assert hamlet.refusals == [(TENANT, "house.unsettled")] * 2


async def test_a_look_up_that_fails_or_hangs_answers_451() -> None:
    hamlet = Hamlet()

    async def broken(_: Address | None) -> Destination | None:
        raise LookupError("no database")

    async def hanging(_: Address | None) -> Destination | None:
        await asyncio.sleep(60)
        return None

    for route in (broken, hanging):
        async with served(hamlet, route=route, limits=Limits(answer_s=0.1)) as (_, port):
            client = await Client.greeted(port)
            assert (await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>")).startswith("451 4.3.0")
            await client.close()
    assert hamlet.reasons == ["recipient.unsettled"] * 2


async def test_refusals_are_told_with_their_tenant_and_may_fail_to_be() -> None:
    hamlet = Hamlet()

    async def deaf(_: TenantId | None, __: str) -> None:
        raise OSError("not today")

    conversation = (
        "EHLO c",
        "MAIL FROM:<>",
        "RCPT TO:<nobody@ours.example>",
        "RCPT TO:<a@elsewhere.example>",
        "NOOP",
    )
    for refused in (hamlet.refused, deaf):
        async with served(hamlet, refused=refused) as (_, port):
            client = await Client.greeted(port)
            assert await client.say(*conversation) == "250 2.0.0 OK"
            await client.close()
    assert hamlet.refusals == [(TENANT, "recipient.unknown"), (None, "relay.denied")]


async def test_postmaster_is_always_somebody() -> None:
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        client = await Client.greeted(port)
        assert (await client.deliver(recipient="Postmaster")).startswith("250")
        assert (await client.deliver(recipient="postmaster@ours.example")).startswith("250")
        assert (await client.say("MAIL FROM:<>", "RCPT TO:<postmaster@elsewhere.example>")).startswith("550 5.7.1")
        await client.close()
    assert [arrived.account for arrived in hamlet.arrived] == [POSTMASTER.account] * 2
    assert all(arrived.is_postmaster for arrived in hamlet.arrived)


# Many at once, and closing.


async def test_a_hundred_clients_at_once_are_all_served() -> None:
    hamlet = Hamlet()

    async def talk(port: int, number: int) -> str:
        client = await Client.greeted(port)
        said = ""
        for turn in range(3):
            said = await client.deliver(f"{number}.{turn}\r\n")
        await client.close()
        return said

    async with served(hamlet, limits=Limits(connections_per_address_max=200)) as (_, port):
        said = await asyncio.gather(*(talk(port, number) for number in range(100)))
    assert all(line.startswith("250") for line in said)
    assert {arrived.raw for arrived in hamlet.arrived} == {
        f"{number}.{turn}\r\n".encode() for number in range(100) for turn in range(3)
    }
    assert len({arrived.email for arrived in hamlet.arrived}) == 300


async def test_closing_finishes_what_is_under_way_and_dismisses_the_idle() -> None:
    hamlet = Hamlet()
    may_answer = asyncio.Event()

    async def receive(arrived: Arrived) -> Reply:
        await may_answer.wait()
        return await hamlet.receive(arrived)

    async with served(hamlet, receive=receive) as (server, port):
        idle = await Client.greeted(port)
        busy = await Client.greeted(port)
        await busy.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        await busy.send(b"x\r\n.\r\n")
        await asyncio.sleep(0.05)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.close(5))
            assert await idle.reply() == ["421 4.3.2 Shutting down, try again later"]
            assert await idle.reply() == []
            await idle.close()
            with pytest.raises(OSError, match=r"refused|failed|Connect"):
                await Client.connect(port)
            may_answer.set()
            assert (await busy.reply())[0].startswith("250 2.6.0")
            assert await busy.reply() == ["421 4.3.2 Shutting down, try again later"]
            await busy.close()
    assert len(hamlet.arrived) == 1


async def test_closing_waits_no_longer_than_its_grace() -> None:
    hamlet = Hamlet()
    was_cancelled = asyncio.Event()

    async def receive(_: Arrived) -> Reply:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise
        return Reply(250, "2.0.0", "never")

    async with served(hamlet, receive=receive) as (server, port):
        client = await Client.greeted(port)
        await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        await client.send(b"x\r\n.\r\n")
        await asyncio.sleep(0.05)
        async with asyncio.timeout(2):
            await server.close(0.1)
        assert was_cancelled.is_set()
        assert await client.reply() == []
        await client.close()


async def test_no_reply_tells_what_is_behind_the_door() -> None:
    async with served(Hamlet()) as (_, port):
        client = await Client.connect(port)
        greeting = (await client.reply())[0]
        assert greeting == f"220 {HOST} ESMTP"
        await client.close()


def test_a_hostname_that_is_no_domain_is_refused(tmp_path: Path) -> None:
    hamlet = Hamlet()
    with pytest.raises(AddressError):
        SmtpServer(
            hostname="not a host",
            limits=Limits(),
            route=hamlet.route,
            tenant_of=hamlet.tenant_of,
            receive=hamlet.receive,
            refused=hamlet.refused,
            tls=None,
            clock=lambda: NOW + timedelta(0),
            entropy=bytes,
            spool=tmp_path,
            free=lambda: 0,
            commit_s=lambda: 0.0,
        )


async def test_every_address_of_both_families_is_listened_on() -> None:
    async with served(Hamlet()) as (one, _), served(Hamlet()) as (other, _):
        port = await one.start("::", 0)
        for client in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(client, port)
            assert (await reader.readline()).startswith(b"220 ")
            writer.close()
        with pytest.raises(OSError, match="address already in use"):
            await other.start("::", port)
