"""A process of its own that sends as often as it can: ``sender_at_once.py DSN KEYS FOLDER ACCOUNT PARENT TIMES``."""

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gatepost import journey
from gatepost.db import Database
from gatepost.ids import AccountId, EmailId
from gatepost.keys import KeyStore
from gatepost.mail.address import Address
from gatepost.reply import Letter, ReplyRefusedError, Voice
from journeys.scene import DNS, KEY, Scene
from outbound import TENANT, Hands, house


async def send(dsn: str, keys: Path, folder: Path, account: AccountId, parent: EmailId, times: int) -> int:
    """Return how many were let go: answers to one message, or letters of two recipients each."""
    async with Database.open(dsn, KeyStore.open(keys, os.urandom), timeout_s=60) as db:  # many wait for few at once
        built = replace(house(db, folder, Hands(), dns=DNS), entropy=os.urandom)
        scene = Scene(built, Hands(), account, folder)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)

        async def once(number: int) -> bool:
            text = f"Answer {number} of {os.getpid()}."
            with suppress(ReplyRefusedError):
                if parent:
                    await scene.agent_says(parent, text, Voice.REPLY)
                else:
                    to = tuple(map(Address.parse, ("ann@customer.example", "bob@customer.example")))
                    await journey.send(
                        Letter(tenant=TENANT, account=account, submitter=KEY, to=to, subject="Order", text=text), built
                    )
                return True
            return False

        return sum(await asyncio.gather(*map(once, range(times))))


if __name__ == "__main__":
    dsn, keys, folder, account, parent, times = sys.argv[1:]
    found = send(dsn, Path(keys), Path(folder), AccountId(int(account)), EmailId(parent), int(times))
    sys.stdout.write(f"{asyncio.run(found)}\n")
