"""Counts on a real PostgreSQL, of real tenants."""

from datetime import timedelta
from pathlib import Path

import psycopg

from decide.scene import NOON
from gatepost import decide
from gatepost.app.administer import add_tenant
from gatepost.db import Database
from gatepost.decide import store
from gatepost.ids import AccountId, EmailId
from outbound import Hands
from outbound import house as built


async def test_counts_go_once_no_window_reaches_them(db: Database, tmp_path: Path, owner_dsn: str) -> None:
    house = built(db, tmp_path, Hands())
    tenants = [await add_tenant(house, name=name, plan="free") for name in ("one", "two")]
    for tenant in tenants:
        async with db.transaction(tenant.id) as tx:
            for number, age in enumerate((timedelta(days=3), timedelta(days=2, seconds=1), timedelta(days=1))):
                counted = store.Delivered(AccountId(1), "a@b.example", EmailId(f"em_{number}"), NOON - age)
                store.add_messages(tx, [counted])
    await decide.forget_counts(db, NOON)
    with psycopg.connect(owner_dsn) as connection:
        left = connection.execute("select tenant, email from delivered_message order by tenant").fetchall()
    assert left == sorted((tenant.id, "em_2") for tenant in tenants)
