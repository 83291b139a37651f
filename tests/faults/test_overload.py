"""More than the house can do at once: nobody is forgotten, nobody waits for ever, and small mail gets through."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import psycopg
import pytest

from arrive.loopback import Client as Loopback
from arrive.loopback import served
from arrive.playbook import Hamlet
from faults.conftest import CONNECTIONS
from faults.machine import Machine, check_all, memory_mb
from faults.sender import Client, Mail
from gatepost.arrive import Limits

pytestmark = pytest.mark.timeout(300)

ALL_WITHIN_S = 60
WAIT_MAX_S = 5.0
SIZE_MAX_OCTETS = 26_214_400
ANSWERED_MAX = 1000
"""Of commands that lead to no mail, before the house hangs up."""
MEMORY_MAX_MB = 300


async def _send(house: Machine, token: str) -> float:
    """Send a small mail, which must be taken; return how long it took."""
    began = time.perf_counter()
    async with Client.connected(house.port) as client:
        said = await client.send(Mail(token), house.recipient)
    assert said.startswith("250 "), said
    return time.perf_counter() - began


async def test_a_thousand_connections_that_send_at_once_are_all_answered(house: Machine) -> None:
    began = time.perf_counter()
    async with asyncio.timeout(ALL_WITHIN_S):
        waits = sorted(await asyncio.gather(*(_send(house, f"crowd-{number}") for number in range(CONNECTIONS))))
    assert house.up is not None
    print(
        f"{CONNECTIONS} connections at once: {time.perf_counter() - began:.1f} s, p50 {waits[CONNECTIONS // 2]:.1f} s,"
        f" longest {waits[-1]:.1f} s, {memory_mb(house.up.pid)}"
    )
    await check_all(house)


DESCRIPTORS = 1024
IDLERS = 1100
HURRY_S = 10
"""``Limits.hurry_s``, as it is by default."""
SPOOLED_OCTETS = 3_000_000


async def test_idle_clients_that_use_up_the_descriptors_make_room_for_a_sender(fresh_house: Machine) -> None:
    house = fresh_house
    assert house.up is not None
    resource.prlimit(house.up.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Client.connected(house.port))
        for _ in range(IDLERS):
            _, writer = await asyncio.open_connection("127.0.0.1", house.port)
            stack.callback(writer.close)
        kept = asyncio.ensure_future(first.send(Mail("spooled", size_octets=SPOOLED_OCTETS), house.recipient))
        assert (await kept).startswith("250 "), "who is inside finds files for the spool, the database and the body"
        await asyncio.sleep(HURRY_S + 1)
        waits = [await _send(house, f"idle-{number}") for number in range(20)]
    print(f"{IDLERS} idle connections, {DESCRIPTORS} descriptors: longest small mail {max(waits):.2f} s")
    assert max(waits) < WAIT_MAX_S
    await check_all(house)


async def _endless_line(client: Client) -> None:
    await client.say("MAIL FROM:<you@example.com>", "RCPT TO:<agent@sandbox.test>", "DATA")
    for _ in range(4 * SIZE_MAX_OCTETS // 65_536):
        client.writer.write(b"x" * 65_536)
        await client.writer.drain()


async def _huge_header(client: Client) -> None:
    await client.say("MAIL FROM:<you@example.com>", "RCPT TO:<agent@sandbox.test>", "DATA")
    for _ in range(SIZE_MAX_OCTETS // 65_520):
        client.writer.write(
            b"X-Y: " + b"a" * 58 + b"\r\n" + b"X-Y: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 1250
        )
        await client.writer.drain()
    client.writer.write(b"\r\n.\r\n")
    assert (await client.reply())[:1] == "5"


async def _endless_bdat(client: Client) -> None:
    await client.say("MAIL FROM:<you@example.com>", "RCPT TO:<agent@sandbox.test>")
    for _ in range(60):
        client.writer.write(b"BDAT 1048576\r\n" + (b"x" * 62 + b"\r\n") * 16_384)
        await client.writer.drain()
        said = await client.reply()
        if said.startswith("5"):
            assert said.startswith("552 5.3.4"), said
            return
    raise AssertionError("nobody said that it is too much")


async def _boundless_bdat(client: Client) -> None:
    await client.say("MAIL FROM:<you@example.com>", "RCPT TO:<agent@sandbox.test>")
    assert (await client.say("BDAT 99999999999999 LAST"))[0].startswith("552 5.3.4")


async def _pour(client: Client, octets: bytes) -> None:
    """Send a line without end and read nothing; then see that most of it was never answered."""
    with suppress(ConnectionError):
        for _ in range(SIZE_MAX_OCTETS // 65_536):
            client.writer.write(octets * (65_536 // len(octets)))
            await client.writer.drain()
    for _ in range(ANSWERED_MAX):
        await client.reply()
    raise AssertionError("nobody hung up")


async def _deaf(client: Client) -> None:
    await _pour(client, b"NOOP\r\n")


async def _garbage(client: Client) -> None:
    await _pour(client, b"\xff\x00\x16\x03 \r\n")


async def _crowd(client: Client) -> None:
    await client.say("MAIL FROM:<you@example.com>")
    client.writer.write(b"".join(b"RCPT TO:<nobody-%d@sandbox.test>\r\n" % number for number in range(10_000)))
    for _ in range(10_000):
        await client.reply()
    raise AssertionError("nobody hung up")


async def _abused(house: Machine, abuse: Callable[[Client], Awaitable[None]]) -> None:
    try:
        async with Client.connected(house.port) as client:
            await abuse(client)
    except ConnectionError:
        return  # it was hung up on


@pytest.mark.parametrize(
    "abuse", [_endless_line, _huge_header, _endless_bdat, _boundless_bdat, _deaf, _garbage, _crowd]
)
async def test_what_never_ends_is_ended_and_small_mail_gets_through(
    house: Machine, abuse: Callable[[Client], Awaitable[None]]
) -> None:
    assert house.up is not None
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        abusers = [group.create_task(_abused(house, abuse)) for _ in range(5)]
        waits = [await _send(house, f"{abuse.__name__}-{number}") for number in range(5)]
        memory = memory_mb(house.up.pid)
        while not all(task.done() for task in abusers):
            memory = max(memory, memory_mb(house.up.pid), key=lambda found: found["Rss"])
            await asyncio.sleep(0.1)
    print(f"{abuse.__name__}: longest small mail {max(waits):.2f} s, {memory}")
    assert max(waits) < WAIT_MAX_S
    assert memory["Rss"] < MEMORY_MAX_MB


async def test_a_database_that_does_not_commit_turns_mail_away_early_and_takes_it_again(house: Machine) -> None:
    dsn = await asyncio.to_thread(house.owner_dsn)
    async with await psycopg.AsyncConnection.connect(dsn) as owner, Client.connected(house.port) as waiting:
        await owner.execute("lock table email in access exclusive mode")
        answer = asyncio.ensure_future(waiting.send(Mail("stalled"), house.recipient))
        async with asyncio.timeout(30):
            said = "250"
            while said.startswith("250"):
                await asyncio.sleep(0.5)
                async with Client.connected(house.port) as client:
                    said = (await client.say("MAIL FROM:<you@example.com>"))[0]
        assert said == "421 4.3.2 Too much to do now, try again later"
        assert not answer.done()
        await owner.rollback()
        async with asyncio.timeout(10):
            assert (await answer).startswith("250 "), "who waited is answered"
    await _send(house, "after the stall")
    await check_all(house)


ENVELOPE = ("MAIL FROM:<a@client.example>", "RCPT TO:<agent@ours.example>")


@pytest.fixture
async def impatient() -> AsyncIterator[int]:
    """The port of a door that waits for a second."""
    async with served(Hamlet(), limits=Limits(idle_s=1, data_s=1)) as (_, port):
        yield port


@pytest.mark.parametrize(
    ("said", "dribbled"),
    [
        ((), b"NOOP xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        (
            ("MAIL FROM:<a@client.example>", "RCPT TO:<agent@ours.example>", "DATA"),
            b"Subject: xxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        (
            ("MAIL FROM:<a@client.example>", "RCPT TO:<agent@ours.example>"),
            b"BDAT 100\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
    ],
    ids=["command", "data", "bdat"],
)
async def test_one_octet_after_the_other_does_not_buy_time(
    impatient: int, said: tuple[str, ...], dribbled: bytes
) -> None:
    client = await Loopback.greeted(impatient)
    await client.say("EHLO client.example", *said)
    began = time.perf_counter()
    answer = asyncio.ensure_future(client.reply())
    for octet in dribbled:
        if answer.done():
            break
        client.writer.write(bytes([octet]))
        await asyncio.sleep(0.1)
    assert (await answer)[-1].startswith("421 4.4.2")
    assert time.perf_counter() - began < 3
    await client.close()
