"""Rows that the database does not take, in any place of a commit: the others are committed, once, in order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import combinations
from pathlib import Path

import psycopg
import pytest

from arrive.loopback import Client, served
from arrive.playbook import Hamlet
from gatepost.arrive.paper import Arrived
from gatepost.arrive.reply import Reply
from gatepost.db import Database
from gatepost.deliver.paper import CarriedOut
from gatepost.doors.smtp import reply_for
from journeys.scene import Scene, open_scene
from outbound import TENANT

COUNT = 6
PLACES = [(0,), (COUNT // 2,), (COUNT - 1,), *combinations((0, 2, 3, COUNT - 1), 2)]  # first, middle, last, and two
TABLES = {
    "email": "new.id",
    "body": "new.email",
    "decision_row": "new.email",
}
"""Where a row may be refused, and what names its email there."""


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path) as scene:
        yield scene


def poison(owner_dsn: str, table: str, emails: Sequence[str]) -> None:
    """Let the database refuse any row of these emails in that table."""
    names = ", ".join(f"'{email}'" for email in emails)
    with psycopg.connect(owner_dsn) as owner:
        bad = f"{TABLES[table]} in ({names})"
        owner.execute(
            "create function refuse() returns trigger language plpgsql as"
            f" $$ begin if {bad} then raise exception 'poison'; end if; return new; end $$".encode()
        )
        owner.execute(f"create trigger refuse before insert on {table} for each row execute function refuse()".encode())


async def _entries(scene: Scene) -> list[str]:
    """Return the decided emails in the order of their entries."""
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select email from decision_row where tenant = %(tenant)s order by entry")
    return [row.email for row in rows]


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize("places", PLACES, ids=str)
async def test_the_others_are_committed_once_and_in_order(
    scene: Scene, owner_dsn: str, places: tuple[int, ...], table: str
) -> None:
    emails = [f"em_{number + 1:016}" for number in range(COUNT)]
    poison(owner_dsn, table, [emails[place] for place in places])
    found = await asyncio.gather(*(scene.boss_writes() for _ in range(COUNT)), return_exceptions=True)
    failed = [place for place, each in enumerate(found) if isinstance(each, psycopg.errors.RaiseException)]
    assert failed == list(places)
    assert all(isinstance(each, CarriedOut) for place, each in enumerate(found) if place not in places)
    assert await _entries(scene) == [email for place, email in enumerate(emails) if place not in places]


async def test_a_client_whose_row_is_poison_is_asked_to_try_again_and_the_others_hear_250(
    scene: Scene, owner_dsn: str
) -> None:
    """Through the SMTP door: what the poisoned one hears, and that nobody else hears of it."""
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("create table poisoned (email text)")
        owner.execute(
            "create function refuse() returns trigger language plpgsql security definer as $$ begin"
            " if new.id in (select email from poisoned) then raise exception 'poison'; end if; return new; end $$"
        )
        owner.execute("create trigger refuse before insert on email for each row execute function refuse()")

    async def carry(arrived: Arrived) -> Reply:
        if isinstance(arrived.raw, bytes) and b"poison" in arrived.raw:  # a sealed row does not tell by itself
            async with await psycopg.AsyncConnection.connect(owner_dsn) as owner:
                await owner.execute("insert into poisoned values (%s)", (arrived.email,))
        return reply_for(await scene.boss_writes(raw=arrived.raw, blob=arrived.blob, email=arrived.email))

    async with served(Hamlet(), receive=carry) as (_, port):
        clients = [await Client.greeted(port) for _ in range(COUNT)]
        subjects = ["fine" if number % 3 else "poison" for number in range(COUNT)]
        letters = [f"Subject: {subject}\r\nFrom: boss@example.org\r\n\r\nx\r\n" for subject in subjects]
        answers = await asyncio.gather(
            *(client.deliver(letter) for client, letter in zip(clients, letters, strict=True))
        )
        for client in clients:
            await client.close()
    expected = ["451 4.3.0" if subject == "poison" else "250 2.0.0" for subject in subjects]
    assert [answer[:9] for answer in answers] == expected
    assert len(await _entries(scene)) == expected.count("250 2.0.0")
