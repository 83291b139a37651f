"""A house with two tenants behind the REST door, on real PostgreSQL."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from doors.rest.scene import FakeClock, Tenancy, Zone, entropy
from gatepost import access
from gatepost.access import Role
from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.db.launcher import Cluster
from gatepost.egress import NextHop
from gatepost.ids import TenantId, token
from gatepost.jobs import Jobs
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.mail.own_ids import OwnIds
from gatepost.record.publish import Sequencer
from gatepost.upkeep.retention import Keeper, Plans, Roll
from ways import way_out


@pytest.fixture(scope="session")
def database_name(cluster: Cluster) -> Iterator[str]:
    """One database for all of this folder's tests: each makes tenants of its own, and tenants do not meet."""
    owner = cluster.dsn("gatepost_owner").replace("dbname=gatepost", "dbname=postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        name = f"rest_door_{os.urandom(4).hex()}"  # other folders borrow this fixture, and each makes its own
        connection.execute(f"create database {name} template gatepost".encode())
        yield name
        connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def house(db: Database, accepting: Database, tmp_path: Path, clock: FakeClock) -> House:
    return House(
        db=db,
        accepting=accepting,
        dns=Zone(),
        blobs=Blobs.open((tmp_path / "blobs").as_uri()),
        jobs=Jobs(db, clock),
        keyring=db.keys.keyring,
        own_ids=OwnIds(bytes(32)),
        clock=clock,
        past=clock,
        entropy=entropy,
        egress=way_out(),
        hostname="mail.house.test",
        next_hop=NextHop("127.0.0.1", 1),
    )


@pytest.fixture
async def keeper(house: House, app_dsn: str, tmp_path: Path) -> AsyncIterator[Keeper]:
    """Who erases and holds in that house."""
    second = Blobs.open((tmp_path / "second").as_uri())
    origin = f"{house.hostname}/log"
    sequencer = Sequencer(house.db, house.blobs, house.blobs, house.keyring, house.clock, house.entropy, origin)

    async def sequenced(tenant: TenantId) -> int:
        await sequencer.sequence(tenant)
        return 0

    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), house.db.keys) as own:
        yield Keeper(
            db=house.db,
            own=own,
            blobs=house.blobs,
            roll=Roll(tmp_path, second),
            plans=Plans({"free": 7}, other_days=0),
            sequence=sequenced,
            clock=house.clock,
            past=house.past,
            entropy=house.entropy,
        )


async def _tenancy(house: House, tenant: TenantId | None, address: str) -> Tenancy:
    """Make a mailbox with a key of each role; in a new tenant where none is given."""
    parsed = Address.parse(address)
    bound = tenant or TenantId(token("tn", house.entropy(10)))
    async with house.db.transaction(bound) as tx:
        if tenant is None:
            await access.add_tenant(tx, name=parsed.domain, plan="free", at=house.clock())
        made = await access.add_account(tx, parsed, at=house.clock())
        tenancy = Tenancy(bound, made.id, parsed)
        for role in Role:
            account = made.id if role is Role.AGENT else None
            key, text = await access.add_key(
                tx, role, account=account, label=role.value, at=house.clock(), entropy=house.entropy
            )
            tenancy.keys[role], tenancy.key_ids[role] = text, key.id
    return tenancy


@pytest.fixture
async def ours(house: House) -> Tenancy:
    """The tenant whose keys the test holds."""
    return await _tenancy(house, None, "agent@ours.test")


@pytest.fixture
async def theirs(house: House) -> Tenancy:
    """Somebody else."""
    return await _tenancy(house, None, "agent@theirs.test")


@pytest.fixture
async def neighbour(house: House, theirs: Tenancy) -> Tenancy:
    """A second mailbox of that somebody."""
    return await _tenancy(house, theirs.tenant, "second@theirs.test")
