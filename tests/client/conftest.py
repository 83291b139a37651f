"""The client against a served house with a herald: the REST door's house and tenants."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from doors.rest.conftest import clock, database_name, house, ours, theirs
from doors.rest.scene import POLICY, Tenancy, served, set_policy
from gatepost import act
from gatepost.doors import rest
from gatepost.journey import House

__all__ = ["clock", "database_name", "house", "ours", "theirs"]


@pytest.fixture
async def base_url(house: House, ours: Tenancy) -> AsyncIterator[str]:  # a fixture is asked for by its name
    await set_policy(house, ours, {**POLICY, "onItsOwn": ["search_mail"]})
    stop = asyncio.Event()
    async with served(rest.build(house)) as url, asyncio.TaskGroup() as group:
        group.create_task(act.Herald(house).run(stop))
        yield f"{url}/api"
        house.streams.close()
        stop.set()
