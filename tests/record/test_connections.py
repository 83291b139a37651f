from datetime import timedelta

import pytest

from gatepost.db import Database
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, Refused, Register, Rule
from gatepost.ids import TenantId
from gatepost.record.connection_store import opened, take_refused
from gatepost.record.connections import connections, settle_connections, write_connections
from outbound import Hands, consequences, entropy
from ways import anywhere

ONE, OPERATOR = TenantId("tn_one"), TenantId("tn_operator")
HOOK = Errand(Purpose.WEBHOOK, "wh_x", ONE)


async def nowhere(_: str) -> list[str]:
    return []


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def egress(clock: Hands) -> Egress:
    return Egress(Register(anywhere()), nowhere, clock)


async def write(db: Database, egress: Egress, operator: TenantId | None = OPERATOR) -> None:
    await write_connections(db, egress, operator=operator, entropy=entropy)


def refuse(egress: Egress, errand: Errand = HOOK, address: str = "127.0.0.1") -> None:
    with pytest.raises(EgressRefusedError):
        egress.admit(errand, "a.example", 443, address)


async def leaves(db: Database, tenant: TenantId) -> list[dict[str, object]]:
    async with db.transaction(tenant) as tx:
        rows = await tx.all(
            "select convert_from(leaf, 'UTF8')::json as leaf from entry"
            " where tenant = %(tenant)s and kind = 'egress' order by id"
        )
    return [row.leaf for row in rows]


async def test_connections_add_up_over_writes_and_belong_to_their_tenant(
    db: Database, egress: Egress, clock: Hands
) -> None:
    began = clock.now
    egress.admit(HOOK, "a.example", 443, "1.1.1.1")
    await write(db, egress)
    clock.move(timedelta(minutes=5))
    egress.admit(HOOK, "a.example", 443, "1.1.1.1")
    egress.admit(Errand(Purpose.DNS), "9.9.9.9", 53, "9.9.9.9")
    await write(db, egress)
    async with db.transaction(ONE) as tx:
        [found] = await connections(tx)
    assert (found.purpose, found.destination) == (Purpose.WEBHOOK, "wh_x")
    assert (found.times.count, found.times.first_at, found.times.last_at) == (2, began, clock.now)
    async with db.transaction(OPERATOR) as tx:
        assert [each.destination for each in await opened(tx)] == ["*:*"]


async def test_the_first_refusal_is_in_the_record_at_once_and_holds_no_name(
    db: Database, egress: Egress, clock: Hands
) -> None:
    refuse(egress)
    await write(db, egress)
    [leaf] = await leaves(db, ONE)
    assert (leaf["action"], leaf["object_ref"], leaf["actor_ref"]) == ("egress.refused", "wh_x", "house")
    detail = leaf["detail"]
    assert isinstance(detail, dict)
    assert (detail["purpose"], detail["rule"], detail["count"]) == ("webhook", "address.loopback", 1)
    assert "a.example" not in str(leaf)
    assert "127.0.0.1" not in str(leaf)
    del clock


async def test_a_thousand_refusals_of_an_hour_are_two_entries(db: Database, egress: Egress, clock: Hands) -> None:
    for _ in range(10):
        for _ in range(100):
            refuse(egress)
        await write(db, egress)
    assert [leaf["detail"]["count"] for leaf in await leaves(db, ONE)] == [100]  # type: ignore[index]  # a dict
    await settle_connections(db, clock.now, entropy=entropy)
    assert len(await leaves(db, ONE)) == 1  # the hour is not over
    clock.move(timedelta(hours=1, minutes=3))
    await settle_connections(db, clock.now, entropy=entropy)
    await settle_connections(db, clock.now, entropy=entropy)
    assert [leaf["detail"]["count"] for leaf in await leaves(db, ONE)] == [100, 900]  # type: ignore[index]  # a dict
    async with db.transaction(ONE) as tx:
        assert await take_refused(tx, clock.now + timedelta(hours=9)) == []


async def test_a_new_hour_another_rule_and_another_id_have_entries_of_their_own(
    db: Database, egress: Egress, clock: Hands
) -> None:
    refuse(egress)
    refuse(egress, address="169.254.169.254")
    refuse(egress, Errand(Purpose.MAIL, "su_y", ONE), address="10.0.0.1")
    await write(db, egress)
    clock.move(timedelta(hours=1))
    refuse(egress)
    await write(db, egress)
    assert len(await leaves(db, ONE)) == 4
    assert {action for _, action in await consequences(db)} == {"egress.refused"}


async def test_what_cannot_be_written_is_kept_for_the_next_time(db: Database, app_dsn: str, egress: Egress) -> None:
    refuse(egress)
    egress.admit(HOOK, "a.example", 443, "1.1.1.1")
    async with Database.open(app_dsn) as away:
        pass
    await write(away, egress)
    await write(db, egress)
    assert len(await leaves(db, ONE)) == 1
    async with db.transaction(ONE) as tx:
        assert [each.times.count for each in await opened(tx)] == [1]


async def test_the_houses_own_wait_until_there_is_a_tenant(db: Database, egress: Egress) -> None:
    refuse(egress, Errand(Purpose.DNS))
    await write(db, egress, operator=None)
    await write(db, egress)
    [leaf] = await leaves(db, OPERATOR)
    assert leaf["object_ref"] == ""


async def test_refusals_of_tenants_do_not_meet(db: Database, egress: Egress) -> None:
    refuse(egress)
    refuse(egress, Errand(Purpose.WEBHOOK, "wh_x", OPERATOR))
    await write(db, egress)
    assert (len(await leaves(db, ONE)), len(await leaves(db, OPERATOR))) == (1, 1)
    assert Refused(ONE, Purpose.WEBHOOK, "wh_x", Rule.LOOPBACK) not in egress.take().refused
