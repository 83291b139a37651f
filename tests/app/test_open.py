from pathlib import Path

import psycopg
import pytest

from gatepost import access
from gatepost.app import administer
from gatepost.app.build import second_store, sequencer
from gatepost.app.errors import HouseEndedError
from gatepost.app.open import admin_house, admin_keeper
from gatepost.app.state import Running, StateError, announced, locked, prepare
from gatepost.db import DatabaseUnavailableError
from gatepost.egress import EgressRefusedError, Errand, Purpose
from gatepost.journey import House
from gatepost.record.recover import recover
from gatepost.settings import DatabaseSettings, Settings
from ports import free_port


async def database_of(house: House) -> str:
    async with house.db.transaction(None) as tx:
        return str((await tx.one("select current_database() as name")).name)


async def test_a_configured_database_is_used_as_it_is(tmp_path: Path, app_dsn: str, database_name: str) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    settings = Settings(state=tmp_path, database=DatabaseSettings(dsn=app_dsn))
    async with admin_house(settings) as house:
        assert await database_of(house) == database_name


async def test_a_database_that_is_away_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prepare(tmp_path)
    away = DatabaseSettings(dsn=f"postgresql://gatepost_app@127.0.0.1:{free_port()}/gatepost")
    with pytest.raises(DatabaseUnavailableError):
        async with admin_house(Settings(state=tmp_path, database=away)):
            pass
    assert caplog.messages == []


async def test_a_house_that_is_up_lends_its_database(tmp_path: Path, app_dsn: str, database_name: str) -> None:
    up = Running(
        pid=1,
        base_url="http://127.0.0.1:1/api",
        smtp_host="127.0.0.1",
        smtp_port=2,
        dsn=app_dsn,
        http_port=1,
        metrics_port=3,
    )
    state = prepare(tmp_path)
    with locked(state), announced(state, up):
        async with admin_house(Settings(state=tmp_path)) as house:
            assert await database_of(house) == database_name


async def test_a_house_that_is_still_starting_is_not_disturbed(tmp_path: Path) -> None:
    with locked(prepare(tmp_path)), pytest.raises(StateError, match="another house"):
        async with admin_house(Settings(state=tmp_path)):
            pass


async def test_a_command_changes_nothing_in_a_database_that_lags_behind_its_log(
    tmp_path: Path, app_dsn: str, owner_dsn: str
) -> None:
    prepare(tmp_path)
    settings = Settings(state=tmp_path, database=DatabaseSettings(dsn=app_dsn))
    async with admin_house(settings) as house:
        tenant = await administer.add_tenant(house, name="acme", plan="free")
        await sequencer(settings, house).sequence(tenant.id)
    with psycopg.connect(owner_dsn) as connection:  # restored to the moment before the log's first checkpoint
        connection.execute("delete from checkpoint")
        connection.execute("delete from leaf")
    with pytest.raises(HouseEndedError, match="gatepost log recover"):
        async with admin_house(settings):
            pass
    with pytest.raises(HouseEndedError, match="gatepost log recover"):
        async with admin_keeper(settings):
            pass
    async with admin_keeper(settings, may_lag=True) as (house, keeper):
        second = second_store(settings, house.egress)
        later = house.clock().replace(year=2199)
        await recover(house.db, keeper.own, house.blobs, second, now=later)
    async with admin_house(settings) as house:
        assert [each.name for each in await access.list_tenants(house.db)] == ["acme"]


async def test_what_a_command_was_refused_is_recorded_as_the_houses_own_is(tmp_path: Path, app_dsn: str) -> None:
    prepare(tmp_path)
    settings = Settings(state=tmp_path, database=DatabaseSettings(dsn=app_dsn))
    async with admin_house(settings) as house:
        tenant = (await administer.add_tenant(house, name="acme", plan="free")).id
        with pytest.raises(EgressRefusedError):
            house.egress.check_spelled(Errand(Purpose.EXPORT, "", tenant), "localhost", 443)
    async with admin_house(settings, may_lag=True) as house, house.db.transaction(tenant) as tx:
        row = await tx.one("select count(*) as count from entry where tenant = %(tenant)s and kind = 'egress'")
    assert row.count == 1


async def test_a_command_may_reach_what_the_house_tried_out_beside_it_may(tmp_path: Path, app_dsn: str) -> None:
    up = Running(pid=1, base_url="http://x/api", smtp_host="x", smtp_port=2, dsn=app_dsn, http_port=1, metrics_port=3)
    state = prepare(tmp_path)
    with locked(state), announced(state, up):
        async with admin_house(Settings(state=tmp_path)) as house:
            assert {str(each) for each in house.egress.register.allow_private} == {"127.0.0.0/8", "::1/128"}
    async with admin_house(Settings(state=tmp_path, database=DatabaseSettings(dsn=app_dsn))) as house:
        assert house.egress.register.allow_private == ()
