"""What changes about an endpoint while an attempt is under way, and many dead ones beside a live one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import mailbuttons
import pytest
from structlog.typing import EventDict
from typing_extensions import override

import singly
from act.scene import announce, happened, register, stands, telling, told_all, until
from gatepost import act
from gatepost.act import EventKind, State, registry, store
from gatepost.act.paper import Endpoint
from gatepost.act.tell import LOOKS_MAX
from gatepost.db import Database, Plans, Transaction
from gatepost.ids import TenantId, WebhookId
from gatepost.journey import House
from outbound import ACCOUNT, KEPT, NOW, TENANT, Hands, Receiver, house, http_receiver
from talkers import talking

DEAD = 100


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with http_receiver() as running:
        yield running


@pytest.fixture
async def standing(db: Database, tmp_path: Path) -> House:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
    return house(db, tmp_path, Hands())


class Waiting:
    """A receiver that answers once it may."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.may_answer = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        await self.may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def is_asked(self) -> bool:
        return bool(self.asked)


async def test_an_endpoint_removed_while_it_is_asked_is_forgotten_and_nobody_else_waits(
    standing: House, receiver: Receiver, said: list[EventDict]
) -> None:
    waiting = Waiting()
    async with talking(waiting.talk) as port:
        hook, _ = await register(standing, f"http://127.0.0.1:{port}/", (EventKind.RECEIVED, EventKind.HELD))
        await announce(standing.db, happened(), happened(2, kind=EventKind.HELD, lane="th_1"))
        async with telling(standing):
            await until(waiting.is_asked)
            async with standing.db.transaction(TENANT) as tx:
                assert await act.remove(tx, standing, ACCOUNT, hook.id, actor="test")
            waiting.may_answer.set()
            await register(standing, receiver.url)
            await announce(standing.db, happened(3))
            await until(lambda: told_all(standing))
    assert len(waiting.asked) == 1
    assert len(receiver.requests) == 1
    assert "webhook.fault" not in [line["event"] for line in said]
    async with standing.db.transaction(TENANT) as tx:
        row = await tx.one("select count(*) as count from telling_attempt where webhook = %(hook)s", hook=hook.id)
    assert row.count == 0


async def test_what_follows_a_rotation_is_signed_anew_and_goes_where_the_endpoint_lies_by_then(
    standing: House, receiver: Receiver
) -> None:
    waiting = Waiting()
    async with talking(waiting.talk) as port:
        hook, _ = await register(standing, f"http://127.0.0.1:{port}/", (EventKind.RECEIVED, EventKind.HELD))
        await announce(standing.db, happened(), happened(2, kind=EventKind.HELD, lane="th_1"))
        async with telling(standing):
            await until(waiting.is_asked)
            async with standing.db.transaction(TENANT) as tx:
                made = await registry.rotate(tx, standing, ACCOUNT, hook.id, overlap=timedelta(0), actor="test")
                changes = act.Changes(url=receiver.url)
                await registry.change(tx, standing, ACCOUNT, hook.id, changes, actor="test")
            waiting.may_answer.set()
            await until(lambda: told_all(standing))
    [(headers, body)] = receiver.requests
    assert json.loads(body)["event"] == "email.held"
    assert mailbuttons.verify_webhook(body, headers["x-mailbuttons-signature"], made.secret)
    states = {one.telling.event.kind: one.telling.state for one in await stands(standing.db, hook.id)}
    assert states == {EventKind.RECEIVED: State.DELIVERED, EventKind.HELD: State.DELIVERED}


class Counting(Database):
    """A database that knows how many transactions were open at once."""

    def __init__(self, db: Database) -> None:
        super().__init__(db._pool, db._dsn, db.keys)
        self.held = self.most = 0

    @asynccontextmanager
    @override
    async def transaction(self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL) -> AsyncIterator[Transaction]:
        self.held += 1
        self.most = max(self.most, self.held)
        try:
            async with super().transaction(tenant, plans=plans) as tx:
                yield tx
        finally:
            self.held -= 1


async def test_many_dead_endpoints_delay_no_live_one_and_leave_connections_to_the_rest_of_the_house(
    standing: House, receiver: Receiver
) -> None:
    """Half of them take the connection and say nothing, half refuse it."""
    silent, counting = Waiting(), Counting(standing.db)
    async with talking(silent.talk) as port:
        await register(standing, receiver.url, (EventKind.REJECTED,))
        first, _ = await register(standing, f"http://127.0.0.1:{port}/", (EventKind.HELD,))
        async with standing.db.transaction(TENANT) as tx:
            found = await act.find(tx, standing, ACCOUNT, first.id)
            for number in range(1, DEAD):
                await store.insert_webhook(tx, _another(standing, found, number, port if number % 2 else 9))
        await announce(standing.db, happened(2, kind=EventKind.HELD))
        async with telling(replace(standing, db=counting)):
            await until(lambda: _are_asked(silent, DEAD // 2))
            await announce(standing.db, happened(5, kind=EventKind.REJECTED))
            await until(lambda: _has_heard(receiver))
            silent.may_answer.set()
    assert counting.most <= LOOKS_MAX + len(["settles", "forgets"])


def _another(standing: House, found: Endpoint, number: int, port: int) -> Endpoint:
    identifier = WebhookId(f"wh_dead{number}")
    secrets, _, _ = registry._draw(standing, identifier)
    webhook = replace(found.webhook, id=identifier, url=f"http://127.0.0.1:{port}/{number}", created_at=NOW)
    return Endpoint(webhook, secrets)


async def _are_asked(silent: Waiting, count: int) -> bool:
    return len(silent.asked) >= count


async def _has_heard(receiver: Receiver) -> bool:
    return bool(receiver.requests)
