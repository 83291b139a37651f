"""One real connection on loopback: its paper, its TLS, its clocks and its valve."""

import asyncio
import hashlib
import itertools
import os
import resource
import ssl
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from structlog.typing import EventDict

from arrive.loopback import NOW, Client, certificate, deliver_once, served
from arrive.playbook import AGENT, HOST, TENANT, Hamlet
from gatepost.arrive import Limits, Reply
from gatepost.arrive.limits import client_address
from gatepost.arrive.paper import Arrived, Door
from gatepost.domains.paper import Destination
from gatepost.ids import email_id
from gatepost.mail.address import Address


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
    assert arrived.email == email_id(NOW, bytes(9) + b"\1")
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


async def test_an_old_tls_is_refused(tmp_path: Path, said: list[EventDict]) -> None:
    async with served(Hamlet(), tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO client.example", "STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1  # Debian's own least is 1.2
        with pytest.raises((ssl.SSLError, ConnectionError)):  # Pythons differ in which they see first
            await client.writer.start_tls(context)
        await client.close()
        await deliver_once(port)
    assert [(line["event"], line["error"]) for line in said] == [("smtp.handshake_failed", "SSLError")]


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


async def test_a_handshake_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    async with served(Hamlet(), limits=Limits(handshake_s=0.2, idle_s=600), tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO client.example", "STARTTLS")
        assert await client.reply(timeout_s=30) == []
        await client.close()


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


async def test_a_client_that_hangs_up_after_the_data_is_still_answered() -> None:
    hamlet = Hamlet()

    async def slowly(arrived: Arrived) -> Reply:
        await asyncio.sleep(0.1)
        return await hamlet.receive(arrived)

    async with served(hamlet, receive=slowly) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        client.writer.write(b"x\r\n.\r\n")
        client.writer.write_eof()
        assert (await client.reply())[0].startswith("250 2.6.0")
        assert await client.reply() == []
        await client.close()
    assert len(hamlet.arrived) == 1


async def test_every_message_has_its_own_time() -> None:
    async with served(Hamlet(), limits=Limits(data_s=0.4)) as (_, port):
        client = await Client.greeted(port)
        for _ in range(3):
            await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
            await asyncio.sleep(0.2)
            await client.send(b"x\r\n.\r\n")
            assert (await client.reply())[0].startswith("250 2.6.0")
        await client.close()


async def test_chunks_of_one_message_share_its_time() -> None:
    hamlet = Hamlet()
    async with served(hamlet, limits=Limits(data_s=0.3)) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>")
        heard: list[str] = []
        while not heard or heard[-1].startswith("250"):
            await client.send(b"BDAT 3\r\na\r\n")
            heard += await client.reply()
            assert len(heard) < 100
            await asyncio.sleep(0.02)
        assert heard[-1] == "421 4.4.2 Timed out"
        await client.close()
    assert hamlet.reasons == ["limit.time"]


async def test_the_clock_stands_while_the_house_is_thinking() -> None:
    hamlet = Hamlet()

    async def slowly(arrived: Arrived) -> Reply:
        await asyncio.sleep(0.4)
        return await hamlet.receive(arrived)

    async with served(hamlet, receive=slowly, limits=Limits(idle_s=0.1, data_s=0.1)) as (_, port):
        client = await Client.greeted(port)
        assert (await client.deliver()).startswith("250 2.6.0")
        assert await client.reply() == ["421 4.4.2 Timed out"]
        await client.close()


async def test_a_client_that_is_gone_does_not_undo_its_message() -> None:
    hamlet = Hamlet()
    started, may_answer = asyncio.Event(), asyncio.Event()

    async def receive(arrived: Arrived) -> Reply:
        started.set()
        await may_answer.wait()
        return await hamlet.receive(arrived)

    async with served(hamlet, receive=receive) as (server, port):
        client = await Client.greeted(port)
        await client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<agent@ours.example>", "DATA")
        await client.send(b"x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<agent@ours.example>\r\nBDAT 1 LAST\r\ny")
        async with asyncio.timeout(5):
            await started.wait()
        client.reset()
        await client.close()
        await asyncio.sleep(0.05)
        assert not server._connections
        may_answer.set()
        await server.close(5)
    assert [arrived.raw for arrived in hamlet.arrived] == [b"x\r\n"], "what it had pipelined behind is void"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", IPv4Address("192.0.2.1")),
        ("::ffff:192.0.2.1", IPv4Address("192.0.2.1")),
        ("2001:db8::1", IPv6Address("2001:db8::1")),
    ],
)
def test_the_address_of_a_client(text: str, address: IPv4Address | IPv6Address) -> None:
    assert client_address(text) == address


async def test_a_known_recipient_is_answered_with_what_was_said_before_and_after_it() -> None:
    hamlet = Hamlet()
    async with served(hamlet, known_route=lambda _: AGENT) as (_, port):
        client = await Client.greeted(port)
        await client.say("EHLO client.example")
        await client.send(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<agent@ours.example>\r\nDATA\r\n")
        heard = await client.reader.read(4096)
        assert [line[:3] for line in heard.splitlines()] == [b"250", b"250", b"354"]
        await client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert (await client.reply())[-1].startswith("250 2.6.0")
        await client.close()
    assert len(hamlet.arrived) == 1


async def test_a_client_that_says_much_at_once_and_hangs_up_is_heard_to_its_end() -> None:
    hamlet = Hamlet()
    async with served(hamlet, known_route=lambda _: AGENT) as (_, port):
        client = await Client.greeted(port)
        asked = "RCPT TO:<agent@ours.example>\r\n" * 500
        await client.send(
            f"EHLO c.example\r\nMAIL FROM:<a@c.example>\r\n{asked}DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n".encode()
        )
        client.writer.write_eof()
        heard = (await client.reader.read()).decode().splitlines()
        assert heard[-1].startswith("250 2.6.0")
        await client.close()
    assert len(hamlet.arrived) == 1


async def test_one_clients_heap_of_commands_lets_others_in_between() -> None:
    order = list[str]()

    def known(address: Address | None) -> Destination | None:
        order.append(str(address))
        return AGENT

    async with served(Hamlet(), known_route=known, limits=Limits(recipients_max=1000)) as (_, port):
        clients = [await Client.greeted(port) for _ in "ab"]
        for client in clients:
            await client.say("EHLO c.example", "MAIL FROM:<a@c.example>")
        for name, client in zip("ab", clients, strict=True):
            client.writer.write(f"RCPT TO:<{name}@ours.example>\r\n".encode() * 1000)
        for client in clients:
            for _ in range(1000):
                await client.reply()
            await client.close()
    changes = sum(one != other for one, other in itertools.pairwise(order))
    assert changes > 5, "they take turns"


async def test_where_descriptors_run_out_a_client_is_told_and_the_rest_are_kept(
    said: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepost.arrive.capacity.DESCRIPTORS_QUIET_S", 0.05)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    most = 2 * next_one + 40
    limits = Limits(connections_per_address_max=10_000, connections_max=10_000)
    async with served(Hamlet(), limits=limits) as (_, port):
        clients, first = list[Client](), "220"
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        try:
            while first == "220" and len(clients) < most:
                clients.append(await Client.connect(port))
                first = (await clients[-1].reply())[0][:3]
            os.close(os.dup(0))  # others find some still
            assert first == "421"
            for client in clients:
                await client.close()
            await asyncio.sleep(0.1)
            await deliver_once(port)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [line["event"] for line in said if "files" in line["event"]] == [
        "smtp.files_used_up",
        "smtp.files_free_again",
    ]
