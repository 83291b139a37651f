"""A process of its own that reserves one budget as often as it can: ``budget_spender.py DSN KEYS TIMES DIE``."""

import asyncio
import os
import sys
from pathlib import Path

from decide.scene import NOON, TENANT
from decide.test_budget import grant
from gatepost.db import Database
from gatepost.decide import budget
from gatepost.decide.budget import Reservation
from gatepost.decide.paper import TokenBudget
from gatepost.keys import KeyStore

LIMIT = TokenBudget(per_thread=500)


async def spend(dsn: str, keys: Path, times: int) -> int:
    async with Database.open(dsn, KeyStore.open(keys, os.urandom)) as db:

        async def once() -> bool:
            async with db.transaction(TENANT) as tx:
                made = await budget.reserve(tx, grant(limits=LIMIT), 100, at=NOON, entropy=os.urandom)
            return isinstance(made, Reservation)

        return sum(await asyncio.gather(*(once() for _ in range(times))))


if __name__ == "__main__":
    found = asyncio.run(spend(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(f"{found}\n")
    sys.stdout.flush()
    os.kill(os.getpid(), 9)  # dies with what it holds
