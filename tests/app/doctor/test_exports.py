from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gatepost.app.administer import add_tenant
from gatepost.app.collect import metrics
from gatepost.app.doctor import exports
from gatepost.app.doctor.finding import Finding, Level
from gatepost.db import Database
from gatepost.doors.metrics import render
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.upkeep import siem
from outbound import Hands
from outbound import house as built

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def house(db: Database, tmp_path: Path) -> House:
    return built(db, tmp_path, Hands())


@pytest.fixture
async def tenant(house: House) -> TenantId:
    made = await add_tenant(house, name="acme", plan="free")
    place = siem.Place(url="https://collector.example", credential="")
    wanted = siem.Wanted(kind=siem.Kind.OTLP, format=siem.Format.NATIVE, place=place)
    async with house.db.transaction(made.id) as tx:
        await siem.add(tx, house, wanted, actor="ky_1")
    return made.id


def put(owner_dsn: str, **columns: object) -> None:
    with psycopg.connect(owner_dsn) as owner:
        for name, value in columns.items():
            owner.execute(sql.SQL("update export_destination set {} = %s").format(sql.Identifier(name)), [value])


def behind(owner_dsn: str, tenant: TenantId, since: timedelta) -> None:
    """Give the tenant's first entry its place in the log, written so long ago."""
    with psycopg.connect(owner_dsn) as owner:
        row = owner.execute("select id from entry where tenant = %s order by id limit 1", [tenant]).fetchone()
        assert row is not None
        owner.execute("insert into leaf (tenant, leaf_index, entry) values (%s, 0, %s)", [tenant, row[0]])
        owner.execute("alter table entry disable trigger user")
        owner.execute("update entry set at = %s where id = %s", [NOW - since, row[0]])


async def found(house: House) -> list[Finding]:
    return await exports.look(house.db, NOW)


async def test_nothing_exported_and_all_taken_need_nothing(house: House) -> None:
    assert [each.level for each in await found(house)] == [Level.OK]


@pytest.mark.usefixtures("tenant")
async def test_all_taken_needs_nothing(house: House) -> None:
    assert [each.said for each in await found(house)] == ["1 destinations of the record take what they are sent"]


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("events.all_refused", "--past-refused"),
        ("egress.refused.address.private", "docs/egress.md"),
        ("otlp.http_401", "gatepost export change"),
    ],
)
async def test_a_stopped_destination_fails_with_whose_it_is_and_the_way_on(
    house: House, tenant: TenantId, owner_dsn: str, reason: str, step: str
) -> None:
    put(owner_dsn, is_stopped=True, reason=reason)
    [one] = await found(house)
    assert (one.check, one.level) == ("exports.running", Level.FAILURE)
    assert "of acme has stopped" in one.said
    assert reason in one.said
    assert step in one.next_step
    assert f"-t {tenant}" in one.next_step


async def test_one_that_is_behind_is_a_warning_with_why(house: House, tenant: TenantId, owner_dsn: str) -> None:
    behind(owner_dsn, tenant, timedelta(minutes=20))
    [one] = await found(house)
    assert (one.check, one.level) == ("exports.lag", Level.WARNING)
    assert "20 minutes old: it takes what it is sent" in one.said
    put(owner_dsn, failures=3, reason="receiver.unreachable")
    [one] = await found(house)
    assert "the last attempt failed (receiver.unreachable)" in one.said


async def test_what_waits_for_a_moment_is_no_finding(house: House, tenant: TenantId, owner_dsn: str) -> None:
    behind(owner_dsn, tenant, timedelta(minutes=5))
    assert [each.level for each in await found(house)] == [Level.OK]


@pytest.mark.usefixtures("tenant")
async def test_what_was_refused_or_needs_a_look_is_a_warning(house: House, owner_dsn: str) -> None:
    put(owner_dsn, rejected=2, alert="otlp.rejected")
    first, second = await found(house)
    assert (first.check, first.level, "2 more that it did not name" in first.said) == (
        "exports.refused",
        Level.WARNING,
        True,
    )
    assert "otlp.rejected" in second.said


async def test_the_metrics_count_destinations_by_kind_and_name_nobody(
    house: House, tenant: TenantId, owner_dsn: str, tmp_path: Path
) -> None:
    behind(owner_dsn, tenant, timedelta(minutes=20))
    put(owner_dsn, is_stopped=True, reason="otlp.http_401", rejected=2, alert="otlp.rejected")
    told = render(await metrics(house, tmp_path, {})).splitlines()
    assert 'gatepost_exports{kind="otlp",state="stopped"} 1' in told
    assert 'gatepost_exports{kind="otlp",state="running"} 0' in told
    assert 'gatepost_exports{kind="splunk",state="stopped"} 0' in told
    assert 'gatepost_export_lag_entries{kind="otlp"} 1' in told
    assert 'gatepost_export_rejected{kind="otlp"} 2' in told
    assert 'gatepost_export_alerts{kind="otlp"} 1' in told
    [age] = [line for line in told if line.startswith('gatepost_export_lag_seconds{kind="otlp"}')]
    assert float(age.split()[1]) >= 1200
    assert not [line for line in told if tenant in line or "acme" in line]
