"""Petitions on a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg

from gatepost.act.petition import store
from gatepost.act.petition.paper import Kind, Petition, State
from gatepost.db import Database
from gatepost.ids import EmailId, PetitionId, TenantId
from gatepost.keys import KeyStore
from gatepost.keys import Kind as KeyKind
from outbound import ACCOUNT, NOW, TENANT

PETITION = Petition(
    id=PetitionId("pt_1"),
    account=ACCOUNT,
    kind=Kind.SENDER,
    state=State.WAITING,
    sender="ann@customer.example",
    why="She asks for a nightingale.",
    proposer="ky_agent",
    email=EmailId("em_1"),
    made_at=NOW,
    expires_at=NOW + timedelta(days=14),
)


async def put(db: Database, *petitions: Petition) -> None:
    async with db.transaction(TENANT) as tx:
        for each in petitions:
            await store.insert(tx, each)


def another(number: int, **changes: Any) -> Petition:
    return replace(PETITION, id=PetitionId(f"pt_{number}"), **changes)


async def test_a_petition_comes_back_as_it_was_written_and_to_its_tenant_alone(db: Database) -> None:
    await put(db, PETITION)
    async with db.transaction(TENANT) as tx:
        assert await store.by_id(tx, PETITION.id) == PETITION
        assert await store.by_id(tx, PetitionId("pt_2")) is None
    async with db.transaction(TenantId("tn_else")) as tx:
        assert await store.by_id(tx, PETITION.id) is None


async def test_the_same_question_is_found_while_it_waits(db: Database) -> None:
    await put(db, PETITION)
    async with db.transaction(TENANT) as tx:
        assert await store.same(tx, another(2, why="Other words.")) == PETITION
        assert await store.same(tx, another(2, sender="bob@customer.example")) is None
        assert await store.same(tx, another(2, made_at=PETITION.expires_at)) is None
        assert (await store.waiting(tx, ACCOUNT, NOW), await store.waiting(tx, ACCOUNT, PETITION.expires_at)) == (1, 0)
        assert await store.unsettled(tx, ACCOUNT, NOW) == [PETITION]
        assert await store.unsettled(tx, ACCOUNT, PETITION.expires_at) == []
        ended = replace(PETITION, state=State.APPROVED, settled_at=NOW, settled_by="ky_owner", policy_version=2)
        await store.settle(tx, ended)
        assert await store.by_id(tx, PETITION.id) == ended
        assert await store.unsettled(tx, ACCOUNT, NOW) == []
        assert await store.same(tx, another(2)) is None


async def test_a_page_goes_back_in_time(db: Database) -> None:
    every = [another(number, made_at=NOW + timedelta(seconds=number)) for number in range(3)]
    await put(db, *every)
    async with db.transaction(TENANT) as tx:
        first = await store.page(tx, ACCOUNT, limit=2, below=None)
        rest = await store.page(tx, ACCOUNT, limit=2, below=(first[-1].made_at, first[-1].id))
    assert [each.id for each in (*first, *rest)] == ["pt_2", "pt_1", "pt_0"]


async def test_the_table_says_neither_whom_nor_why_and_an_erased_person_is_gone(
    db: Database, keys: KeyStore, owner_dsn: str
) -> None:
    await put(db, PETITION)
    with psycopg.connect(owner_dsn) as connection:
        row = str(connection.execute("select petition::text from petition").fetchall())
    assert "pt_1" in row
    assert "customer" not in row
    keys.destroy(TENANT, KeyKind.SUBJECT, keys.subject_name(TENANT, PETITION.sender))
    async with db.transaction(TENANT) as tx:
        found = await store.by_id(tx, PETITION.id)
    assert found is not None
    assert (found.is_erased, found.sender, found.why) == (True, "", "")
