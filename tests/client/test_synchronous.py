"""The client without asyncio: the same file told another way, and it works against a real house."""

import asyncio
import subprocess
import sys
from pathlib import Path

from doors.rest.scene import Tenancy, held, write
from gatepost import act
from gatepost.access.paper import Role
from gatepost.journey import House
from gatepost_client import Client

ROOT = Path(__file__).parents[2]


def test_it_is_what_the_asynchronous_one_says() -> None:
    """After a change: client/unasync.py, then ruff format."""
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, str(ROOT / "client" / "unasync.py"), "--check"], check=False
    )
    assert done.returncode == 0


async def test_a_script_reads_answers_and_follows(house: House, base_url: str, ours: Tenancy) -> None:
    await write(house, ours)

    def script() -> tuple[str, bool]:
        with Client(base_url, ours.agent) as client:
            [summary] = client.messages().items
            sent = client.reply(summary.message_id, "Yes.")
            return client.message(summary.message_id).sender, sent.is_repeat

    assert await asyncio.to_thread(script) == ("boss@boss.test", False)

    def first() -> str:
        with Client(base_url, ours.agent) as client:
            return next(client.follow(cursor=0)).message_id

    async with house.db.transaction(ours.tenant) as tx:
        await act.open_stream(tx, ours.account, house.clock())
        await tx.run("update event_stream_reader set since = 0 where tenant = %(tenant)s")
    email = (await write(house, ours)).recorded.arrived.email
    assert await asyncio.to_thread(first) == email


async def test_a_script_approves_and_denies(house: House, base_url: str, ours: Tenancy) -> None:
    parent = (await write(house, ours)).recorded.arrived.email
    first, second = await held(house, ours, parent, "Yes."), await held(house, ours, parent, "No.")

    def script() -> list[str]:
        with Client(base_url, ours.keys[Role.APPROVER], mailbox_id=ours.account) as client:
            digest = client.hold(first).digest or ""
            return [
                client.approve(first, digest).state,
                client.deny(second).state,
                *map(str, client.each(client.holds)),
            ]

    assert await asyncio.to_thread(script) == ["released", "refused"]
