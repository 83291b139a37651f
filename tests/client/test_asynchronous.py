import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from doors.rest.scene import POLICY, FakeClock, Tenancy, held, held_call, leaves, petitioned, set_policy, write
from gatepost.access.paper import Role
from gatepost.deliver.paper import Kept
from gatepost.ids import EmailId, ThreadId
from gatepost.journey import House
from gatepost_client import (
    AccessError,
    AnswerError,
    AsyncClient,
    MissingError,
    Patience,
    RefusedError,
    UnreachableError,
    shapes,
)
from outbound import http_receiver
from talkers import talking

QUICK = Patience(tries=3, first_wait_s=0.01)


@pytest.fixture
async def agent(base_url: str, ours: Tenancy) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(base_url, ours.agent, patience=QUICK) as client:
        yield client


@pytest.fixture
async def owner(base_url: str, ours: Tenancy) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(base_url, ours.owner, patience=QUICK) as client:
        yield client


async def _kept(house: House, to: Tenancy) -> EmailId:
    done = await write(house, to)
    assert isinstance(done.outcome, Kept)
    return done.outcome.email


async def test_an_agent_reads_its_mail_and_answers_once(house: House, ours: Tenancy, agent: AsyncClient) -> None:
    email = await _kept(house, ours)
    assert (await agent.whoami()).mailbox_id == await agent.mailbox_id() == ours.account
    [summary] = (await agent.messages()).items
    message = await agent.message(summary.message_id)
    assert (message.message_id, message.sender, message.is_proven) == (email, "boss@boss.test", True)
    assert message.body_text.strip() == "Shall we meet on Tuesday?"
    assert [one.message_id for one in (await agent.thread(message.thread_id)).messages] == [email]
    assert [one.message_id for one in (await agent.search("tuesday")).items] == [email]
    sent = [await agent.reply(email, "Tuesday suits.", idempotency_key="one") for _ in range(2)]
    assert [one.is_repeat for one in sent] == [False, True]
    await agent.report_usage(email, 100, ["calendar.read"])


async def test_a_signed_report_counts_once_however_often_it_is_sent(
    house: House, ours: Tenancy, clock: FakeClock, agent: AsyncClient, owner: AsyncClient
) -> None:
    clock.now = datetime.fromtimestamp(time.time(), UTC)  # the client signs by this machine's clock
    email = await _kept(house, ours)
    made = await owner.add_webhook("http://127.0.0.1:9/hook")
    for secret in (made.secret, made.standard_secret):
        for _ in range(2):  # an event that comes twice is reported twice
            await agent.report_usage(email, 100, secret=secret, report_id=f"ev_{secret[:5]}")
    with pytest.raises(AccessError, match="signature"):
        await agent.report_usage(email, 100, secret="ab" * 32)
    reported = [leaf["detail"] for leaf in await leaves(house, ours) if leaf["action"] == "usage.reported"]
    assert reported == [{"tokens": 100, "is_signed": True}] * 2


async def test_a_signed_report_is_repeated_where_nobody_knows_what_came_of_it() -> None:
    """The first answer is lost; the second says that the first attempt did it."""
    settled = b'{"type": "https://gatepost.test/api/problems/reservation.settled"}'
    refusal = b"HTTP/1.1 409 Conflict\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(settled), settled)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        asked.append(head + await reader.readexactly(length))
        if len(asked) > 1:
            writer.write(refusal)
            await writer.drain()

    async with (
        talking(serve) as port,
        AsyncClient(f"http://127.0.0.1:{port}", "k", mailbox_id=1, patience=QUICK) as agent,
    ):
        await agent.report_usage("em_a", 7, secret="ab" * 32)
        assert asked[0] == asked[1]
        assert asked[0].endswith(b'\r\n\r\n{"tokens":7,"tools":[]}')
        with pytest.raises(AnswerError):
            await agent.report_usage("em_a", 7)  # nobody signed it, so nobody can say that it was this one


async def test_each_refusal_has_its_kind(house: House, ours: Tenancy, agent: AsyncClient, base_url: str) -> None:
    with pytest.raises(MissingError) as missing:
        await agent.message("em_nobody")
    assert (missing.value.status, missing.value.code) == (404, "resource.missing")
    with pytest.raises(AccessError, match="policy:read"):
        await agent.policy()
    async with AsyncClient(base_url, "gp_wrong") as stranger:
        with pytest.raises(AccessError):
            await stranger.whoami()
    await house.db.reach()
    done = await write(house, ours, "anybody@loose.test", peer="203.0.113.9")
    with pytest.raises(RefusedError) as refused:
        await agent.bounce(done.recorded.arrived.email, "No.")
    assert refused.value.errors == ("bounce.unverified_sender",)


async def test_events_come_as_they_happen_and_after_the_cursor(house: House, ours: Tenancy, agent: AsyncClient) -> None:
    following = agent.follow()
    first = asyncio.ensure_future(anext(following))
    while not first.done():  # the stream begins when it is opened, which nobody tells us
        await _kept(house, ours)
        await asyncio.wait([first], timeout=0.2)
    heard = [first.result()]
    await following.aclose()
    assert heard[0].message_id
    missed = await _kept(house, ours)
    async with asyncio.timeout(20):
        async for event in agent.follow(cursor=heard[0].cursor):
            heard.append(event)
            if event.message_id == missed:
                break
    assert [one.cursor for one in heard] == sorted({one.cursor or 0 for one in heard})


async def test_a_broken_stream_is_resumed_where_it_was() -> None:
    asked: list[str] = []

    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        asked.append(head.partition("last-event-id: ")[2].partition("\r\n")[0])
        number = len(asked)
        event = f'{{"id":"ev_{number}","type":"email.received","timestamp":"2026-11-21T08:00:00Z","data":{{}}}}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(f"retry: 1\n\n: beat\n\nid: {number}\nevent: email.received\ndata: {event}\n\n".encode())
        await writer.drain()

    async with (
        talking(breaking) as port,
        AsyncClient(f"http://127.0.0.1:{port}/api", "k", mailbox_id=1, patience=QUICK) as client,
    ):
        heard = []
        async for event in client.follow():
            heard.append((event.id, event.cursor))
            if len(heard) == 3:
                break
    assert heard == [("ev_1", 1), ("ev_2", 2), ("ev_3", 3)]
    assert asked[:3] == ["", "1", "2"]


async def test_a_stream_that_breaks_before_its_first_event_is_resumed_where_it_began(
    house: House, ours: Tenancy, base_url: str
) -> None:
    """Whatever comes while the connection is away is told: the cut is here after the first octets of the answer."""
    port, asked, is_cut = int(base_url.split(":")[2].partition("/")[0]), 0, asyncio.Event()

    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        there, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            back.write(await reader.readuntil(b"\r\n\r\n"))
            read = b""
            while piece := await there.read(65_536):
                read += piece
                writer.write(piece)
                await writer.drain()
                if asked == 1 and b"\nid: " in read and read.endswith(b"\n\n\r\n"):
                    break
        finally:
            back.transport.abort()
        if asked == 1:
            await write(house, ours)
            is_cut.set()

    async with (
        talking(cutting) as proxy,
        AsyncClient(f"http://127.0.0.1:{proxy}/api", ours.agent, mailbox_id=ours.account, patience=QUICK) as client,
        asyncio.timeout(60),
    ):
        event = await anext(client.follow())
    assert is_cut.is_set()
    assert event.type == "email.received"


async def test_one_event_that_cannot_be_read_stops_nobody() -> None:
    async def stammering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 7\ndata: no event\n\n")
        await writer.drain()

    async with (
        talking(stammering) as port,
        AsyncClient(f"http://127.0.0.1:{port}/api", "k", mailbox_id=1, patience=QUICK) as client,
    ):
        event = await anext(client.follow(cursor=1))
    assert (event.type, event.cursor) == ("stream.unreadable", 7)


async def test_webhooks_are_kept_in_order(owner: AsyncClient) -> None:
    async with http_receiver() as receiver:
        made = await owner.add_webhook(receiver.url, ["email.received", "email.held"])
        assert (await owner.test_webhook(made.id)).is_accepted
    assert made.public_key.startswith("whpk_")
    assert (await owner.rotate_webhook(made.id, overlap_s=60)).secret != made.secret
    assert (await owner.change_webhook(made.id, is_stopped=True)).state == "stopped"
    assert [one.id for one in await owner.webhooks()] == [made.id]
    assert not await owner.deliveries(made.id, state="dead")
    with pytest.raises(RefusedError):
        await owner.replay_webhook(made.id, only_dead=True)
    await owner.remove_webhook(made.id)
    assert await owner.webhooks() == []


async def test_every_list_is_gone_through_in_the_same_way(house: House, ours: Tenancy, owner: AsyncClient) -> None:
    async with http_receiver() as receiver:
        made = await owner.add_webhook(receiver.url)
        emails = [await _kept(house, ours) for _ in range(3)]
        holds = sorted([await held(house, ours, email, "Yes.") for email in emails])  # of one time, so by their ids
        async with house.db.transaction(ours.tenant) as tx:
            thread = await tx.one("select thread from email where tenant = %(tenant)s and id = %(id)s", id=emails[0])
        petition = await petitioned(house, ours)

        async def told(listing: Callable[..., Awaitable[shapes.Paged[Any]]], *about: str, limit: int) -> list[Any]:
            return [one async for one in owner.each(listing, *about, limit=limit)]

        for limit in (1, 2, 50):
            assert [one.message_id for one in await told(owner.messages, limit=limit)] == emails[::-1]
            assert [one.message_id for one in await told(owner.search, "tuesday", limit=limit)] == emails[::-1]
            assert emails[0] in [one.message_id for one in await told(owner.thread, thread.thread, limit=limit)]
            assert [one.hold_id for one in await told(owner.holds, limit=limit)] == holds[::-1]
            assert [one.petition_id for one in await told(owner.petitions, limit=limit)] == [petition]
            deliveries = await told(owner.deliveries, made.id, limit=limit)
            assert [one.event for one in deliveries] == ["email.received"] * 3
            assert len({one.id for one in deliveries}) == 3
    page = await owner.holds(limit=2)
    assert ([one.hold_id for one in page], len(page), page[0].hold_id) == (holds[:0:-1], 2, holds[2])
    assert [one.hold_id for one in await owner.holds(limit=2, cursor=page.next_cursor)] == holds[:1]
    with pytest.raises(RefusedError) as other:
        await owner.messages(cursor=page.next_cursor)
    assert other.value.code == "cursor.invalid"


async def test_what_was_refused_for_now_is_asked_again_and_what_adds_up_is_not_when_nobody_answers() -> None:
    async with (
        http_receiver("503 Busy\r\nRetry-After: 0", "502 Bad", "200 OK") as receiver,
        AsyncClient(receiver.url, "k", mailbox_id=1, patience=QUICK) as client,
    ):
        with pytest.raises(AnswerError, match="not what a house says"):
            await client.reply("em_a", "Yes.")
    assert len(receiver.requests) == 3
    async with AsyncClient(receiver.url, "k", mailbox_id=1, patience=QUICK) as client:
        with pytest.raises(UnreachableError):
            await client.report_usage("em_a", 1)
        with pytest.raises(UnreachableError):
            await client.whoami()


async def test_what_waits_is_shown_approved_once_and_denied(house: House, ours: Tenancy, base_url: str) -> None:
    parent = await _kept(house, ours)
    first, second = await held(house, ours, parent, "Yes."), await held(house, ours, parent, "No.")
    async with AsyncClient(base_url, ours.keys[Role.APPROVER], mailbox_id=ours.account) as approver:
        assert {one.hold_id for one in await approver.holds()} == {first, second}
        shown = await approver.hold(first)
        assert (shown.state, "Yes." in (shown.body_text or "")) == ("waiting", True)
        with pytest.raises(AnswerError) as changed:
            await approver.approve(first, "0" * 64)
        assert changed.value.code == "hold.changed"
        done = await approver.approve(first, shown.digest or "")
        assert (done.state, done.settled_by) == ("released", ours.key_ids[Role.APPROVER])
        with pytest.raises(AnswerError) as settled:
            await approver.deny(first)
        assert settled.value.code == "hold.settled"
        assert (await approver.deny(second)).state == "refused"
        assert not await approver.holds()
        assert [one.hold_id for one in await approver.holds(state="refused")] == [second]


async def test_all_that_waits_is_one_list_and_ruled_on_by_one_word(house: House, ours: Tenancy, base_url: str) -> None:
    parent = await _kept(house, ours)
    mail = await held(house, ours, parent, "Yes.")
    turn, digest = await held_call(house, ours, parent, ThreadId("th_a"))
    async with AsyncClient(base_url, ours.keys[Role.APPROVER], mailbox_id=ours.account) as approver:
        call, message = await approver.waiting()
        assert (call.kind, call.id, call.what, call.digest) == ("call", turn, "reply", digest)
        assert (message.kind, message.id, message.digest, message.default_outcome) == ("message", mail, None, "refuse")
        ruled = await approver.rule(call.id, call.digest, is_approved=True)
        assert (ruled.kind, ruled.id, ruled.state) == ("call", turn, "approved")
        with pytest.raises(MissingError):
            await approver.rule(call.id, call.digest, is_approved=True)
        ruled = await approver.rule(message.id, None, is_approved=False)
        assert (ruled.state, ruled.reason) == ("refused", "hold.denied")
        assert await approver.waiting() == []


async def test_an_agent_writes_to_whom_the_policy_names_and_asks_for_others(
    house: House, ours: Tenancy, agent: AsyncClient
) -> None:
    email = await _kept(house, ours)
    with pytest.raises(AccessError):
        await agent.send("ann@customer.test", "Hello", "Your order left.", about=email)
    grants = {"capabilities": ["send_external", "propose_sender"], "match": {"address": "boss@boss.test"}}
    outbound = {"recipients": {"addresses": ["ann@customer.test"], "thread": True}}
    await set_policy(house, ours, {**POLICY, "senders": [grants], "outbound": outbound})
    email = await _kept(house, ours)
    sent = await agent.send("ann@customer.test", "Hello", "Your order left.", about=email, idempotency_key="order-1")
    again = await agent.send("ann@customer.test", "Hello", "Your order left.", about=email, idempotency_key="order-1")
    assert (sent.status, sent.is_repeat, again.is_repeat) == ("queued", False, True)
    assert again.submission_id == sent.submission_id
    with pytest.raises(RefusedError):
        await agent.send(["bob@customer.test"], "Hello", "Your order left.", about=email)
    asked = await agent.propose_sender("bob@customer.test", "He asks for his order.", about=email)
    assert (await agent.petition(asked.petition_id)).state == "waiting"


async def test_a_stream_that_is_none_is_an_error_of_ours() -> None:
    async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: x\ndata: no event\n\n")
        await writer.drain()

    async with (
        talking(babbling) as port,
        AsyncClient(f"http://127.0.0.1:{port}/api", "k", mailbox_id=1, patience=QUICK) as client,
    ):
        with pytest.raises(AnswerError):
            await anext(client.follow(cursor=1))


async def test_a_call_of_a_hosted_agent_that_waits_is_shown_and_approved_once(
    house: House, ours: Tenancy, base_url: str
) -> None:
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    turn, digest = await held_call(house, ours, done.outcome.email, done.outcome.thread)
    async with AsyncClient(base_url, ours.keys[Role.APPROVER], mailbox_id=ours.account) as approver:
        [call] = await approver.held_calls()
        assert (call.turn_id, call.digest, call.tool, call.arguments) == (turn, digest, "reply", {"text": "Yes."})
        with pytest.raises(MissingError):
            await approver.approve_call(turn, "0" * 64)
        approved = await approver.approve_call(turn, digest)
        assert (approved.state, approved.digest, approved.tool) == ("approved", digest, "reply")
        with pytest.raises(MissingError):
            await approver.deny_call(turn, digest)
        assert await approver.held_calls() == []
