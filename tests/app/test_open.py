from pathlib import Path

import pytest

from gatepost.app.open import admin_house
from gatepost.app.state import Running, StateError, announced, locked, prepare
from gatepost.journey import House
from gatepost.settings import DatabaseSettings, Settings


async def database_of(house: House) -> str:
    async with house.db.transaction(None) as tx:
        return str((await tx.one("select current_database() as name")).name)


async def test_a_configured_database_is_used_as_it_is(tmp_path: Path, app_dsn: str, database_name: str) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    settings = Settings(state=tmp_path, database=DatabaseSettings(dsn=app_dsn))
    async with admin_house(settings) as house:
        assert await database_of(house) == database_name


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
