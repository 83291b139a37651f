"""Reach the house of a state folder from a command: the one that is up, or its data while none is."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

from gatepost.app.build import embedded_postgres, open_house, sequencer
from gatepost.app.errors import HouseEndedError
from gatepost.app.keeping import open_keeper
from gatepost.app.smtp import Operator
from gatepost.app.state import locked, prepare, running
from gatepost.db import DatabaseUnavailableError
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.record.connections import write_connections
from gatepost.record.errors import ForkError
from gatepost.settings import Settings
from gatepost.upkeep.retention import Keeper


@asynccontextmanager
async def admin_house(settings: Settings, *, may_lag: bool = False, older_keys: bool = False) -> AsyncIterator[House]:
    """Yield the house for one administrative command.

    A configured database is used as it is. With the embedded one, a house that is up lends its PostgreSQL; otherwise
    PostgreSQL is started for the time the command takes.

    Args:
        settings: the house's.
        may_lag: for commands that write nothing: also where the database lags behind its own log.
        older_keys: as for ``open_house``.

    Raises:
        HouseEndedError: it does, and may not.
    """
    async with AsyncExitStack() as stack:
        house = await _opened(settings, _reach(settings, stack), stack, older_keys=older_keys)
        await _see_whole(settings, house, may_lag=may_lag)
        if not may_lag:
            stack.push_async_callback(_tell, house)
        yield house


@asynccontextmanager
async def admin_keeper(settings: Settings, *, may_lag: bool = False) -> AsyncIterator[tuple[House, Keeper]]:
    """Yield the house and its keeper, likewise."""
    async with AsyncExitStack() as stack:
        dsn = _reach(settings, stack)
        house = await _opened(settings, dsn, stack)
        await _see_whole(settings, house, may_lag=may_lag)
        if not may_lag:
            stack.push_async_callback(_tell, house)
        yield house, await stack.enter_async_context(open_keeper(settings, house, dsn))


async def _opened(settings: Settings, dsn: str, stack: AsyncExitStack, *, older_keys: bool = False) -> House:
    """Open the house with the ways out it has while it is up: an embedded database is one of `up`."""
    is_embedded = not settings.database.dsn
    return await stack.enter_async_context(open_house(settings, dsn, allow_loopback=is_embedded, older_keys=older_keys))


async def _tell(house: House) -> None:
    """Write down what the command connected to, what was refused, and how many keys there were made."""
    with suppress(DatabaseUnavailableError, KeyringError):
        if house.egress.has_counted:
            operator = await Operator(house).tenant()
            await write_connections(house.db, house.egress, operator=operator, entropy=house.entropy)
        await house.db.note_keys()


async def refuse_lag(settings: Settings, house: House) -> None:
    """Write nothing to a database that lags behind its own log: entries' numbers would be used twice.

    Raises:
        HouseEndedError: it does; the text says what to do.
    """
    try:
        await sequencer(settings, house).look_back()
    except ForkError as error:
        raise HouseEndedError(f"the log: {error}") from error


async def _see_whole(settings: Settings, house: House, *, may_lag: bool) -> None:
    if not may_lag and running(settings.state) is None:  # one that is up has looked itself
        await refuse_lag(settings, house)


@contextmanager
def hushed() -> Iterator[None]:
    """Let psycopg tell nobody of each attempt to connect: the command says once, in a sentence, what was wrong."""
    told = logging.getLogger("psycopg")
    before = told.level
    told.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        told.setLevel(before)


def _reach(settings: Settings, stack: AsyncExitStack) -> str:
    stack.enter_context(hushed())
    if settings.database.dsn:
        return settings.database.dsn
    prepare(settings.state)
    up = running(settings.state)
    if up is not None:
        return up.dsn
    stack.enter_context(locked(settings.state))
    return stack.enter_context(embedded_postgres(settings)).dsn("gatepost_app")
