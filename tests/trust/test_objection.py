"""Customers' objections, on real PostgreSQL and a real log; and the way out that stays shut to who was excluded."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.db import Database, DatabaseUnavailableError, Transaction
from gatepost.egress import EgressRefusedError, Errand, Purpose
from gatepost.egress.paper import Rule
from gatepost.ids import TenantId
from gatepost.record.trust_log import TRUST
from gatepost.trust import engagement, notice, objection, store
from gatepost.trust.engagement import NotYetError
from gatepost.trust.registers import Supplier
from trust.scene import Scene
from trust.ticking import hours_pass

NEW = Supplier(
    id="new",
    name="New Processor",
    purpose="Translations",
    data="The mails of those customers",
    region="NL",
    processes=True,
    owner="privacy lead",
    announced_on=date(2026, 11, 20),
    engaged_on=date(2026, 12, 20),
    hosts=("127.0.0.1",),
)


async def customer(scene: Scene, plan: str, name: str = "") -> Tenant:
    async with scene.house.db.transaction(TenantId(f"tn_{name or plan}")) as tx:
        return await access.add_tenant(tx, name=f"Customer {name or plan}", plan=plan, at=scene.clock())


class Interrupted:
    """A database that goes away before the public log is written to."""

    def __init__(self, db: Database) -> None:
        self._db, self._looked = db, False

    def transaction(self, tenant: TenantId) -> AbstractAsyncContextManager[Transaction]:
        if tenant == TRUST and self._looked:
            raise DatabaseUnavailableError
        self._looked = self._looked or tenant == TRUST
        return self._db.transaction(tenant)


async def thirty_days(scene: Scene) -> None:
    await scene.publish()
    scene.clock.now = await hours_pass(scene.house.db, scene.clock.now, 30 * 24)
    await scene.publish()


async def test_an_open_objection_stops_the_engagement_until_it_is_settled(scene: Scene) -> None:
    small, large = await customer(scene, "free"), await customer(scene, "business")
    with pytest.raises(NotYetError, match="never_given"):
        await objection.raise_(scene.house, large, NEW.id)
    await engagement.announce(scene.house, NEW)
    with pytest.raises(NotYetError, match="plan"):
        await objection.raise_(scene.house, small, NEW.id)
    reference = await objection.raise_(scene.house, large, NEW.id)
    assert await objection.raise_(scene.house, large, NEW.id) == reference  # said twice, meant once
    await thirty_days(scene)
    with pytest.raises(NotYetError, match="open"):
        await engagement.engage(scene.house, NEW)
    with pytest.raises(NotYetError, match="outcome"):
        await objection.settle(scene.house, large, NEW.id, "ignored")
    await objection.settle(scene.house, large, NEW.id, "alternative", how="Without translations")
    with pytest.raises(NotYetError, match="unknown"):
        await objection.settle(scene.house, large, NEW.id, "exit")
    await engagement.engage(scene.house, NEW)


async def test_settled_again_after_an_interruption_the_record_says_it_once(scene: Scene) -> None:
    large = await customer(scene, "business")
    await engagement.announce(scene.house, NEW)
    reference = await objection.raise_(scene.house, large, NEW.id)
    away: Any = Interrupted(scene.house.db)
    with pytest.raises(DatabaseUnavailableError):
        await objection.settle(replace(scene.house, db=away), large, NEW.id, "alternative")
    assert await objection.open_of(scene.house.db, large.id, NEW.id) == reference
    assert await objection.settle(scene.house, large, NEW.id, "exclusion") == reference
    assert await objection.open_of(scene.house.db, large.id, NEW.id) == ""
    async with scene.house.db.transaction(large.id) as tx:
        assert [found for found, _ in await store.outcomes(tx, notice.SETTLEMENT + NEW.id)] == [
            f"{reference} alternative"
        ]
        assert await store.history(tx, notice.EXCLUSION + NEW.id, limit=1) == []


async def test_nobody_settles_another_customer_s_objection(scene: Scene) -> None:
    one, other = await customer(scene, "business"), await customer(scene, "enterprise")
    await engagement.announce(scene.house, NEW)
    await objection.raise_(scene.house, one, NEW.id)
    with pytest.raises(NotYetError, match="unknown"):
        await objection.settle(scene.house, other, NEW.id, "taken_back")
    assert await objection.open_of(scene.house.db, other.id, NEW.id) == ""
    assert await objection.open_of(scene.house.db, one.id, NEW.id) != ""


async def test_who_is_excluded_is_kept_away_after_it_is_engaged_and_nobody_else(scene: Scene) -> None:
    kept_away, served = await customer(scene, "business"), await customer(scene, "enterprise")
    await engagement.announce(scene.house, NEW)
    await objection.raise_(scene.house, kept_away, NEW.id)
    await objection.settle(scene.house, kept_away, NEW.id, "exclusion")
    await thirty_days(scene)
    await engagement.engage(scene.house, NEW)
    egress = scene.house.egress
    egress.excluded = await objection.excluded(scene.house.db, [NEW])
    assert egress.excluded == {kept_away.id: frozenset({"127.0.0.1"})}
    for tenant in (served.id, None):
        egress.admit(Errand(Purpose.MODEL, "x", tenant), "127.0.0.1", 443, "127.0.0.1")
    errand = Errand(Purpose.MODEL, "x", kept_away.id)
    with pytest.raises(EgressRefusedError) as refusal:
        egress.admit(errand, "127.0.0.1", 443, "127.0.0.1")
    assert refusal.value.rule is Rule.EXCLUDED
    with pytest.raises(EgressRefusedError):
        await egress.addresses(errand, "127.0.0.1", 443)
    await engagement.withdraw(scene.house, NEW.id)
    assert await objection.excluded(scene.house.db, [NEW]) == egress.excluded  # whatever comes later
