"""The stream as a WebSocket, spoken to by another implementation's state machine over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, RejectConnection, Request, TextMessage

from doors.rest.scene import POLICY, Tenancy, set_policy, write
from gatepost import access, act
from gatepost.app.http import SAID_MAX_OCTETS, listening
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.doors.rest.follow import End
from gatepost.doors.rest.socket import CODES
from gatepost.ids import EmailId
from gatepost.journey import House

PATIENCE_S = 30.0


@pytest.fixture
async def base_url(house: House, ours: Tenancy, theirs: Tenancy) -> AsyncIterator[str]:
    """The house's door, with a herald that gives events their place."""
    for one in (ours, theirs):
        await set_policy(house, one, POLICY)
    stop = asyncio.Event()
    app = rest.build(house)
    async with listening(app, "127.0.0.1", 0, door="http") as port, asyncio.TaskGroup() as group:
        group.create_task(act.Herald(house).run(stop))
        yield f"http://127.0.0.1:{port}"
        house.streams.close()
        stop.set()


class Line:
    """One client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._machine = WSConnection(ConnectionType.CLIENT)
        self._texts: list[str] = []

    async def say(self, event: Any) -> None:
        self._writer.write(self._machine.send(event))
        await self._writer.drain()

    async def heard(self) -> Any:
        """Return the next event that is no ping, text whole."""
        while True:
            for event in self._machine.events():
                if isinstance(event, Ping):
                    await self.say(event.response())
                elif not isinstance(event, TextMessage):
                    return event
                else:
                    self._texts.append(event.data)
                    if event.message_finished:
                        text, self._texts = "".join(self._texts), []
                        return json.loads(text)
            async with asyncio.timeout(PATIENCE_S):
                octets = await self._reader.read(65_536)
            self._machine.receive_data(octets or None)


@asynccontextmanager
async def asking(base_url: str, who: Tenancy, key: str | None, query: str = "") -> AsyncIterator[tuple[Line, Any]]:
    where = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    line = Line(reader, writer)
    target = f"/api/v1/mailboxes/{who.account}/events/socket{query}"
    headers = [] if key is None else [(b"Authorization", f"Bearer {key}".encode())]
    await line.say(Request(host=where.netloc, target=target, extra_headers=headers))
    try:
        yield line, await line.heard()
    finally:
        writer.close()


@asynccontextmanager
async def following(base_url: str, who: Tenancy, query: str = "") -> AsyncIterator[Line]:
    async with asking(base_url, who, who.agent, query) as (line, answer):
        assert isinstance(answer, AcceptConnection), answer
        yield line


async def kept(house: House, to: Tenancy) -> EmailId:
    done = await write(house, to)
    assert isinstance(done.outcome, Kept)
    return done.outcome.email


async def test_a_reader_hears_of_its_own_mail_and_goes_on_where_it_was(
    house: House, base_url: str, ours: Tenancy, theirs: Tenancy
) -> None:
    async with following(base_url, ours) as line:
        first = await kept(house, ours)
        await kept(house, theirs)
        second = await kept(house, ours)
        heard = [await line.heard(), await line.heard()]
    assert [each["event"]["data"]["email_id"] for each in heard] == [first, second]
    assert heard[0]["event"]["type"] == "email.received"
    missed = await kept(house, ours)
    for cursor, expected in ((heard[0]["cursor"], [second, missed]), (heard[1]["cursor"], [missed])):
        async with following(base_url, ours, f"?cursor={cursor}") as line:
            assert [(await line.heard())["event"]["data"]["email_id"] for _ in expected] == expected


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("gp_nobody", 401), ("auditor", 403), ("theirs", 404)])
async def test_whoever_may_not_read_is_refused_before_anything_is_opened(
    base_url: str, ours: Tenancy, theirs: Tenancy, key: str | None, status: int
) -> None:
    keys = {"auditor": ours.keys[access.Role.AUDITOR], "theirs": theirs.agent}
    async with asking(base_url, ours, keys.get(key, key) if key else None) as (_, answer):
        assert isinstance(answer, RejectConnection)
        assert answer.status_code == status


async def test_a_key_that_is_removed_hears_no_more(house: House, base_url: str, ours: Tenancy) -> None:
    async with following(base_url, ours) as line:
        await kept(house, ours)
        await line.heard()
        async with house.db.transaction(ours.tenant) as tx:
            assert await access.remove_key(tx, ours.key_ids[access.Role.AGENT])
        await kept(house, ours)
        closed = await line.heard()
    assert isinstance(closed, CloseConnection)
    assert closed.code == CODES[End.FORBIDDEN]


async def test_it_ends_when_its_time_is_over_and_when_the_house_stops(
    house: House, base_url: str, ours: Tenancy
) -> None:
    async with following(base_url, ours, "?for_s=0") as line:
        assert (await line.heard()).code == CODES[End.OVER]
    async with following(base_url, ours) as line:
        house.streams.close()
        assert (await line.heard()).code == CODES[End.STOPPING]
    async with asking(base_url, ours, ours.agent) as (_, answer):
        assert answer.status_code == 429


async def test_a_cursor_older_than_the_stream_is_told_of_the_gap(house: House, base_url: str, ours: Tenancy) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        await act.open_stream(tx, ours.account, house.clock())
        await tx.run("update event_stream_reader set since = 5 where tenant = %(tenant)s")
    async with following(base_url, ours, "?cursor=1") as line:
        assert await line.heard() == {"cursor": 5, "event": {"type": "stream.gap"}}


async def test_what_a_reader_says_is_passed_over_and_too_much_of_it_ends_it(
    house: House, base_url: str, ours: Tenancy
) -> None:
    async with following(base_url, ours) as line:
        await line.say(TextMessage(data='{"cursor": 0}'))
        email = await kept(house, ours)
        assert (await line.heard())["event"]["data"]["email_id"] == email
        await line.say(TextMessage(data="x" * (SAID_MAX_OCTETS + 1)))
        closed = await line.heard()
    assert isinstance(closed, CloseConnection)
    assert closed.code == 1009


async def test_a_reader_that_does_not_read_delays_nobody(house: House, base_url: str, ours: Tenancy) -> None:
    async with asking(base_url, ours, ours.agent) as (_, answer), following(base_url, ours) as line:
        assert isinstance(answer, AcceptConnection)
        for _ in range(3):
            done = await write(house, ours, text="long " * 40_000)
            assert (await line.heard())["event"]["data"]["email_id"] == done.recorded.arrived.email
