"""A new sub-processor on real PostgreSQL and a real log: no byte before thirty days on the log's own clock."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.ids import TenantId
from gatepost.trust import engagement, notice
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
    hosts=("api.new.test",),
)
OLD = replace(NEW, id="old", hosts=("api.old.test",), engaged_on=date(2026, 1, 1))


async def customer(scene: Scene, plan: str) -> Tenant:
    async with scene.house.db.transaction(TenantId(f"tn_{plan}")) as tx:
        return await access.add_tenant(tx, name=f"Customer on {plan}", plan=plan, at=scene.clock())


async def tick(scene: Scene, hours: int) -> None:
    """Let hours pass as a house at work spends them, and sign: that is how the log's clock moves."""
    scene.clock.now = await hours_pass(scene.house.db, scene.clock.now, hours)
    await scene.publish()


async def refused(scene: Scene, supplier: Supplier = NEW) -> str:
    with pytest.raises(NotYetError) as why:
        await engagement.engage(scene.house, supplier)
    return why.value.reason


async def test_day_29_is_refused_and_day_30_is_not(scene: Scene) -> None:
    await engagement.announce(scene.house, NEW)
    await scene.publish()
    assert await refused(scene) == "notice.running"
    await tick(scene, 29 * 24)
    assert await refused(scene) == "notice.running"
    await tick(scene, 23)
    assert await refused(scene) == "notice.running"
    await tick(scene, 1)
    case = await engagement.engage(scene.house, NEW)
    assert notice.is_engaged(case, NEW)


async def test_the_walls_clock_alone_moves_nothing(scene: Scene) -> None:
    await engagement.announce(scene.house, NEW)
    assert await refused(scene) == "notice.undelivered"  # said, and not yet in a signed head
    await scene.publish()
    scene.clock.now += timedelta(days=400)
    assert await refused(scene) == "notice.running"


async def test_one_command_under_a_clock_set_ahead_does_not_end_the_notice(scene: Scene) -> None:
    await engagement.announce(scene.house, NEW)
    await scene.publish()
    honest = scene.clock.now
    scene.clock.now += timedelta(days=31)
    await engagement.announce(scene.house, replace(NEW, id="another"))
    await hours_pass(scene.house.db, scene.clock.now, 1, first=0)
    await scene.publish()
    assert await refused(scene) == "notice.unwitnessed"
    scene.clock.now = honest  # and set right again it says no less and no more
    await tick(scene, 29 * 24)
    assert await refused(scene) == "notice.running"
    await tick(scene, 24)
    assert notice.is_engaged(await engagement.engage(scene.house, NEW), NEW)


async def test_nothing_is_engaged_that_was_not_announced_or_was_changed_since(scene: Scene) -> None:
    assert await refused(scene) == "notice.never_given"
    await engagement.announce(scene.house, NEW)
    await scene.publish()
    await tick(scene, 31 * 24)
    assert await refused(scene, replace(NEW, hosts=("elsewhere.test",))) == "supplier.changed"
    assert await refused(scene, replace(NEW, region="US")) == "supplier.changed"


async def test_the_way_out_is_barred_until_it_is_engaged(scene: Scene) -> None:
    db, today = scene.house.db, scene.clock().date()
    assert await engagement.barred(db, [NEW, OLD], today) == {"api.new.test"}  # before the first look too
    await engagement.adopt(scene.house, [NEW, OLD])
    assert await engagement.barred(db, [NEW, OLD], date(2030, 1, 1)) == {"api.new.test"}
    await engagement.announce(scene.house, NEW)
    await scene.publish()
    await tick(scene, 30 * 24)
    assert await engagement.barred(db, [NEW, OLD], today) == {"api.new.test"}
    await engagement.engage(scene.house, NEW)
    assert await engagement.barred(db, [NEW, OLD], today) == frozenset()
    assert await engagement.barred(db, [replace(NEW, hosts=("more.test",)), OLD], today) == {"more.test"}


async def test_who_comes_after_the_first_look_is_not_adopted(scene: Scene) -> None:
    await engagement.adopt(scene.house, [])
    await engagement.adopt(scene.house, [OLD])
    assert await engagement.barred(scene.house.db, [OLD], scene.clock().date()) == {"api.old.test"}


async def test_every_customer_is_told_once_in_its_own_record(scene: Scene) -> None:
    first, second = await customer(scene, "free"), await customer(scene, "business")
    await engagement.announce(scene.house, NEW)
    await engagement.announce(scene.house, NEW)
    for tenant in (first, second):
        async with scene.house.db.transaction(tenant.id) as tx:
            query = "select count(*) as count from trust_fact where tenant = %(tenant)s and subject = %(subject)s"
            (row,) = await tx.all(query, subject=notice.SUBJECT + NEW.id)
        assert row.count == 1


async def test_what_is_withdrawn_is_barred_and_told_and_begins_anew(scene: Scene) -> None:
    tenant = await customer(scene, "free")
    await engagement.adopt(scene.house, [OLD])
    with pytest.raises(NotYetError, match="never_given"):
        await engagement.withdraw(scene.house, NEW.id)
    await engagement.withdraw(scene.house, OLD.id)
    assert await engagement.barred(scene.house.db, [OLD], scene.clock().date()) == {"api.old.test"}
    await engagement.announce(scene.house, OLD)
    await engagement.withdraw(scene.house, OLD.id)
    scene.clock.now += timedelta(days=1)
    await engagement.announce(scene.house, OLD)  # the same words, and yet a notice of its own
    async with scene.house.db.transaction(tenant.id) as tx:
        rows = await tx.all("select action from consequence where tenant = %(tenant)s order by entry")
    told = [row.action.partition(".")[2] for row in rows]
    assert told == ["withdrawn", "announced", "withdrawn", "announced"]
    await scene.publish()
    assert await refused(scene, OLD) == "notice.running"
