"""A restore, as PostgreSQL sees it: the rows of before are there again, and the key store may be too."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.db import Database
from gatepost.keys import KeyStore
from gatepost.upkeep.retention import erase_person, replay
from outbound import BOSS, TENANT
from upkeep.retention.scene import Full, Kept, keeper_of


async def _life(kept: Kept) -> None:
    await kept.scene.boss_asks()
    await kept.scene.boss_asks(text="large\r\n" * 20_000)
    await kept.index()


TABLES = ("email", "body", "opening", "email_words", "submission")


def _save(owner: psycopg.Connection[Any]) -> None:
    """Make a backup, inside the database itself."""
    for table in TABLES:
        query = sql.SQL("create table {} as select * from {}")
        owner.execute(query.format(sql.Identifier(f"saved_{table}"), sql.Identifier(table)))


def _restore(owner: psycopg.Connection[Any]) -> None:
    """Bring back what was there then, and take away what came since: it knows of no erasure."""
    for table in TABLES:
        query = sql.SQL("insert into {} overriding system value select * from {} on conflict do nothing")
        owner.execute(query.format(sql.Identifier(table), sql.Identifier(f"saved_{table}")))
    owner.execute("delete from erasure")
    owner.execute("delete from entry where kind = 'erasure'")
    for table in ("leaf", "consequence", "opening", "unsequenced"):
        query = sql.SQL("delete from {} where entry not in (select id from entry)")
        owner.execute(query.format(sql.Identifier(table)))


async def test_nothing_is_asked_where_nobody_was_ever_erased(kept: Kept) -> None:
    await kept.scene.boss_asks()
    assert await replay(replace(kept.keeper, own=kept.keeper.db)) == 0  # the serving role could do nothing


async def test_a_restored_database_and_key_store_forget_again(
    kept: Kept, tmp_path: Path, owner_dsn: str, app_dsn: str
) -> None:
    await _life(kept)
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "keys", backup)
    with psycopg.connect(owner_dsn) as owner:
        _save(owner)
    done = await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    with psycopg.connect(owner_dsn) as owner:
        _restore(owner)
    shutil.copy(tmp_path / "keys" / "erasures.jsonl", backup / "erasures.jsonl")
    store = KeyStore.open(backup, os.urandom)
    try:
        async with (
            Database.open(app_dsn, store) as db,
            Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), store) as own,
        ):
            house = replace(kept.house, db=db)
            restored = keeper_of(replace(kept.scene, house=house), own, tmp_path)
            before = await restored.rows()
            assert before["email"] == 2
            async with db.transaction(TENANT) as tx:
                row = await tx.one("select id, sealed from email where tenant = %(tenant)s limit 1")
                assert tx.vault.open(f"email/{row.id}", bytes(row.sealed))  # it opens: the restore was a whole one
            assert await replay(restored.keeper) == 1
            after = await restored.rows()
            assert {name: after[name] for name in ("email", "body", "email_words")} == {
                "email": 0,
                "body": 0,
                "email_words": 0,
            }
            (leaf,) = await restored.leaves("person.erased")
            assert leaf["object_ref"] == done.request
            assert await replay(restored.keeper) == 0
    finally:
        store.close()


async def test_an_erasure_that_was_cut_off_is_finished(kept: Kept) -> None:
    await _life(kept)
    stuck = replace(kept.keeper, blobs=Blobs(Full(kept.scene.folder)))
    with pytest.raises(BlobsUnavailableError):
        await erase_person(stuck, TENANT, BOSS, actor="operator")
    assert (await kept.rows())["email"] == 2
    assert await replay(kept.keeper) == 1
    assert (await kept.rows())["email"] == 0
    assert (await kept.verified()).findings == []
