import asyncio
from datetime import UTC, datetime
from typing import LiteralString

import psycopg
import pytest
from typing_extensions import override

import singly
from gatepost.clock import Entropy
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import EntryId, TenantId
from gatepost.keys import KeyringError, KeyStore
from gatepost.keys.keystore import Kind as KeyKind
from gatepost.record import erase, word_store
from gatepost.record.erase import Removal, Rule
from gatepost.record.indexer import BATCH, Indexer
from gatepost.record.publish import Sequencer
from gatepost.record.search import Sought
from loops import OfTheLoop
from record.papers import NOON, TENANT, inbound
from record.test_search import find, write
from turns import held

SUBJECT = "boss@corp.example"


async def test_every_entry_is_indexed_once_whoever_comes(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    await write(db, entropy)
    await sequencer.sequence(TENANT)
    done = await asyncio.gather(*(Indexer(db).round() for _ in range(3)))
    assert sum(done) + await Indexer(db).round() == 7
    assert await Indexer(db).round() == 0


async def test_the_thread_that_spells_words_asks_the_key_store_for_nothing(
    db: Database, sequencer: Sequencer, entropy: Entropy
) -> None:
    await write(db, entropy)
    await sequencer.sequence(TENANT)
    db.keys._lasting = OfTheLoop(10)
    assert await Indexer(db).round() == 7


async def test_a_full_batch_holds_nobody_up_for_long(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    async with db.transaction(TENANT) as tx:
        for number in range(BATCH):
            await singly.append(tx, inbound(number + 1), entropy=entropy)
    await sequencer.sequence(TENANT)
    longest_s, all_s = await held(Indexer(db).index(TENANT))
    assert longest_s < all_s / 2


async def test_nothing_that_is_stored_says_a_word(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    await write(db, entropy)
    await sequencer.sequence(TENANT)
    await Indexer(db).index(TENANT)
    async with db.transaction(TENANT) as tx:
        rows = [str(row) for row in await tx.all("select * from entry_words where tenant = %(tenant)s")]
    assert len(rows) == 7
    assert not any(word in row for row in rows for word in ("corp", "author", "laptop", "delivered"))


def test_a_batch_gives_each_entry_the_tokens_it_has_alone(keys: KeyStore) -> None:
    vault, blinder = keys.vault(TENANT), keys.vault(TENANT).blinder
    each = [{"any:one", "any:two"}, {"any:two", "kind:act"}, set[str]()]
    assert word_store.tokens_of_each(blinder, each) == [word_store.tokens(blinder, terms) for terms in each]
    assert word_store.tokens(blinder, ["any:two"]) == [
        int.from_bytes(vault.blind("entry words", "any:two")[:8], "big") >> 1
    ]


async def test_tokens_of_two_tenants_have_nothing_in_common(db: Database, entropy: Entropy, keys: KeyStore) -> None:
    del entropy
    async with db.transaction(TENANT) as tx:
        mine = tx.vault.blind("entry words", "from:corp.example")
    assert mine != keys.vault("tn_b").blind("entry words", "from:corp.example")


async def test_who_is_erased_is_found_no_more_and_the_facts_still_are(
    db: Database, sequencer: Sequencer, entropy: Entropy, keys: KeyStore
) -> None:
    async with db.transaction(TENANT) as tx:
        (entry,) = (await singly.append(tx, inbound(), entropy=entropy)).entries
    await sequencer.sequence(TENANT)
    indexer = Indexer(db)
    await indexer.index(TENANT)
    assert await indexer.sweep() == 0
    assert await find(db, Sought(sender=SUBJECT)) == [entry]
    keys.destroy(TENANT, KeyKind.SUBJECT, keys.subject_name(TENANT, SUBJECT))
    assert await indexer.sweep() == 1
    assert await find(db, Sought(sender=SUBJECT)) == []
    assert await find(db, Sought(text="boss")) == []
    assert await find(db, Sought(facts={"outcome": "delivered"})) == [entry]
    assert await indexer.sweep() == 0


def change_opening(owner_dsn: str, entry: EntryId, change: LiteralString) -> None:
    """Do to an entry's opening what the house never does."""
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("alter table opening no force row level security")
        owner.execute(change + " where entry = %s", [entry])
        owner.execute("alter table opening force row level security")


async def test_an_entry_whose_opening_was_changed_waits(
    db: Database, sequencer: Sequencer, entropy: Entropy, owner_dsn: str
) -> None:
    async with db.transaction(TENANT) as tx:
        (entry,) = (await singly.append(tx, inbound(), entropy=entropy)).entries
    await sequencer.sequence(TENANT)
    change_opening(owner_dsn, entry, "update opening set sealed = sealed || 'x'")
    with pytest.raises(KeyringError):
        await Indexer(db).index(TENANT)
    assert await Indexer(db).round() == 0


async def test_an_entry_whose_opening_was_changed_keeps_no_erased_words(
    db: Database, sequencer: Sequencer, entropy: Entropy, keys: KeyStore, owner_dsn: str
) -> None:
    async with db.transaction(TENANT) as tx:
        found = [(await singly.append(tx, inbound(), entropy=entropy)).entries[0] for _ in range(2)]
    await sequencer.sequence(TENANT)
    indexer = Indexer(db)
    await indexer.index(TENANT)
    change_opening(owner_dsn, found[0], "update opening set sealed = 'x' || sealed")
    keys.destroy(TENANT, KeyKind.SUBJECT, keys.subject_name(TENANT, SUBJECT))
    assert await indexer.sweep() == 2
    assert await find(db, Sought(sender=SUBJECT)) == []


async def test_words_whose_opening_was_erased_go_also_where_the_first_try_fails(
    db: Database, own: Database, sequencer: Sequencer, entropy: Entropy, owner_dsn: str
) -> None:
    class Interrupted(Indexer):
        tries = 0

        @override
        async def forget(self, tenant: TenantId) -> int:
            self.tries += 1
            if self.tries == 1:
                raise DatabaseUnavailableError("keys were destroyed meanwhile")
            return await super().forget(tenant)

    indexer = Interrupted(db)
    await indexer.sweep()
    async with db.transaction(TENANT) as tx:
        (entry,) = (await singly.append(tx, inbound(), entropy=entropy)).entries
    await sequencer.sequence(TENANT)
    await indexer.index(TENANT)
    change_opening(owner_dsn, entry, "delete from opening")
    removal = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOON, what={"entries": []})
    async with own.transaction(TENANT) as tx:
        await erase.say(tx, removal, entropy=entropy)
    await sequencer.sequence(TENANT)
    with pytest.raises(DatabaseUnavailableError):
        await indexer.index(TENANT)
    assert await indexer.sweep() == 1
    assert await find(db, Sought(sender=SUBJECT)) == []


async def test_it_runs_until_told_to_stop(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    await write(db, entropy)
    await sequencer.sequence(TENANT)
    stop = asyncio.Event()
    running = asyncio.ensure_future(Indexer(db).run(stop))
    async with asyncio.timeout(30):
        while True:
            async with db.transaction(TENANT) as tx:
                if (await tx.one("select count(*) as n from entry_words where tenant = %(tenant)s")).n == 7:
                    break
            await asyncio.sleep(0.05)
    stop.set()
    await running


async def test_the_index_of_a_month_sorts_its_list_in_seldom(db: Database, owner_dsn: str) -> None:
    await word_store.make_room(db, [datetime(2027, 5, 20, tzinfo=UTC), datetime(2027, 6, 20, tzinfo=UTC)])
    query = """
        select reloptions from pg_partition_tree('entry_words_tokens') as tree
        join pg_class on pg_class.oid = tree.relid where tree.isleaf
    """
    with psycopg.connect(owner_dsn) as owner:
        bounds = [options for (options,) in owner.execute(query)]
    assert len(bounds) >= 2
    assert all(options == ["gin_pending_list_limit=4096"] for options in bounds)
