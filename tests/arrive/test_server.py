"""The real server on loopback: TLS, limits, clocks, trouble behind the door, and closing."""

import asyncio
import hashlib
import ssl
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from arrive.loopback import NOW, Client, certificate, served
from arrive.playbook import AGENT, HOST, POSTMASTER, TENANT, Hamlet
from gatepost.arrive import Limits, Reply, SmtpServer
from gatepost.arrive.paper import Arrived, Door
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address, AddressError


async def deliver_once(port: int) -> None:
    client = await Client.greeted(port)
    assert (await client.deliver()).startswith("250 2.6.0")
    await client.close()


async def test_a_message_arrives_as_a_paper() -> None:
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        client = await Client.greeted(port)
        assert (await client.deliver("Subject: x\r\n\r\n..dot\r\n")).startswith("250 2.6.0")
        await client.close()
    (arrived,) = hamlet.arrived
    raw = b"Subject: x\r\n\r\n.dot\r\n"
    assert arrived.raw == raw
    assert arrived.blob == hashlib.sha256(raw).hexdigest()
    assert arrived.email == "em_aaaaaaaaaaaaaaab"
    assert (arrived.tenant, arrived.account, arrived.door) == (TENANT, AGENT.account, Door.SMTP)
    assert arrived.received_at == NOW
    assert arrived.envelope.mail_from == Address("a", "client.example")
    assert arrived.peer is not None
    assert (arrived.peer.address, arrived.peer.helo, arrived.peer.tls) == (
        IPv4Address("127.0.0.1"),
        "client.example",
        None,
    )


async def test_the_source_address_is_the_sockets() -> None:
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        client = await Client.connect(port, source="127.0.3.7")
        await client.reply()
        await client.deliver()
        await client.close()
    assert hamlet.arrived[0].peer is not None
    assert hamlet.arrived[0].peer.address == IPv4Address("127.0.3.7")


async def test_mail_over_tls_is_marked_so(tmp_path: Path) -> None:
    hamlet = Hamlet()
    async with served(hamlet, tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        assert await client.say("EHLO client.example") == "250 STARTTLS"
        assert await client.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
        await client.start_tls()
        assert (await client.deliver("x" * 60_000 + "\r\n")).startswith("250 2.6.0")
        assert (await client.deliver()).startswith("250 2.6.0")
        assert (await client.say("QUIT")).startswith("221")
        assert await client.reply() == []
        await client.close()
    assert hamlet.arrived[0].peer is not None
    assert hamlet.arrived[0].peer.tls is not None
    assert hamlet.arrived[0].peer.tls.version == "TLSv1.3"
    assert hamlet.arrived[0].peer.tls.cipher.startswith("TLS_")


async def test_an_old_tls_is_refused(tmp_path: Path) -> None:
    async with served(Hamlet(), tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO client.example", "STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError, match=r"(?i)version|alert|protocol|reset"):
            await client.writer.start_tls(context)
        await client.close()
        await deliver_once(port)


async def test_garbage_instead_of_a_handshake_harms_nobody(tmp_path: Path) -> None:
    async with served(Hamlet(), limits=Limits(connections_max=1), tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO client.example", "STARTTLS")
        await client.send(b"NOOP\r\n" * 50)
        async with asyncio.timeout(5):
            assert b"250" not in await client.reader.read()
        await client.close()
        await asyncio.sleep(0.05)
        await deliver_once(port)  # its place is free again


async def test_octets_sent_with_the_last_of_the_handshake_are_heard(tmp_path: Path) -> None:
    async with served(Hamlet(), tls=certificate(tmp_path)) as (_, port):
        for _ in range(5):
            client = await Client.greeted(port)
            await client.say("EHLO client.example", "STARTTLS")
            await client.start_tls()
            await client.send(b"EHLO client.example\r\nNOOP\r\n")
            assert (await client.reply())[0].endswith(HOST)
            assert (await client.reply()) == ["250 2.0.0 OK"]
            await client.close()


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


async def test_a_silent_client_is_sent_away() -> None:
    async with served(Hamlet(), limits=Limits(idle_s=0.1)) as (_, port):
        client = await Client.greeted(port)
        assert await client.reply() == ["421 4.4.2 Timed out"]
        assert await client.reply() == []
        await client.close()


async def test_dripping_octets_do_not_buy_time() -> None:
    hamlet = Hamlet()
    async with served(hamlet, limits=Limits(idle_s=0.3, data_s=0.3)) as (_, port):
        for start in ((), ("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")):
            client = await Client.greeted(port)
            await client.say(*start) if start else None
            started = asyncio.get_running_loop().time()
            while await client.silence(0.02):
                await client.send(b"x")
                assert asyncio.get_running_loop().time() - started < 2
            await client.close()
    assert hamlet.reasons == ["limit.time"]


async def test_a_connection_that_gets_things_done_outlives_the_idle_time() -> None:
    async with served(Hamlet(), limits=Limits(idle_s=0.3)) as (_, port):
        client = await Client.greeted(port)
        for _ in range(4):
            await asyncio.sleep(0.15)
            assert await client.say("NOOP") == "250 2.0.0 OK"
        await client.close()


async def test_a_client_that_never_reads_is_read_from_no_more() -> None:
    limits = Limits(idle_commands_max=10**9, errors_max=10**9)
    async with served(Hamlet(), limits=limits) as (server, port):
        client = await Client.greeted(port)
        (connection,) = server._connections
        async with asyncio.timeout(10):
            while not connection._is_paused:
                client.writer.write(b"HELP\r\n" * 20_000)
                await asyncio.sleep(0.01)
        size_octets = connection._transport.get_write_buffer_size()
        client.writer.write(b"HELP\r\n" * 100_000)
        await asyncio.sleep(0.1)
        assert connection._transport.get_write_buffer_size() <= size_octets
        client.writer.transport.abort()
        await client.close()


async def test_the_last_word_is_heard_though_the_client_keeps_talking() -> None:
    async with served(Hamlet()) as (_, port):
        client = await Client.greeted(port)
        await client.send(b"nonsense\r\n" * 20_000)
        heard = [await client.reply() for _ in range(20)]
        assert heard[-1] == ["500 5.5.1 Command not recognised"]
        assert await client.reply() == ["421 4.7.0 Too many errors"]
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


async def test_a_client_that_hangs_up_after_the_data_is_still_answered() -> None:
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        client.writer.write(b"x\r\n.\r\n")
        client.writer.write_eof()
        assert (await client.reply())[0].startswith("250 2.6.0")
        assert await client.reply() == []
        await client.close()
    assert len(hamlet.arrived) == 1


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


def test_a_hostname_that_is_no_domain_is_refused() -> None:
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
        )
