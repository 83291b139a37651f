"""The check that ends every journey can fail: each law is broken once, behind the house's back."""

from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from gatepost.db import Database
from gatepost.journey import House
from gatepost.mailbox import BodyMissingError
from invariants import check
from journeys.scene import set_scene
from outbound import TENANT


@pytest.fixture
async def house(db: Database, tmp_path: Path) -> House:
    """A house that has kept a mail and answered it, and holds to every law."""
    scene = await set_scene(db, tmp_path)
    await scene.listen("http://127.0.0.1:9/hook")
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    await scene.boss_writes(header="From: eve@evil.example\r\n")
    await check(scene.house, TENANT)
    return scene.house


@pytest.mark.parametrize(
    ("crime", "law"),
    [
        ("delete from email", "kept: False"),
        ("update email set id = 'em_other'", "kept: False"),
        ("update decision_row set disposition = 'hold' where direction = 'inbound'", "kept: True"),
        ("insert into delivered_message select tenant, account, sender, at, 'em_x' from delivered_message", "window"),
        ("insert into delivered_message select * from delivered_message", "twice"),
        ("delete from submission", "deliver"),
        ("update submission set email = (select id from email)", "without leave"),
        ("delete from consequence", "0 entries say it was queued"),
        ("update event set email = 'em_x'", "about nothing"),
        ("update entry set leaf = leaf || ' ' where kind = 'reply'", "its leaf is not the one in the log"),
    ],
)
async def test_a_broken_law_is_found(house: House, owner_dsn: str, crime: LiteralString, law: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_dsn) as connection:
        await connection.execute(crime)
    with pytest.raises(AssertionError, match=law):
        await check(house, TENANT)


async def test_a_body_that_is_gone_is_found(house: House, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("delete from body")
    with pytest.raises(BodyMissingError):
        await check(house, TENANT)
