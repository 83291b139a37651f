from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatepost.blobs import Blobs
from gatepost.db import DatabaseUnavailableError
from gatepost.ids import EmailId, TenantId
from gatepost.mailbox import sweep_bodies
from gatepost.mailbox.body import object_path
from gatepost.mailbox.sweep import GRACE

KEPT, REFUSED, UNDECIDED = (EmailId(f"em_{letter * 16}") for letter in "abc")
ONE, TWO = TenantId("tn_one"), TenantId("tn_two")
NOW = datetime.now(UTC)  # noqa: TID251  # the store's own clock


async def _stored(folder: Path) -> Blobs:
    blobs = Blobs.open(folder.as_uri())
    for tenant in (ONE, TWO):
        for email in (KEPT, REFUSED, UNDECIDED):
            await blobs.write(object_path(tenant, email), b"x")
    return blobs


@asynccontextmanager
async def _fates(tenant: TenantId, emails: Sequence[EmailId]) -> AsyncIterator[dict[EmailId, bool]]:
    """Tenant one kept and refused; tenant two decided nothing but the other's refused one, which it kept."""
    known = {KEPT: True, REFUSED: False} if tenant == ONE else {REFUSED: True}
    yield {email: is_kept for email, is_kept in known.items() if email in emails}


async def _left(blobs: Blobs) -> set[str]:
    return {path async for page in blobs.names("bodies", NOW + GRACE) for path in page}


async def test_what_no_decision_of_its_tenant_keeps_is_removed_and_nothing_else(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)
    later = NOW + timedelta(hours=1)
    assert await sweep_bodies(blobs, _fates, refused_before=later, undecided_before=later) == 4
    assert await _left(blobs) == {object_path(ONE, KEPT), object_path(TWO, REFUSED)}


async def test_of_what_is_young_only_the_refused_is_removed(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)
    earlier, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert await sweep_bodies(blobs, _fates, refused_before=later, undecided_before=earlier) == 1
    left = await _left(blobs)
    assert len(left) == 5
    assert object_path(ONE, REFUSED) not in left


async def test_what_is_younger_than_asked_for_is_left_alone(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)
    earlier = NOW - timedelta(hours=1)
    assert await sweep_bodies(blobs, _fates, refused_before=earlier, undecided_before=earlier) == 0
    assert len(await _left(blobs)) == 6


async def test_a_database_that_is_away_costs_no_body(tmp_path: Path) -> None:
    blobs = await _stored(tmp_path)

    def away(_tenant: TenantId, _emails: Sequence[EmailId]) -> AbstractAsyncContextManager[dict[EmailId, bool]]:
        raise DatabaseUnavailableError

    with pytest.raises(DatabaseUnavailableError):
        await sweep_bodies(blobs, away, refused_before=NOW + GRACE, undecided_before=NOW + GRACE)
    assert len(await _left(blobs)) == 6
