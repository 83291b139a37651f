"""Grants on a real PostgreSQL."""

import psycopg

from decide.scene import ACCOUNT, BOSS, NOON, TENANT
from gatepost.db import Database
from gatepost.decide import grant_store
from gatepost.decide.grant_store import Issued
from gatepost.decide.paper import TokenBudget
from gatepost.ids import EmailId, ThreadId
from gatepost.keys import KeyStore, Kind


def issued(email: str, *capabilities: str) -> Issued:
    return Issued(
        account=ACCOUNT,
        email=EmailId(email),
        thread=ThreadId("th_1"),
        sender=BOSS.key,
        rule=2,
        policy_version=3,
        capabilities=capabilities,
        budget=TokenBudget(1, None, 3, 4),
        issued_at=NOON,
        expires_at=NOON,
        subject=BOSS.key,
    )


async def add(db: Database, *given: Issued) -> None:
    async with db.transaction(TENANT) as tx:
        grant_store.add(tx, given)


async def of_thread(db: Database, email: str) -> list[Issued]:
    async with db.transaction(TENANT) as tx:
        return await grant_store.of_thread(tx, ACCOUNT, EmailId(email))


async def test_a_grant_comes_back_as_it_was_written_and_is_written_once(db: Database) -> None:
    await add(db, issued("em_1", "send"))
    await add(db, issued("em_1", "forward"))
    (found,) = await of_thread(db, "em_1")
    assert (found.capabilities, found.budget, found.sender) == (("send",), TokenBudget(1, None, 3, 4), BOSS.key)
    assert (found.rule, found.policy_version, found.expires_at) == (2, 3, NOON)


async def test_an_erased_grant_grants_nothing(db: Database, keys: KeyStore) -> None:
    await add(db, issued("em_1", "send"))
    keys.destroy(TENANT, Kind.SUBJECT, keys.subject_name(TENANT, BOSS.key))
    (found,) = await of_thread(db, "em_1")
    assert (found.capabilities, found.sender) == ((), "")


async def test_the_tables_say_neither_who_wrote_nor_what_was_granted(db: Database, owner_dsn: str) -> None:
    await add(db, issued("em_1", "own-word"))
    with psycopg.connect(owner_dsn) as connection:
        row = str(connection.execute("select message_grant::text from message_grant").fetchall())
    assert "em_1" in row
    assert "boss" not in row
    assert b"own-word".hex() not in row
