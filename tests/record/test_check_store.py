import json
from itertools import pairwise

import psycopg
import pytest

import singly
from gatepost import record
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.merkle import leaf_hash
from gatepost.record import check_store, log_store
from gatepost.record.check_store import Held, Stretch
from gatepost.record.indexer import Indexer
from gatepost.record.paper import Kind
from record.papers import TENANT, consequence, inbound


def everything(stretch: Stretch) -> list[Held]:
    """Return all of each place, in the order of the log."""
    return [row for place in stretch.places if (row := stretch.held(LeafIndex(place)))]


async def live(db: Database, entropy: Entropy) -> tuple[int, int]:
    """Write a decision and an act, and give both their places; return their numbers."""
    async with db.transaction(TENANT) as tx:
        (first,) = (await singly.append(tx, inbound(), entropy=entropy)).entries
        second = await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        await log_store.assign(tx, 2)
    return first, second


async def test_everything_about_a_place_is_read_together(db: Database, entropy: Entropy) -> None:
    first, second = await live(db, entropy)
    async with db.transaction(TENANT) as tx:
        decided, acted = everything(await check_store.held(tx, 0, 10))
        assert everything(await check_store.held(tx, 1, 2)) == [acted]
    assert [(each.leaf_index, each.entry, each.kind) for each in (decided, acted)] == [
        (0, first, "decision"),
        (1, second, "act"),
    ]
    assert decided.decision is not None
    assert dict(zip(check_store.DECISION, decided.decision, strict=True)).items() >= {
        ("account", 7),
        ("direction", "inbound"),
        ("received_at", decided.at),
    }
    assert acted.consequence == (7, None, "act", "policy.set")
    assert (decided.consequence, acted.decision) == (None, None)
    assert (decided.tokens, decided.is_indexed, decided.is_under, decided.is_erased) == (None, False, True, False)


async def test_rows_that_are_not_there_are_none(db: Database, entropy: Entropy, owner_dsn: str) -> None:
    first, _ = await live(db, entropy)
    assert await Indexer(db).index(TENANT) == 2
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from opening where entry = %s", [first])
        owner.execute("delete from decision_row where entry = %s", [first])
        owner.execute("delete from entry_words where entry = %s", [first])
    async with db.transaction(TENANT) as tx:
        found, _ = everything(await check_store.held(tx, 0, 10))
    assert (found.opening, found.is_erased, found.decision, found.tokens, found.is_indexed) == (
        None,
        False,
        None,
        None,
        True,
    )


async def test_what_others_wrote_between_is_passed_over(db: Database, entropy: Entropy, owner_dsn: str) -> None:
    """Numbers of one log that lie apart, beside each other, and out of the order of the places."""
    other = TenantId("tn_b")
    written: list[EntryId] = []
    for number in range(1, 6):
        async with db.transaction(TENANT) as tx:
            written += (await singly.append(tx, inbound(number), entropy=entropy)).entries
            await log_store.assign(tx, 1)
        for between in range(number % 3 * 9):
            async with db.transaction(other) as tx:
                await singly.append(tx, inbound(100 * number + between, tenant=other), entropy=entropy)
    with psycopg.connect(owner_dsn) as owner:
        for moved in ("10 + leaf_index", "14 - leaf_index"):
            owner.execute(f"update leaf set leaf_index = {moved} where tenant = %s".encode(), [TENANT])  # noqa: S608  # above
    assert await Indexer(db).index(TENANT) == 5
    async with db.transaction(TENANT) as tx:
        found = everything(await check_store.held(tx, 0, 10))
        leaves = await log_store.leaves(tx, 0, 20)
    assert [each.entry for each in found] == written[::-1]
    assert {after - before for before, after in pairwise(written)} == {1, 10, 19}
    for each, leaf in zip(found, leaves, strict=True):
        assert (each.leaf_hash, json.loads(leaf)["seq"]) == (leaf_hash(leaf), each.entry)
        assert (each.opening is None, each.decision is None, each.tokens is None, each.is_sealed) == (
            *[False] * 3,
            True,
        )


async def test_words_at_another_time_are_not_those_of_the_entry(db: Database, entropy: Entropy, owner_dsn: str) -> None:
    first, second = await live(db, entropy)
    assert await Indexer(db).index(TENANT) == 2
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update entry set at = at + '1 hour'::interval where id = %s", [second])
        owner.execute("update entry_words set at = at + '1 minute'::interval where entry = %s", [first])
    async with db.transaction(TENANT) as tx:
        assert [each.tokens for each in everything(await check_store.held(tx, 0, 10))] == [None, None]


@pytest.mark.parametrize(
    "change",
    [
        "delete from entry where id = 1",
        "delete from decision_row",
        "update leaf set leaf_index = 7 where leaf_index = 1",
        "insert into unsequenced values (99, 'tn_a')",
        "insert into opening values (99, 'tn_a', 'op_x', 'x')",
        "update leaf set entry = 99 where leaf_index = 1",
        "update consequence set entry = 99",
    ],
)
async def test_books_balance_until_a_row_is_added_or_taken(
    db: Database, entropy: Entropy, owner_dsn: str, change: str
) -> None:
    await live(db, entropy)
    async with db.transaction(TENANT) as tx:
        assert await check_store.is_balanced(tx)
        assert await check_store.astray(tx) == []
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute(change.encode()).rowcount == 1
    async with db.transaction(TENANT) as tx:
        assert not await check_store.is_balanced(tx)
