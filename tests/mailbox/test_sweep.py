import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.db import DatabaseUnavailableError
from gatepost.ids import EmailId, TenantId
from gatepost.mailbox import sweep_bodies, sweep_bodies_daily
from gatepost.mailbox.body import object_path
from gatepost.mailbox.sweep import GRACE

KEPT, ORPHAN, OTHER = EmailId("em_aaaaaaaaaaaaaaaa"), EmailId("em_bbbbbbbbbbbbbbbb"), EmailId("em_cccccccccccccccc")
ONE, TWO = TenantId("tn_one"), TenantId("tn_two")
NOW = datetime.now(UTC)  # noqa: TID251  # the store's own clock


async def _stored(folder: Path) -> Blobs:
    blobs = Blobs.open(folder.as_uri())
    for tenant, email in ((ONE, KEPT), (ONE, ORPHAN), (TWO, KEPT), (TWO, OTHER)):
        await blobs.write(object_path(tenant, email), b"x")
    return blobs


async def _named(tenant: TenantId, emails: Sequence[EmailId]) -> set[EmailId]:
    """Tenant one kept one of its mails, tenant two another."""
    return {KEPT if tenant == ONE else OTHER} & set(emails)


async def _left(blobs: Blobs) -> set[str]:
    return {path async for page in blobs.names("bodies", NOW + GRACE) for path in page}


async def test_what_no_decision_of_its_tenant_names_is_removed_and_nothing_else(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)
    assert await sweep_bodies(blobs, _named, NOW + timedelta(hours=1)) == 2
    assert await _left(blobs) == {object_path(ONE, KEPT), object_path(TWO, OTHER)}


async def test_what_is_young_is_left_alone(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)
    assert await sweep_bodies(blobs, _named, NOW - timedelta(hours=1)) == 0
    assert len(await _left(blobs)) == 4


async def test_a_database_that_is_away_costs_no_body_and_does_not_end_the_sweeping(tmp_path: Path) -> None:
    blobs, stop = await _stored(tmp_path), asyncio.Event()

    async def away(_tenant: TenantId, _emails: Sequence[EmailId]) -> set[EmailId]:
        stop.set()
        raise DatabaseUnavailableError

    async with asyncio.timeout(5):
        await sweep_bodies_daily(blobs, away, lambda: NOW + 2 * GRACE, stop)
    assert len(await _left(blobs)) == 4


async def test_it_sweeps_at_once(tmp_path: Path) -> None:
    blobs, stop = await _stored(tmp_path), asyncio.Event()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(sweep_bodies_daily(blobs, _named, lambda: NOW + 2 * GRACE, stop))
        while len(await _left(blobs)) > 2:  # noqa: ASYNC110  # the sweeper tells nobody
            await asyncio.sleep(0.01)
        stop.set()
