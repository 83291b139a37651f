"""The stream over a real socket: order, resume, tenants apart, a reader that does not read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from doors.rest.scene import POLICY, Tenancy, calls, served, set_policy, write
from gatepost import access, act
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.ids import EmailId
from gatepost.journey import House

PATIENCE_S = 20.0


@pytest.fixture
async def base_url(house: House, ours: Tenancy, theirs: Tenancy) -> AsyncIterator[str]:
    """The house's door, with a herald that gives events their place."""
    for one in (ours, theirs):
        await set_policy(house, one, POLICY)
    stop = asyncio.Event()
    async with served(rest.build(house)) as url, asyncio.TaskGroup() as group:
        group.create_task(act.Herald(house).run(stop))
        yield f"{url}/api/v1"
        house.streams.close()
        stop.set()


async def _kept(house: House, to: Tenancy) -> EmailId:
    done = await write(house, to)
    assert isinstance(done.outcome, Kept)
    return done.outcome.email


class Reader:
    """Reads server-sent events as the standard says."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.aiter_lines()
        self.last_id = ""

    async def next(self) -> tuple[str, dict[str, object]]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "data" in fields:
                    self.last_id = fields.get("id", self.last_id)
                    return fields["event"], json.loads(fields["data"])
                if name in {"id", "event", "data"}:
                    fields[name] = value
        raise AssertionError("the stream ended")


@asynccontextmanager
async def _following(base_url: str, who: Tenancy, key: str = "", **options: str) -> AsyncIterator[Reader]:
    headers = {"Authorization": f"Bearer {key or who.agent}"}
    if "last" in options:
        headers["Last-Event-ID"] = options.pop("last")
    async with (
        httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as client,
        client.stream("GET", f"{base_url}/mailboxes/{who.account}/events/stream", params=options) as response,
    ):
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        yield Reader(response)


async def test_a_reader_hears_of_its_own_mail_and_of_nobody_elses(
    house: House, base_url: str, ours: Tenancy, theirs: Tenancy
) -> None:
    async with _following(base_url, ours) as mine, _following(base_url, theirs) as other:
        sent = [await _kept(house, ours), await _kept(house, theirs), await _kept(house, ours)]
        heard = [(await mine.next())[1], (await mine.next())[1]]
        assert [each["data"]["email_id"] for each in heard] == [sent[0], sent[2]]  # type: ignore[index]  # JSON
        assert (await other.next())[1]["data"]["email_id"] == sent[1]  # type: ignore[index]  # JSON


async def test_a_key_that_is_removed_hears_no_more_at_once(house: House, base_url: str, ours: Tenancy) -> None:
    """An open stream is no way around a key's end."""
    async with _following(base_url, ours) as reader:
        await _kept(house, ours)
        await reader.next()
        async with house.db.transaction(ours.tenant) as tx:
            assert await access.remove_key(tx, ours.key_ids[access.Role.AGENT])
        await _kept(house, ours)
        with pytest.raises(AssertionError, match="the stream ended"):
            await reader.next()


async def test_a_reader_that_was_away_resumes_where_it_was(house: House, base_url: str, ours: Tenancy) -> None:
    async with _following(base_url, ours) as reader:
        await _kept(house, ours)
        await reader.next()
        last = reader.last_id
    missed = [await _kept(house, ours), await _kept(house, ours)]
    async with _following(base_url, ours, last=last) as reader:
        heard = [(await reader.next())[1]["data"]["email_id"] for _ in missed]  # type: ignore[index]  # JSON
    assert heard == missed


async def test_a_cursor_from_before_the_stream_is_told_of_the_gap(house: House, base_url: str, ours: Tenancy) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        await act.open_stream(tx, ours.account, house.clock())
        await tx.run("update event_stream_reader set since = 5 where tenant = %(tenant)s")
    async with _following(base_url, ours, last="1") as reader:
        assert (await reader.next())[0] == "stream.gap"


async def test_a_cursor_from_beyond_the_end_is_told_of_the_gap_and_goes_on(
    house: House, base_url: str, ours: Tenancy
) -> None:
    """A house that was restored to an older day counts from there; what came then was never told."""
    beyond = "900000000000"
    async with _following(base_url, ours, last=beyond) as reader:
        assert (await reader.next())[0] == "stream.gap"
        email = await _kept(house, ours)
        assert (await reader.next())[1]["data"]["email_id"] == email  # type: ignore[index]  # JSON
    path = f"/api/v1/mailboxes/{ours.account}/events"
    async with calls(rest.build(house), ours.agent) as client:
        page = (await client.get(path, params={"cursor": beyond})).json()
        assert (page["items"], page["is_whole"]) == ([], False)
        assert page["next_cursor"] == (await client.get(path)).json()["next_cursor"]


async def test_other_events_are_told_to_who_asks(house: House, base_url: str, ours: Tenancy) -> None:
    async with _following(base_url, ours, event="email.rejected") as reader:
        done = await write(house, ours, "stranger@nobody.test")
        kind, said = await reader.next()
    assert (kind, said["data"]["email_id"]) == ("email.rejected", done.recorded.arrived.email)  # type: ignore[index]  # JSON
    assert "stranger" not in str(said)


async def test_a_reader_that_does_not_read_costs_no_memory_and_delays_nobody(
    house: House, base_url: str, ours: Tenancy
) -> None:
    host, port = base_url.removeprefix("http://").split("/")[0].split(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    path = f"/api/v1/mailboxes/{ours.account}/events/stream"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ours.agent}\r\n\r\n".encode())
    await writer.drain()
    async with _following(base_url, ours) as reader:
        for _ in range(3):
            email = await write(house, ours, text="long " * 40_000)
            assert (await reader.next())[1]["data"]["email_id"] == email.recorded.arrived.email  # type: ignore[index]  # JSON
    writer.close()


@pytest.mark.usefixtures("base_url")
async def test_events_are_read_page_by_page_too(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/events"
    async with calls(rest.build(house), ours.agent) as client:
        opened = (await client.get(path)).json()
        assert (opened["items"], opened["is_whole"]) == ([], True)
        sent = [await _kept(house, ours) for _ in range(3)]
        heard: list[str] = []
        cursor = opened["next_cursor"]
        async with asyncio.timeout(PATIENCE_S):
            while len(heard) < 3:
                page = (await client.get(path, params={"cursor": cursor, "limit": 2})).json()
                heard += [item["data"]["email_id"] for item in page["items"]]
                cursor = page["next_cursor"]
        assert heard == sent
        assert not (await client.get(path, params={"cursor": 0})).json()["is_whole"] or opened["next_cursor"] == 0


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40, "1.5"])
async def test_what_is_no_cursor_is_refused(house: House, ours: Tenancy, last: str) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        path = f"/api/v1/mailboxes/{ours.account}/events/stream"
        answer = await client.get(path, headers={"Last-Event-ID": last})
    assert answer.status_code == 422


async def test_a_house_that_stops_takes_no_more_readers(house: House, ours: Tenancy) -> None:
    house.streams.close()
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/events/stream")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
