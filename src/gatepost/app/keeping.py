"""The keeper of a house: built here, with the one connection that may remove what was recorded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gatepost.app.build import second_store, sequencer
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import Database
from gatepost.db.outside import as_role, through
from gatepost.egress import Egress
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.ledger.errors import LedgerError
from gatepost.record.errors import ForkError
from gatepost.settings import Settings
from gatepost.upkeep.retention import Keeper, Plans, Roll

ROLE = "gatepost_keeper"
CONNECTIONS = 2
ANSWER_S = 600.0
"""To remove what a tenant had for years may take minutes, and nobody waits for it."""


def plans_of(settings: Settings) -> Plans:
    """Return how long each plan keeps."""
    said = settings.retention
    days = {
        "free": said.free_days,
        "developer": said.developer_days,
        "team": said.team_days,
        "business": said.business_days,
        "enterprise": said.enterprise_days,
    }
    return Plans(days, said.other_days)


def roll_of(settings: Settings, egress: Egress) -> Roll:
    """Return the roll of erasures, as it lies beside the keys and on the second store."""
    return Roll(settings.state / "keys", second_store(settings, egress))


@asynccontextmanager
async def open_keeper(settings: Settings, house: House, dsn: str) -> AsyncIterator[Keeper]:
    """Yield the keeper, and take its connections down at the end.

    A database that does not let it in is found out by whoever uses it: mail is taken all the same.

    Args:
        settings: the house's.
        house: what it keeps.
        dsn: the serving role's connection string, which names the same database.
    """
    own = settings.database.keeper_dsn or as_role(dsn, ROLE)
    one = sequencer(settings, house)

    async def sequence(tenant: TenantId) -> int:
        with suppress(BlobsUnavailableError, ForkError, KeyringError, LedgerError):  # for the house itself to say
            return await one.sequence(tenant)
        return -1

    async with Database.open(
        through(house.egress, own), house.db.keys, size=CONNECTIONS, answer_s=ANSWER_S
    ) as database:
        yield Keeper(
            db=house.db,
            own=database,
            blobs=house.blobs,
            roll=roll_of(settings, house.egress),
            plans=plans_of(settings),
            sequence=sequence,
            clock=house.clock,
            past=house.past,
            entropy=house.entropy,
        )
