"""An exporting process of its own, to be killed: ``exporter.py DSN KEYS AHEAD_S``.

It waits a hundredth of the time it should, for acknowledgements above all.

``AHEAD_S``: how far its clock is ahead. The right to serve a destination outlives whoever held it by a minute and a
half; a test that kills does not wait for it.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatepost.clock import Clock, Entropy
from gatepost.db import Database
from gatepost.egress import Egress
from gatepost.keys import KeyStore
from gatepost.upkeep.siem import Exporter
from upkeep.siem.scene import ways

TURN_EVENTS = 7
HURRY = 100


@dataclass
class House:
    """The part of a house that exporting stands on."""

    db: Database
    egress: Egress
    clock: Clock
    entropy: Entropy


async def export(dsn: str, keys: Path, ahead: timedelta) -> None:
    """Export in small turns, until killed."""

    def clock() -> datetime:
        return datetime.now(UTC) + ahead  # noqa: TID251  # this is a program

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)

    store = KeyStore.open(keys, os.urandom)
    async with Database.open(dsn, store) as db:
        await db.reach()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        house = House(db, ways(clock), clock, os.urandom)
        await Exporter(house, sleep, turn_events=TURN_EVENTS).run(asyncio.Event())


if __name__ == "__main__":
    dsn, keys, ahead_s = sys.argv[1:]
    asyncio.run(export(dsn, Path(keys), timedelta(seconds=int(ahead_s))))
