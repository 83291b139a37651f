"""What the tests of telling share: events without mail, a herald that runs for a while."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from gatepost import act
from gatepost.act import Event, EventKind, store, telling_store
from gatepost.act.paper import Telling, event_id
from gatepost.act.settle import Told
from gatepost.act.tell import Herald
from gatepost.act.teller import settle_all
from gatepost.db import Database
from gatepost.ids import WebhookId
from gatepost.journey import House
from outbound import ACCOUNT, KEPT, NOW, TENANT

PATIENCE_S = 20.0


def happened(number: int = 1, *, lane: str = "", kind: EventKind = EventKind.RECEIVED, at: datetime = NOW) -> Event:
    """An event; number 1 is about the one kept message."""
    email = KEPT.id if kind is EventKind.RECEIVED else None
    return Event(
        id=event_id(kind, f"number {number}"),
        account=ACCOUNT,
        kind=kind,
        email=email,
        lane=lane or f"th_{number}",
        at=at,
    )


async def announce(db: Database, *events: Event) -> None:
    async with db.transaction(TENANT) as tx:
        store.announce(tx, events, hint=True)


async def register(
    house: House, url: str, events: Sequence[EventKind] = (EventKind.RECEIVED,)
) -> tuple[act.Webhook, str]:
    async with house.db.transaction(TENANT) as tx:
        made = await act.add(tx, house, ACCOUNT, url, events=events)
    return made.webhook, made.secret


async def due(db: Database, webhook: WebhookId, at: datetime = NOW, *, busy: Sequence[str] = ()) -> list[Telling]:
    async with db.transaction(TENANT) as tx:
        return await telling_store.due(tx, webhook, at=at, busy=busy, limit=100)


async def stands(db: Database, webhook: WebhookId) -> list[act.Logged]:
    """The delivery log, oldest first."""
    async with db.transaction(TENANT) as tx:
        return (await telling_store.logged(tx, webhook, act.Filter(limit=1000)))[::-1]


async def settled(house: House, *told: Told) -> None:
    await settle_all(house, TENANT, told)


@asynccontextmanager
async def telling(house: House) -> AsyncIterator[None]:
    """Let a herald run while the context lasts."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Herald(house).run(stop))
        try:
            yield
        finally:
            stop.set()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():  # noqa: ASYNC110  # what it waits for lies in a database
            await asyncio.sleep(0.01)


async def told_all(house: House) -> bool:
    """Tell whether nothing is due."""
    async with house.db.transaction(TENANT) as tx:
        row = await tx.one(
            "select count(*) as count from telling join webhook on webhook.id = telling.webhook"
            " where telling.tenant = %(tenant)s and state = 'waiting' and not is_stopped"
            " and telling.due_at <= %(at)s and (webhook.due_at is null or webhook.due_at <= %(at)s)"
            " and not exists (select from telling as first where first.webhook = telling.webhook"
            " and first.lane = telling.lane and first.state = 'waiting' and first.number < telling.number)",
            at=house.clock(),
        )
    return bool(row.count == 0)
