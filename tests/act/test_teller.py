"""What a process tells of its own commits at once, and what it leaves to a look at the table."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.typing import EventDict
from typing_extensions import override

from act.scene import announce, happened, register, telling, told_all, until
from gatepost import act
from gatepost.act import EventKind, store, telling_store
from gatepost.act.announce import Announced
from gatepost.act.paper import Edition, Event, Fresh, Telling
from gatepost.act.retry import WAITS_S
from gatepost.act.teller import AT_ONCE_FIRST, FAULT_S, UNSETTLED_MAX, Teller
from gatepost.db import Database, GroupCommit, Plans, Transaction
from gatepost.deliver.paper import CarriedOut, Held
from gatepost.egress import Lines
from gatepost.ids import HoldId, TenantId, WebhookId
from gatepost.journey import House
from journeys.scene import Scene, open_scene
from outbound import ACCOUNT, NOW, TENANT, Hands, Receiver, house, http_receiver, inbound, recorded

HELD = (EventKind.HELD,)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
def standing(db: Database, tmp_path: Path) -> House:
    return house(db, tmp_path, Hands())


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, sink_port=0) as opened:
        yield opened


def held(number: int, *, lane: str = "") -> Event:
    return happened(number, lane=lane, kind=EventKind.HELD)


class Post:
    """A teller at work, and what this process says to it."""

    def __init__(self, standing: House, hook: WebhookId, receiver: Receiver) -> None:
        self._receiver = receiver
        self.teller = Teller(standing, TENANT, hook, GroupCommit(), Lines(), asyncio.Semaphore(1))

    def begin(self, event: Event, *, is_first: bool = True, edition: Mapping[str, object] | None = None) -> bool:
        """Offer an event that no table has: only what is begun at once can be heard."""
        assert self.teller.endpoint is not None
        fresh = Fresh(
            Telling(webhook=self.teller.identifier, event=event),
            is_first,
            replace(self.teller.endpoint.edition, **(edition or {})),  # type: ignore[arg-type]  # by its fields' names
            NOW + timedelta(hours=1),
        )
        done = CarriedOut(recorded(inbound()), Held(inbound().email, HoldId("ho_a"), NOW))
        return self.teller.begin(fresh, Announced({event.id: (event, done)}))

    async def heard(self, count: int) -> list[str]:
        """Wait for as many requests; return which events they told of."""

        async def is_so() -> bool:
            return len(self._receiver.requests) >= count and not self.teller.busy

        await until(is_so)
        return [headers["webhook-id"] for headers, _ in self._receiver.requests]


@pytest.fixture
async def post(standing: House, receiver: Receiver) -> AsyncIterator[Post]:
    hook, _ = await register(standing, receiver.url, HELD)
    made = Post(standing, hook.id, receiver)
    async with asyncio.TaskGroup() as group:
        made.teller.task = group.create_task(made.teller.run())
        made.teller.look()

        async def has_looked() -> bool:
            return made.teller.endpoint is not None and not made.teller.is_behind

        await until(has_looked)
        yield made
        made.teller.close()


async def test_a_fresh_event_is_told_without_a_look_at_the_table(post: Post) -> None:
    assert post.begin(held(1))
    assert await post.heard(1) == [held(1).id]


async def test_of_a_lane_one_at_a_time_is_told(post: Post) -> None:
    assert post.begin(held(1, lane="th_a"))
    assert post.begin(held(2, lane="th_a"))
    assert post.teller.followed == {"th_a"}
    assert await post.heard(1) == [held(1).id]


async def test_what_is_not_the_first_of_its_lane_or_would_overtake_others_is_looked_for(
    post: Post, standing: House
) -> None:
    await announce(standing.db, held(1))
    assert post.begin(held(2), is_first=False)
    assert post.begin(held(3))  # behind what the look will find
    assert await post.heard(1) == [held(1).id]


@pytest.mark.parametrize(
    "edition", [{"sealed_url": b"x"}, {"secret": b"x"}, {"retiring": 1}, {"failures": 1}, {"is_stopped": True}]
)
async def test_an_endpoint_that_is_another_by_now_is_read_anew(
    post: Post, standing: House, edition: dict[str, object]
) -> None:
    await announce(standing.db, held(1))
    assert post.begin(held(2), edition=edition)
    assert await post.heard(1) == [held(1).id]


async def test_no_more_is_begun_than_there_is_room_for(post: Post) -> None:
    for number in range(AT_ONCE_FIRST + 3):
        assert post.begin(held(number))
    assert len(post.teller.busy) == AT_ONCE_FIRST
    assert post.teller.is_behind
    assert len(await post.heard(AT_ONCE_FIRST)) == AT_ONCE_FIRST


@asynccontextmanager
async def unwritten(post: Post, standing: House) -> AsyncIterator[None]:
    """Let nothing be written down while the context lasts."""
    slow = Slow(standing.db)
    post.teller.house = replace(standing, db=slow)
    try:
        yield
    finally:
        slow.may_go_on.set()


async def test_what_was_heard_makes_room_before_it_is_written_down(
    post: Post, standing: House, receiver: Receiver
) -> None:
    """Else a commit that takes its time would hold up the next: room for 32, held for 0.2 s each, is 160 a second."""
    async with unwritten(post, standing):
        for number in range(3 * AT_ONCE_FIRST):
            assert post.begin(held(number))
            await until(_has_heard(receiver, number + 1))
            await until(_asks_nobody(post))
        assert len(post.teller.busy) == 3 * AT_ONCE_FIRST
        assert not post.teller.is_behind


async def test_no_more_is_heard_and_not_written_down_than_there_may_be(
    post: Post, standing: House, receiver: Receiver
) -> None:
    others = {f"th_other_{number}" for number in range(UNSETTLED_MAX - 1)}
    async with unwritten(post, standing):
        post.teller.busy |= others
        assert post.begin(held(1))
        await until(_has_heard(receiver, 1))
        assert post.begin(held(2))
        assert post.teller.is_behind
        assert len(post.teller.busy) == UNSETTLED_MAX
        post.teller.busy -= others


def _asks_nobody(post: Post) -> Callable[[], Awaitable[bool]]:
    async def asks_nobody() -> bool:
        return not post.teller.asking

    return asks_nobody


def _has_heard(receiver: Receiver, count: int) -> Callable[[], Awaitable[bool]]:
    async def has_heard() -> bool:
        return len(receiver.requests) >= count

    return has_heard


class Slow(Database):
    """A database whose transactions wait for leave to commit."""

    def __init__(self, db: Database) -> None:
        super().__init__(db._pool, db._dsn, db.keys)
        self.has_looked, self.may_go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    @override
    async def transaction(self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL) -> AsyncIterator[Transaction]:
        async with super().transaction(tenant, plans=plans) as tx:
            yield tx
            self.has_looked.set()
            await self.may_go_on.wait()


async def test_what_came_during_a_look_and_found_no_room_is_not_forgotten(
    post: Post, standing: House, receiver: Receiver
) -> None:
    """Nobody else would look for it within the second."""
    del receiver
    slow = Slow(standing.db)
    post.teller.house = replace(standing, db=slow)
    post.teller.look()
    await slow.has_looked.wait()
    post.teller.room = 0
    await announce(standing.db, held(1))
    assert post.begin(held(1))
    post.teller.room = AT_ONCE_FIRST
    slow.may_go_on.set()
    await asyncio.sleep(0)
    slow.has_looked.clear()
    await until(_is_idle(post))
    post.teller._leave("th_other")  # another attempt ends
    assert await post.heard(1) == [held(1).id]


def _is_idle(post: Post) -> Callable[[], Awaitable[bool]]:
    async def is_idle() -> bool:
        await asyncio.sleep(0.2)  # the look under way ends
        return not post.teller._wake.is_set()

    return is_idle


async def test_a_teller_that_is_closing_begins_nothing(post: Post) -> None:
    post.teller.close()
    assert not post.begin(held(1))


async def test_only_who_tells_an_endpoint_hears_of_it_and_what_is_before_it(standing: House) -> None:
    hook, _ = await register(standing, "http://127.0.0.1:9/", HELD)
    first, second = held(1, lane="th_a"), held(2, lane="th_a")
    said: dict[str, list[Fresh]] = {}
    async with standing.db.transaction(TENANT) as tx:
        await tx.run("update webhook set holder = 'me', leased_until = %(at)s", at=NOW)
    for holder, event in (("me", first), ("other", held(3)), ("me", second), ("", held(4))):
        async with standing.db.transaction(TENANT) as tx:
            promised = store.announce(tx, [event], hint=False, holder=holder)
        said[event.id] = store.fresh(promised, {event.id: event})
    assert [len(fresh) for fresh in said.values()] == [1, 0, 1, 0]
    [[one], [two]] = said[first.id], said[second.id]
    assert (one.is_first, two.is_first, one.telling.webhook, one.leased_until) == (True, False, hook.id, NOW)
    async with standing.db.transaction(TENANT) as tx:
        assert (await act.find(tx, standing, ACCOUNT, hook.id)).edition == one.edition
        assert isinstance(one.edition, Edition)


LETTERS = {
    "plain": ("", "Can we meet?"),
    "quoted": ("", "Yes, on Tuesday.\r\n\r\n> Can we meet?\r\n> Or not?\r\n\r\n-- \r\nThe boss\r\n"),
    "odd": ("X-Odd: \ud7ff\r\n".encode().decode("latin-1"), "Z\u0101lg\u00f3 \U0001f600 \ufffe \x01 \u202e end"),
    "html": ("Content-Type: text/html; charset=utf-8\r\n", "<p>Hi <b>you</b><script>x</script></p>"),
    "parts": (
        "Content-Type: multipart/mixed; boundary=b\r\n",
        (
            '--b\r\n\r\nSee there.\r\n--b\r\nContent-Type: text/csv; name="a\u0142.csv"\r\n'
            'Content-Disposition: attachment; filename="a.csv"\r\n\r\n1,2\r\n--b--\r\n'
        ),
    ),
}


@pytest.mark.parametrize("letter", LETTERS)
async def test_a_message_is_told_in_the_same_octets_at_once_and_from_the_table(
    scene: Scene, receiver: Receiver, letter: str
) -> None:
    """The first attempt has the message from the commit, the second reads what was stored."""
    header, text = LETTERS[letter]
    await scene.listen(receiver.url)
    async with telling(scene.house):
        await scene.boss_writes()
        await until(lambda: _told(receiver, 1, scene.house))
        receiver.answers = ["503 Later", "200 OK"]
        await scene.boss_writes(text, header)
        await until(lambda: _told(receiver, 2, scene.house))
    scene.clock.move(timedelta(seconds=WAITS_S[0] * 1.25))
    async with telling(scene.house):
        await until(lambda: _told(receiver, 3, scene.house))
    (_, at_once), (_, from_table) = receiver.requests[1:]
    assert json.loads(at_once) == json.loads(from_table)
    assert at_once == from_table


async def _told(receiver: Receiver, count: int, standing: House) -> bool:
    return len(receiver.requests) >= count and await told_all(standing)


async def test_a_teller_that_rests_after_a_fault_is_closed_at_once(
    standing: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, said: list[EventDict]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    hook, _ = await register(standing, receiver.url)
    await announce(standing.db, happened())
    monkeypatch.setattr(telling_store, "due", broken)
    teller = Teller(standing, TENANT, hook.id, GroupCommit(), Lines(), asyncio.Semaphore(1))

    async def is_resting() -> bool:
        return "webhook.fault" in [line["event"] for line in said]

    async with asyncio.timeout(FAULT_S / 2), asyncio.TaskGroup() as group:
        teller.task = group.create_task(teller.run())
        teller.look()
        await until(is_resting)
        teller.close()
