"""A reader's way along its events, told over a line that keeps them: order, gaps, and each reason to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import orjson
import pytest

from doors.rest.scene import POLICY, Tenancy, set_policy, write
from gatepost import access, act
from gatepost.act import EventKind
from gatepost.deliver.paper import Kept
from gatepost.doors.rest.follow import End, Follower, ReaderGoneError
from gatepost.ids import EmailId
from gatepost.journey import House

PATIENCE_S = 30.0


@dataclass
class Told:
    """A line that keeps what it is told, until it hangs up or fails."""

    gaps: list[int] = field(default_factory=list)
    events: list[tuple[int, str]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    fails: type[Exception] | None = None

    async def tell_gap(self, cursor: int) -> None:
        self.gaps.append(cursor)

    async def tell(self, cursor: int, _kind: EventKind, text: bytes, /) -> None:
        if self.fails is not None:
            raise self.fails
        self.events.append((cursor, orjson.loads(text)["data"]["email_id"]))
        self.heard.set()

    async def tell_nothing(self) -> None: ...

    async def hung_up(self) -> None:
        await self.left.wait()


@pytest.fixture
async def house_with_stream(house: House, ours: Tenancy) -> AsyncIterator[House]:
    await set_policy(house, ours, POLICY)
    async with house.db.transaction(ours.tenant) as tx:
        await act.open_stream(tx, ours.account, house.clock())
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(act.Herald(house).run(stop))
        yield house
        stop.set()


@pytest.fixture
async def follower(house_with_stream: House, ours: Tenancy) -> Follower:
    reader = await access.authenticate(house_with_stream.db, ours.agent)
    assert reader is not None
    return Follower(house_with_stream, reader, ours.account, act.EVERYBODYS, after=0, is_whole=True, for_s=PATIENCE_S)


async def _kept(house: House, to: Tenancy) -> EmailId:
    done = await write(house, to)
    assert isinstance(done.outcome, Kept)
    return done.outcome.email


@asynccontextmanager
async def _serving(follower: Follower, line: Told) -> AsyncIterator[asyncio.Task[End]]:
    house = follower.house
    with house.streams.reading(follower.reader.tenant, follower.account) as bell:
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            yield group.create_task(follower.serve(line, bell))


async def test_what_is_there_and_what_comes_is_told_in_order_until_the_reader_leaves(
    follower: Follower, ours: Tenancy
) -> None:
    line, sent = Told(), []
    async with _serving(follower, line) as serving:
        for _ in range(3):
            sent.append(await _kept(follower.house, ours))
            await line.heard.wait()
            line.heard.clear()
        line.left.set()
    assert [email for _, email in line.events] == sent
    assert sorted({place for place, _ in line.events}) == [place for place, _ in line.events]
    assert (await serving, line.gaps) == (End.GONE, [])


async def test_a_gap_is_told_before_anything_else(follower: Follower) -> None:
    line = Told()
    async with _serving(replace(follower, after=7, is_whole=False, for_s=0), line) as serving:
        pass
    assert (await serving, line.gaps, line.events) == (End.OVER, [7], [])


@pytest.mark.parametrize(("fails", "why"), [(TimeoutError, End.LATER), (ReaderGoneError, End.GONE)])
async def test_a_line_that_takes_nothing_ends_it(
    follower: Follower, ours: Tenancy, fails: type[Exception], why: End
) -> None:
    async with _serving(follower, Told(fails=fails)) as serving:
        await _kept(follower.house, ours)
    assert await serving is why


async def test_a_stopping_house_ends_it(follower: Follower, ours: Tenancy) -> None:
    house = follower.house
    line = Told()
    async with _serving(follower, line) as stopped:
        await _kept(house, ours)
        await line.heard.wait()
        house.streams.close()
    assert await stopped is End.STOPPING


async def test_a_removed_key_hears_no_more(follower: Follower, ours: Tenancy) -> None:
    house, line = follower.house, Told()
    async with house.db.transaction(ours.tenant) as tx:
        assert await access.remove_key(tx, ours.key_ids[access.Role.AGENT])
    async with _serving(follower, line) as serving:
        await _kept(house, ours)
    assert (await serving, line.events) == (End.FORBIDDEN, [])
