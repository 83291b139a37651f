import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatepost import settings
from gatepost.app import administer, lifetime
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import Settings


@pytest.fixture
async def operator(house: House) -> TenantId:
    return (await administer.add_tenant(house, name="operator", plan="team")).id


def state_in(folder: Path, **changed: Any) -> Settings:
    return replace(settings.Settings(), state=folder, **changed)


async def told(house: House, operator: TenantId) -> list[tuple[str, Any]]:
    async with house.db.transaction(operator) as tx:
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
    leaves = [json.loads(row.leaf) for row in rows]
    return [(leaf["action"], leaf["detail"]) for leaf in leaves][1:]  # without the tenant's own making


async def test_a_life_begins_and_ends_in_the_record(house: House, operator: TenantId, tmp_path: Path) -> None:
    await lifetime.note_start(state_in(tmp_path), house)
    await lifetime.note_restart(house, 137)
    await lifetime.note_stop(house)
    written = await told(house, operator)
    assert [action for action, _ in written] == ["house.start", "house.migrate", "postgres.restart", "house.stop"]
    assert written[0][1]["changed"] == []
    assert "0240" in written[1][1]["applied"]
    assert written[2][1] == {"code": 137}


async def test_the_database_knows_at_a_stop_what_keys_were_made(house: House) -> None:
    house.db.keys.lasting("tn_new")
    await lifetime.note_stop(house)
    (row,) = await house.db.look_up("select lookup_keys_made(%(store)s, 0) as made", store=house.db.keys.id)
    assert row.made == house.db.keys.ever_made > 0


async def test_a_start_names_the_settings_that_are_new_and_no_value(
    house: House, operator: TenantId, tmp_path: Path
) -> None:
    before = state_in(tmp_path)
    await lifetime.note_start(before, house)
    await lifetime.note_start(before, house)
    await lifetime.note_start(state_in(tmp_path, hostname="very.secret.example"), house)
    starts = [detail["changed"] for action, detail in await told(house, operator) if action == "house.start"]
    assert starts == [[], [], ["hostname"]]
    assert "secret" not in (tmp_path / lifetime.SEEN).read_text()
    assert "secret" not in json.dumps(await told(house, operator))


async def test_a_migration_is_told_once(house: House, operator: TenantId, tmp_path: Path) -> None:
    for _ in range(2):
        await lifetime.note_schema(state_in(tmp_path), house)
    assert [action for action, _ in await told(house, operator)] == ["house.migrate"]


async def test_a_house_without_a_tenant_has_no_record_and_starts_all_the_same(house: House, tmp_path: Path) -> None:
    await lifetime.note_start(state_in(tmp_path), house)
    await lifetime.note_stop(house)


async def test_a_damaged_note_of_the_last_start_is_no_hindrance(
    house: House, operator: TenantId, tmp_path: Path
) -> None:
    (tmp_path / lifetime.SEEN).write_text("{")
    await lifetime.note_start(state_in(tmp_path), house)
    assert [action for action, _ in await told(house, operator)] == ["house.start", "house.migrate"]
