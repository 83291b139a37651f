"""Counts on a real PostgreSQL, of real tenants."""

from datetime import timedelta
from pathlib import Path

import psycopg

from decide.scene import NOON
from gatepost import decide
from gatepost.app.administer import add_tenant
from gatepost.db import Database
from gatepost.decide import past_store
from gatepost.decide.paper import Mark
from gatepost.ids import AccountId, EmailId
from outbound import Hands
from outbound import house as built


async def test_counts_go_once_no_window_reaches_them(db: Database, tmp_path: Path, owner_dsn: str) -> None:
    house = built(db, tmp_path, Hands())
    tenants = [await add_tenant(house, name=name, plan="free") for name in ("one", "two")]
    for tenant in tenants:
        async with db.transaction(tenant.id) as tx:
            for number, age in enumerate((timedelta(days=9), timedelta(days=8, seconds=1), timedelta(days=1))):
                mark = Mark("a@b.example", "", "")
                email, windows = EmailId(f"em_{number}"), ("domain\nb.example",)
                counted = past_store.Delivered(AccountId(1), mark, email, NOON - age, windows)
                past_store.add_delivered(tx, [counted])
    await decide.forget_counts(db, NOON)
    with psycopg.connect(owner_dsn) as connection:
        left = connection.execute("select tenant, email from delivered_message order by tenant").fetchall()
        others = connection.execute("select tenant, email from counted_message order by tenant").fetchall()
    assert left == others == sorted((tenant.id, "em_2") for tenant in tenants)
