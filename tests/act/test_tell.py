"""Telling with a real database, real sockets and a clock that stands still until it is moved."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import mailbuttons
import psycopg
import pytest

import singly
from act.scene import announce, happened, register, stands, telling, told_all, until
from gatepost import act
from gatepost.act import EventKind, State
from gatepost.act.retry import REST_MAX_S, STRIKES, WAITS_S
from gatepost.act.tell import KEPT_FOR, forget_old
from gatepost.db import Database
from gatepost.journey import House
from outbound import ACCOUNT, KEPT, TENANT, Hands, Receiver, consequences, house, http_receiver
from talkers import talking


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def standing(db: Database, tmp_path: Path, clock: Hands) -> House:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
    return house(db, tmp_path, clock)


async def _play(standing: House) -> None:
    """Tell all that is due now."""
    async with telling(standing):
        await until(lambda: told_all(standing))


async def test_the_receiver_can_prove_who_spoke(standing: House, receiver: Receiver) -> None:
    hook, secret = await register(standing, receiver.url)
    await announce(standing.db, happened())
    await _play(standing)
    [(headers, body)] = receiver.requests
    assert mailbuttons.verify_webhook(body, headers["x-mailbuttons-signature"], secret)
    assert json.loads(body)["data"]["email_id"] == KEPT.id
    [logged] = await stands(standing.db, hook.id)
    assert (logged.telling.state, logged.telling.attempts, len(logged.attempts)) == (State.DELIVERED, 1, 1)
    assert headers["webhook-id"] == logged.telling.event.id
    assert ("webhook.delivered") in [action for _, action in await consequences(standing.db)]


async def test_a_receiver_that_was_down_hears_the_same_event(standing: House, receiver: Receiver, clock: Hands) -> None:
    receiver.answers = ["503 Down", "503 Down", "200 OK"]
    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, happened())
    for wait_s in WAITS_S[:3]:
        await _play(standing)
        clock.move(timedelta(seconds=wait_s * 1.25))
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    assert len({body for _, body in receiver.requests}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.requests}) == 3
    [logged] = await stands(standing.db, hook.id)
    assert (logged.telling.state, [one.status_code for one in logged.attempts]) == (State.DELIVERED, [503, 503, 200])
    assert [action for _, action in await consequences(standing.db)] == ["webhook.add", "webhook.delivered"]


async def test_events_of_one_thread_are_told_in_order_and_others_do_not_wait(
    standing: House, receiver: Receiver, clock: Hands
) -> None:
    receiver.answers = ["500 No", *(["200 OK"] * 9)]
    await register(standing, receiver.url)
    first, second = happened(1, lane="th_a"), happened(2, lane="th_a")
    await announce(standing.db, first, second)
    await _play(standing)
    await announce(standing.db, happened(3, lane="th_b"))
    await _play(standing)
    clock.move(timedelta(seconds=60))
    await _play(standing)
    heard = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert heard == [first.id, happened(3).id, first.id, second.id]
    assert {headers["x-gatepost-order-key"] for headers, _ in receiver.requests} == {"th_a", "th_b"}


async def test_a_dead_receiver_with_many_pending_delays_nobody(standing: House, receiver: Receiver) -> None:
    asked = 0

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()  # it takes everything and answers nothing

    async with talking(silent) as port:
        await register(standing, f"http://127.0.0.1:{port}/", (EventKind.RECEIVED, EventKind.HELD))
        await announce(standing.db, *(happened(number) for number in range(2, 1002)))
        async with telling(standing):
            await until(lambda: _is(asked >= 2))
            await register(standing, receiver.url, (EventKind.REJECTED,))
            began = asyncio.get_running_loop().time()
            await announce(standing.db, happened(5, kind=EventKind.REJECTED))
            await until(lambda: _is(bool(receiver.requests)))
            took_s = asyncio.get_running_loop().time() - began
        assert asked <= 8  # a few attempts, not a thousand
    assert took_s < 5  # the dead one is waited for for thirty seconds


async def _is(value: bool) -> bool:  # noqa: FBT001  # what ``until`` asks
    return value


async def test_a_failing_endpoint_is_asked_by_one_event_alone(standing: House, receiver: Receiver) -> None:
    receiver.answers = ["500 No"]
    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, *(happened(number) for number in range(1, 101)))
    await _play(standing)
    assert STRIKES <= len(receiver.requests) <= 2 * STRIKES + 4
    async with standing.db.transaction(TENANT) as tx:
        health = (await act.find(tx, standing, ACCOUNT, hook.id)).webhook.health
    assert health.failures >= STRIKES
    assert health.due_at is not None


@dataclass
class Picky:
    """A receiver that refuses some events whenever they come, and takes all others; and what it took."""

    refused: set[str]
    taken: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(fields["content-length"]))
        self.asked.append(fields["webhook-id"])
        is_taken = fields["webhook-id"] not in self.refused
        if is_taken:
            self.taken.append(fields["webhook-id"])
        answer = b"200 OK" if is_taken else b"403 No"
        writer.write(b"HTTP/1.1 " + answer + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


async def test_a_few_events_that_are_refused_keep_no_others_back(standing: House, clock: Hands) -> None:
    bad = [happened(number) for number in range(1, 5)]
    receiver = Picky({event.id for event in bad})
    async with talking(receiver.serve) as port:
        hook, _ = await register(standing, f"http://127.0.0.1:{port}/")
        await announce(standing.db, *bad)
        await _play(standing)  # more than three in a row: for all the house knows it is silent
        good = happened(11, at=clock.now)
        await announce(standing.db, good)
        clock.move(timedelta(seconds=2 * WAITS_S[1]))
        await _play(standing)
        assert receiver.taken == [good.id]
        for number in range(12, 20):  # from now on the refused ones are known: they wait, and nobody with them
            clock.move(timedelta(seconds=REST_MAX_S))
            await announce(standing.db, good := happened(number, at=clock.now))
            await _play(standing)
            assert receiver.taken[-1] == good.id
        assert {event.id for event in bad} <= set(receiver.asked[-16:])  # meanwhile they were asked again
    states = [one.telling.state for one in await stands(standing.db, hook.id)]
    assert states == [State.WAITING] * 4 + [State.DELIVERED] * 9


async def test_what_was_never_tried_is_asked_before_the_many_that_were_refused(standing: House, clock: Hands) -> None:
    bad = [happened(number) for number in range(1, 31)]
    receiver = Picky({event.id for event in bad})
    async with talking(receiver.serve) as port:
        await register(standing, f"http://127.0.0.1:{port}/")
        await announce(standing.db, *bad)
        for _ in range(36):  # each was asked, and all are due again by now
            await _play(standing)
            clock.move(timedelta(seconds=REST_MAX_S * 1.25))
        assert {event.id for event in bad} == set(receiver.asked)
        await announce(standing.db, good := happened(40, at=clock.now))
        clock.move(timedelta(seconds=REST_MAX_S * 1.25))
        await _play(standing)
        assert receiver.taken == [good.id]


async def test_a_receiver_that_is_back_hears_at_once_what_was_tried_while_it_was_away(
    standing: House, receiver: Receiver, clock: Hands
) -> None:
    receiver.answers = ["503 Down"]
    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, *(happened(number) for number in range(1, 7)))
    for _ in range(40):  # more than three hours
        await _play(standing)
        clock.move(timedelta(seconds=REST_MAX_S))
    receiver.answers = ["200 OK"]
    clock.move(timedelta(seconds=REST_MAX_S))
    await _play(standing)
    assert {one.telling.state for one in await stands(standing.db, hook.id)} == {State.DELIVERED}


async def test_a_damaged_row_ends_nothing_and_keeps_no_other_event_back(
    standing: House, receiver: Receiver, clock: Hands, owner_dsn: str
) -> None:
    flip = "update email set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) where id = %s"
    hook, _ = await register(standing, receiver.url, (EventKind.RECEIVED, EventKind.REJECTED))
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute(flip, [KEPT.id]).rowcount == 1
        await announce(standing.db, *(happened(number) for number in range(1, 5)))
        await announce(standing.db, happened(5, kind=EventKind.REJECTED))
        await _play(standing)
        assert [headers["webhook-id"] for headers, _ in receiver.requests] == [happened(5, kind=EventKind.REJECTED).id]
        reasons = [one.attempts[0].reason for one in await stands(standing.db, hook.id)]
        assert reasons == ["email.unreadable"] * 4 + ["receiver.accepted"]
        assert owner.execute(flip, [KEPT.id]).rowcount == 1  # mended
    clock.move(timedelta(seconds=2 * WAITS_S[0]))
    await _play(standing)
    assert {one.telling.state for one in await stands(standing.db, hook.id)} == {State.DELIVERED}


async def test_a_receiver_that_is_gone_is_stopped_and_what_waited_is_kept_for_a_replay(
    standing: House, receiver: Receiver
) -> None:
    receiver.answers = ["410 Gone"]
    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, happened(1, lane="th_a"), happened(2, lane="th_a"))
    await _play(standing)
    assert len(receiver.requests) == 1
    assert [one.telling.state for one in await stands(standing.db, hook.id)] == [State.DEAD, State.DEAD]
    receiver.answers = ["200 OK"]
    async with standing.db.transaction(TENANT) as tx:
        assert (await act.find(tx, standing, ACCOUNT, hook.id)).webhook.stop_reason == "receiver.gone"
        await act.change(tx, standing, ACCOUNT, hook.id, act.Changes(is_stopped=False), actor="ky_x")
        wanted = act.Wanted(kinds=hook.events, only_dead=True)
        assert await act.replay(tx, standing, ACCOUNT, hook.id, wanted, actor="ky_x") == 2
    await _play(standing)
    assert len(receiver.requests) == 3


async def test_a_receiver_silent_for_three_days_is_warned_of_and_then_stopped(
    standing: House, receiver: Receiver, clock: Hands
) -> None:
    receiver.answers = ["500 No"]
    hook, _ = await register(standing, receiver.url)
    async with http_receiver() as other:
        await register(standing, other.url, (EventKind.FAILING, EventKind.STOPPED))
        await announce(standing.db, happened())
        for hours in (0, 2, 80):
            clock.move(timedelta(hours=hours))
            await _play(standing)
    told = [json.loads(body) for _, body in other.requests]
    assert [each["event"] for each in told] == ["webhook.failing", "webhook.stopped"]
    assert told[1]["data"]["reason"] == "receiver.silent"
    async with standing.db.transaction(TENANT) as tx:
        assert (await act.find(tx, standing, ACCOUNT, hook.id)).webhook.is_stopped
    actions = [action for _, action in await consequences(standing.db)]
    assert [each for each in actions if each in {"webhook.failing", "webhook.stopped"}] == [
        "webhook.failing",
        "webhook.stopped",
    ]


async def test_what_was_not_heard_before_the_house_died_is_told_by_the_next(
    standing: House, receiver: Receiver, clock: Hands
) -> None:
    """A killed house leaves its lease behind: whoever comes next waits for it to run out."""
    await register(standing, receiver.url)
    await announce(standing.db, happened())
    async with standing.db.transaction(TENANT) as tx:
        await tx.run("update webhook set holder = 'dead', leased_until = %(at)s", at=clock.now + timedelta(seconds=9))
    async with telling(standing):
        await asyncio.sleep(0.3)
        assert receiver.requests == []
        clock.move(timedelta(seconds=10))
        await until(lambda: _is(bool(receiver.requests)))


async def test_a_herald_that_stops_leaves_its_endpoints_at_once(standing: House, receiver: Receiver) -> None:
    await register(standing, receiver.url)
    await announce(standing.db, happened())
    await _play(standing)
    async with standing.db.transaction(TENANT) as tx:
        assert (await tx.one("select holder from webhook where tenant = %(tenant)s")).holder is None


async def test_old_events_are_forgotten_and_waiting_ones_are_not(
    standing: House, receiver: Receiver, clock: Hands
) -> None:
    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, happened(1))
    await _play(standing)
    await announce(standing.db, happened(2))
    clock.move(KEPT_FOR + timedelta(days=1))
    await forget_old(standing)
    assert [one.telling.event.id for one in await stands(standing.db, hook.id)] == [happened(2).id]
