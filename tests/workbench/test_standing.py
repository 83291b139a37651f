"""What somebody does to a policy behind the house's back is named: every column, every row, both tables."""

import asyncio

import psycopg
import pytest

from gatepost import decide
from gatepost.app import administer
from gatepost.decide import TENANT_WIDE
from gatepost.ids import KeyId
from gatepost.workbench import change, misruled
from gatepost.workbench.change import Wish
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene
KEY = KeyId("ky_1")

NAMED = {
    "policy.tenant": ("'tn_z'", "policy 2 of mailbox {box}: it was put in force, and the table does not have it"),
    "policy.account": ("99", "policy 2 of mailbox {box}: it was put in force, and the table does not have it"),
    "policy.version": ("7", "policy 2 of mailbox {box}: it was put in force, and the table does not have it"),
    "policy.digest": ("'x'", "policy 2 of mailbox {box}: it is not the document that was put in force"),
    "policy.sealed": ("set_byte(sealed, 40, get_byte(sealed, 40) # 1)", "policy 2 of mailbox {box}: its words cannot"),
    "policy.at": ("at - interval '1 day'", "policy 2 of mailbox {box}: the table tells another time than was said"),
    "policy.actor": ("'ky_2'", "policy 2 of mailbox {box}: somebody else did it than was said"),
    "policy.why": ("set_byte(why, 30, get_byte(why, 30) # 1)", "policy 2 of mailbox {box}: its words cannot be read"),
    "policy.signer": (
        "set_byte(signer, 3, get_byte(signer, 3) # 1)",
        "policy 2 of mailbox {box}: its signature is not",
    ),
    "policy.signature": ("repeat('x', 64)::bytea", "policy 2 of mailbox {box}: its signature is not its actor's"),
    "policy_revocation.tenant": ("'tn_z'", "revocation of policy 1 of mailbox {box}: the table does not have it"),
    "policy_revocation.account": ("99", "revocation of policy 1 of mailbox {box}: the table does not have it"),
    "policy_revocation.version": ("2", "revocation of policy 1 of mailbox {box}: the table does not have it"),
    "policy_revocation.at": (
        "at - interval '1 day'",
        "revocation of policy 1 of mailbox {box}: the table tells another",
    ),
    "policy_revocation.actor": ("'ky_2'", "revocation of policy 1 of mailbox {box}: somebody else did it"),
}
"""Each column with a crime, and what is said of it."""


async def _life(scene: Scene) -> None:
    for account, document in (
        (scene.account, {**POLICY, "defaultAction": "drop"}),
        (TENANT_WIDE, {**POLICY, "contentGuards": [], "senders": []}),
    ):
        async with scene.house.db.transaction(scene.tenant) as tx:
            await change.put(tx, scene.house, Wish(account=account, document=document, actor=KEY, why="quieter"))
    assert await administer.revoke_policy(scene.house, scene.tenant, scene.account, 1)
    assert await misruled(scene.house.db, scene.tenant) == []


async def test_every_column_of_both_tables_has_its_crime_and_is_named(scene: Scene, owner_dsn: str) -> None:
    await _life(scene)
    query = """
        select table_name || '.' || column_name from information_schema.columns
        where table_name in ('policy', 'policy_revocation')
    """
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert {name for (name,) in owner.execute(query)} == NAMED.keys()
        for name, (crime, expected) in NAMED.items():
            table, column = name.split(".")
            which = {"policy": "version = 2", "policy_revocation": "version = 1"}[table]
            owner.execute(f"create table spare as select * from {table}".encode())  # noqa: S608  # above
            done = owner.execute(f"update {table} set {column} = {crime} where {which}".encode())  # noqa: S608  # above
            assert done.rowcount == 1, name
            found = await misruled(scene.house.db, scene.tenant)
            assert any(text.startswith(expected.format(box=scene.account)) for text in found), (name, found)
            owner.execute(f"delete from {table}".encode())  # noqa: S608  # above
            owner.execute(f"insert into {table} select * from spare".encode())  # noqa: S608  # above
            owner.execute("drop table spare")
        assert await misruled(scene.house.db, scene.tenant) == []


@pytest.mark.parametrize(
    ("crime", "expected"),
    [
        (
            "update policy set signature = null, signer = null where version = 2 and account <> 0",
            "policy 2 of mailbox {box}: it is not signed, and those since the first that is are",
        ),
        ("delete from policy where version = 2", "policy 2 of mailbox {box}: it was put in force, and the table does"),
        ("delete from policy where account = 0", "policy 1 of the tenant: it was put in force, and the table does not"),
        (
            "update entry set leaf = 'x' where id in (select entry from consequence where action like 'policy.%')",
            "policy 2 of mailbox {box}: no entry put it in force",
        ),
        ("delete from policy_revocation", "revocation of policy 1 of mailbox {box}: the table does not have it"),
        ("delete from consequence where action = 'policy.set'", "policy 2 of mailbox {box}: no entry put it in force"),
        (
            "delete from consequence where action = 'policy.revoke'",
            "revocation of policy 1 of mailbox {box}: no entry said it",
        ),
        (
            (
                "update policy set sealed = other.sealed, digest = other.digest, signature = other.signature"
                " from (select * from policy where version = 1) as other"
                " where policy.account = other.account and policy.version = 2"
            ),
            "policy 2 of mailbox {box}: its words cannot be read",
        ),
    ],
)
async def test_a_row_that_is_gone_or_anothers_is_named(scene: Scene, owner_dsn: str, crime: str, expected: str) -> None:
    await _life(scene)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(crime.encode())
    found = await misruled(scene.house.db, scene.tenant)
    assert any(text.startswith(expected.format(box=scene.account)) for text in found), found


async def test_a_restored_table_is_as_said_again_once_the_policy_is_set_anew(scene: Scene, owner_dsn: str) -> None:
    await _life(scene)
    async with scene.house.db.transaction(scene.tenant) as tx:
        await change.put(tx, scene.house, Wish(account=scene.account, document=POLICY, actor=KEY))
    with psycopg.connect(owner_dsn) as owner:  # as after `gatepost log recover`: the log is ahead of the tables
        owner.execute("delete from policy where version > 1")
        owner.execute("delete from policy where account = 0")
    assert len(await misruled(scene.house.db, scene.tenant)) == 3
    for account in (scene.account, TENANT_WIDE):
        async with scene.house.db.transaction(scene.tenant) as tx:
            document = {**POLICY, "contentGuards": [], "senders": []}
            await change.put(tx, scene.house, Wish(account=account, document=document, actor=KEY))
    assert await misruled(scene.house.db, scene.tenant) == []


async def test_a_policy_that_is_set_meanwhile_is_in_table_and_log(scene: Scene) -> None:
    async def put() -> None:
        for number in range(10):
            async with scene.house.db.transaction(scene.tenant) as tx:
                document = {**POLICY, "auditLog": {"retentionDays": 30 + number}}
                await change.put(tx, scene.house, Wish(account=scene.account, document=document, actor=KEY))

    putting = asyncio.ensure_future(put())
    while not putting.done():
        assert await misruled(scene.house.db, scene.tenant) == []
    await putting
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert len(await decide.policy_history(tx, scene.account)) == 11
