from dataclasses import replace
from pathlib import Path

import pytest

from app.running import settings_in, up
from gatepost.app.chores import replay_before_doors
from gatepost.app.errors import HouseEndedError
from gatepost.app.keeping import open_keeper, plans_of
from gatepost.db import DatabaseUnavailableError
from gatepost.db.launcher import Cluster
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import RetentionSettings, Settings
from gatepost.upkeep.retention.paper import Erasure


def test_the_plans_are_those_of_the_settings() -> None:
    plans = plans_of(Settings(retention=RetentionSettings(free_days=3, other_days=0)))
    assert [plans.days_for(plan) for plan in ("free", "developer", "team", "business", "enterprise", "?")] == [
        3,
        30,
        365,
        2557,
        2557,
        None,
    ]


async def test_the_keeper_comes_in_as_its_own_role_and_the_house_does_not(
    house: House, tmp_path: Path, app_dsn: str
) -> None:
    async with open_keeper(settings_in(tmp_path), house, app_dsn) as keeper:
        (who,) = await keeper.own.look_up("select current_user as name")
        (serves,) = await keeper.db.look_up("select current_user as name")
        assert (who.name, serves.name) == ("gatepost_keeper", "gatepost_app")
        assert await keeper.sequence(TenantId("tn_none")) == 0


async def test_a_keeper_that_is_not_let_in_costs_no_mail_but_no_door_opens_on_what_was_erased(
    house: House, tmp_path: Path, app_dsn: str, cluster: Cluster
) -> None:
    settings = settings_in(tmp_path)
    nobody = cluster.dsn("gatepost_nobody")
    shut = replace(settings, database=replace(settings.database, keeper_dsn=nobody))
    async with up(shut, app_dsn):
        pass
    async with open_keeper(settings, house, app_dsn) as keeper:
        erasure = Erasure(
            tenant=TenantId("tn_a"), request="er_1", at=house.clock(), actor="x", name="", sender="", keys=(1,)
        )
        await keeper.roll.add(erasure)
    async with open_keeper(shut, house, app_dsn) as keeper:
        fast = replace(keeper, own=keeper.own)
        with pytest.raises((HouseEndedError, DatabaseUnavailableError), match="keeper_dsn"):
            await replay_before_doors(fast)
