"""Queues put back to an older moment beside a record that knows what became of them: a house after ``log recover``."""

from dataclasses import dataclass

import psycopg

from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import LeafIndex
from gatepost.journey import House
from gatepost.record import log_store
from gatepost.upkeep import restored
from outbound import TENANT

QUEUES = (
    "submission",
    "submission_claim",
    "hold",
    "hold_asked",
    "waiting_message",
    "telling",
    "petition",
    "turn",
    "turn_step",
    "job",
    "person",
    "api_key",
)


@dataclass
class Backup:
    """What a database held at a moment, but for its record."""

    owner_dsn: str
    size: LeafIndex

    def put_back(self) -> None:
        with psycopg.connect(self.owner_dsn) as connection:
            for name in reversed(QUEUES):
                connection.execute(f"delete from {name}".encode())  # noqa: S608  # above
            for name in reversed(QUEUES):
                query = f"insert into {name} overriding system value select * from older_{name}"  # noqa: S608  # above
                connection.execute(query.encode())

    async def recover(self, house: House, entropy: Entropy) -> int:
        """Put the queues back, and hold them to the record as ``log recover`` does."""
        await place(house.db)
        self.put_back()
        async with house.db.transaction(TENANT) as tx:
            return await restored.settle(tx, self.size, at=house.clock(), entropy=entropy)


async def place(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await log_store.assign(tx, 10_000)


async def backup(db: Database, owner_dsn: str) -> Backup:
    await place(db)
    with psycopg.connect(owner_dsn) as connection:
        for name in QUEUES:
            connection.execute(f"create table older_{name} as table {name}".encode())
    async with db.transaction(TENANT) as tx:
        return Backup(owner_dsn, LeafIndex(await log_store.size(tx)))
