"""Reach the house of a state folder from a command: the one that is up, or its data while none is."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gatepost.app.build import embedded_postgres, open_house
from gatepost.app.keeping import open_keeper
from gatepost.app.state import locked, prepare, running
from gatepost.journey import House
from gatepost.settings import Settings
from gatepost.upkeep.retention import Keeper


@asynccontextmanager
async def admin_house(settings: Settings) -> AsyncIterator[House]:
    """Yield the house for one administrative command.

    A configured database is used as it is. With the embedded one, a house that is up lends its PostgreSQL; otherwise
    PostgreSQL is started for the time the command takes.
    """
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_house(settings, _reach(settings, stack)))


@asynccontextmanager
async def admin_keeper(settings: Settings) -> AsyncIterator[tuple[House, Keeper]]:
    """Yield the house and its keeper, likewise."""
    async with AsyncExitStack() as stack:
        dsn = _reach(settings, stack)
        house = await stack.enter_async_context(open_house(settings, dsn))
        yield house, await stack.enter_async_context(open_keeper(settings, house, dsn))


def _reach(settings: Settings, stack: AsyncExitStack) -> str:
    if settings.database.dsn:
        return settings.database.dsn
    prepare(settings.state)
    up = running(settings.state)
    if up is not None:
        return up.dsn
    stack.enter_context(locked(settings.state))
    return stack.enter_context(embedded_postgres(settings)).dsn("gatepost_app")
