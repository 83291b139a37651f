"""Openings go with the entry that says so, or not at all: PostgreSQL itself sees to it."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from gatepost import record
from gatepost.db import Database, Plans, Transaction
from gatepost.ids import EntryId, TenantId
from gatepost.keys import KeyStore
from gatepost.record import erase, erase_store
from gatepost.record.erase import Removal, Rule
from gatepost.record.paper import Kind, Recorded
from record.papers import NOON, TENANT, consequence, counting

REMOVAL = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOON, what={"entries": [[0, 0]]})
ENTROPY = counting(5_000_000)


@pytest.fixture
async def own(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as database:
        yield database


async def _entry(tx: Transaction) -> EntryId:
    return await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=ENTROPY)


async def test_an_opening_goes_with_its_entry(own: Database, life: list[Recorded]) -> None:
    async with own.transaction(TENANT) as tx:
        await erase.say(tx, REMOVAL, entropy=ENTROPY)
        assert await erase.erase(tx, [*life[0].entries]) == 1
    async with own.transaction(TENANT) as tx:
        assert await erase.answered(tx, ["er_1", "er_2"]) == {"er_1"}
        assert await erase_store.erasure_leaves(tx) != []
        first, *_ = await erase.places_from(tx, 0, 10)
    assert (first.entry, first.subject) == (life[0].entries[0], None)


async def test_to_know_what_was_removed_no_other_entry_is_read(own: Database, owner_dsn: str) -> None:
    async with own.transaction(TENANT) as tx:
        await record.note_all(tx, [consequence(Kind.ACT, "policy.set")] * 400, entropy=ENTROPY)
        await erase.say(tx, REMOVAL, entropy=ENTROPY)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("analyze entry, erasure")
    read = "select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables where relname = 'entry'"
    async with own.transaction(TENANT, plans=Plans.FRESH) as tx:
        before = (await tx.one(read)).rows or 0
        assert len(await erase_store.erasure_leaves(tx)) == 1
        assert await erase_store.unremembered(tx) == []
        assert (await tx.one(read)).rows - before <= 2


async def test_none_goes_without_it(own: Database, life: list[Recorded]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only with the entry that says so"):
        async with own.transaction(TENANT) as tx:
            await erase.erase(tx, [*life[0].entries])


async def test_an_entry_of_another_transaction_does_not_count(own: Database, life: list[Recorded]) -> None:
    async with own.transaction(TENANT) as tx:
        said = await erase.say(tx, REMOVAL, entropy=ENTROPY)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with own.transaction(TENANT) as tx:
            await erase.erase(tx, [*life[0].entries])
    with pytest.raises(psycopg.errors.CheckViolation):
        async with own.transaction(TENANT) as tx:
            await erase_store.insert_erasure(tx, said, request="er_9", rule="person", at=NOON)


async def test_an_entry_of_another_kind_or_tenant_does_not_count(own: Database, life: list[Recorded]) -> None:
    del life
    with pytest.raises(psycopg.errors.CheckViolation):
        async with own.transaction(TENANT) as tx:
            await erase_store.insert_erasure(tx, await _entry(tx), request="er_9", rule="person", at=NOON)
    async with own.transaction(TenantId("tn_other")) as tx:
        await erase.say(tx, REMOVAL, entropy=ENTROPY)
        assert await tx.run("delete from opening where tenant = 'tn_a'") == 0


async def test_the_transactions_number_cannot_be_claimed(own: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with own.transaction(TENANT) as tx:
            await tx.run(
                "insert into erasure (tenant, entry, request, rule, at, transaction)"
                " values (%(tenant)s, 1, 'er_2', 'plan', now(), 1)"
            )


async def test_the_serving_role_removes_and_changes_nothing_of_the_record(db: Database, life: list[Recorded]) -> None:
    del life
    for table in ("entry", "opening", "decision_row", "consequence", "leaf", "checkpoint", "erasure", "legal_hold"):
        for statement in (
            "delete from {}",
            "update {} set tenant = tenant",
            "truncate {}",
            "alter table {} disable trigger all",
            "drop table {}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with db.transaction(TENANT) as tx:
                    await tx.run(statement.format(table))


async def test_the_keepers_role_changes_nothing_and_unseals_no_guard(own: Database, life: list[Recorded]) -> None:
    del life
    for statement in (
        "update opening set sealed = ''",
        "update entry set leaf = ''",
        "delete from entry",
        "delete from leaf",
        "delete from erasure",
        "truncate opening",
        "alter table opening disable trigger all",
        "drop trigger nothing_goes_unsaid on opening",
        "set session_replication_role = replica",
        "set role gatepost_owner",
        "create table mine ()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with own.transaction(TENANT) as tx:
                await tx.run(statement)
