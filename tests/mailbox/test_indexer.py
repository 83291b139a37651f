import asyncio

import psycopg

from gatepost import mailbox
from gatepost.db import Database
from gatepost.db.migrate import migrations
from gatepost.ids import AccountId
from gatepost.keys import Kind
from gatepost.mail.address import Address
from gatepost.mailbox import Indexer, word_store
from gatepost.mailbox.indexer import BATCH
from loops import OfTheLoop
from outbound import ACCOUNT, TENANT
from postbag import hits, keep, letter
from turns import held


async def _count(db: Database, table: str) -> int:
    async with db.transaction(TENANT) as tx:
        if table == "unindexed":
            return int((await tx.one("select count(*) as count from unindexed where tenant = %(tenant)s")).count)
        if table == "of_other":
            query = "select count(*) as count from email_words where tenant = %(tenant)s and account <> %(account)s"
            return int((await tx.one(query, account=ACCOUNT)).count)
        return int((await tx.one("select count(*) as count from email_words where tenant = %(tenant)s")).count)


async def test_mail_is_indexed_batch_by_batch_until_none_waits(db: Database) -> None:
    await keep(db, *(letter(number) for number in range(BATCH + 5)), indexed=False)
    indexer = Indexer(db)
    assert [await indexer.round() for _ in range(3)] == [BATCH, 5, 0]
    assert (await _count(db, "unindexed"), await _count(db, "email_words")) == (0, BATCH + 5)


async def test_the_thread_that_spells_words_asks_the_key_store_for_nothing(db: Database) -> None:
    """It might forget, in the loop, what is asked for this very moment: an erasure would then end the house."""
    await keep(db, letter(1), indexed=False)
    db.keys._lasting = OfTheLoop(10)
    assert await Indexer(db).round() == 1


async def test_a_full_batch_holds_nobody_up_for_long(db: Database) -> None:
    texts = [" ".join(f"word{number}of{place}" for place in range(100)) for number in range(BATCH)]
    await keep(db, *(letter(number, text=text) for number, text in enumerate(texts)), indexed=False)
    longest_s, all_s = await held(Indexer(db).index(TENANT))
    assert longest_s < all_s / 2


async def test_large_mail_makes_small_batches_and_the_largest_its_own(db: Database) -> None:
    """No batch holds much more than the bound in memory; none is empty while mail waits."""
    async with db.transaction(TENANT) as tx:
        await mailbox.keep_all(tx, [letter(number, text="word " * 50_000) for number in range(6)])
        each = [len(await word_store.waiting(tx, 10, octets_max)) for octets_max in (1, 600_000, 10_000_000)]
    assert each == [1, 3, 6]


async def test_more_waits_where_a_batch_was_full_by_number_or_by_size(db: Database) -> None:
    indexer = Indexer(db)
    await keep(db, *(letter(number) for number in range(4)), indexed=False)
    told = [(await indexer.index(TENANT, limit), indexer.has_more) for limit in (5, 1)]
    assert told == [(4, False), (0, False)]
    await keep(db, *(letter(number, text="word " * 40_000) for number in range(10, 18)), indexed=False)
    await indexer.round()
    assert indexer.has_more
    while await indexer.round():
        pass
    assert not indexer.has_more


async def test_who_gets_more_mail_than_is_indexed_keeps_nobody_elses_waiting(db: Database) -> None:
    """Pieces go through a tenant's accounts; the next one begins with the next account."""
    other = AccountId(ACCOUNT + 1)
    indexer = Indexer(db)
    await keep(db, *(letter(number) for number in range(4)), letter(100, account=other), indexed=False)
    for number in range(4, 12, 2):
        await indexer.index(TENANT, 2)
        await keep(db, letter(number), letter(number + 1), indexed=False)
        if await _count(db, "of_other"):
            break
    assert await _count(db, "of_other") == 1
    while await indexer.index(TENANT, 2) or indexer.has_more:
        indexer.has_more = False
    assert await _count(db, "unindexed") == 0


async def test_the_beginning_is_looked_at_again_after_the_end(db: Database) -> None:
    """Accounts before the one a piece began with may have mail too: there is more until all were looked at."""
    other = AccountId(ACCOUNT + 1)
    indexer = Indexer(db)
    await keep(db, letter(1), letter(2), letter(3), letter(4, account=other), indexed=False)
    told = []
    for _ in range(3):
        indexer.has_more = False
        told.append((await indexer.index(TENANT, 2), indexer.has_more))
    assert told == [(2, True), (1, True), (1, False)]


async def test_one_account_alone_makes_no_empty_pieces(db: Database) -> None:
    indexer = Indexer(db)
    await keep(db, *(letter(number) for number in range(5)), indexed=False)
    assert [await indexer.index(TENANT, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_message_kept_twice_waits_once(db: Database) -> None:
    await keep(db, letter(1), indexed=False)
    await keep(db, letter(1), indexed=True)
    await keep(db, letter(1), indexed=False)
    assert (await _count(db, "unindexed"), await _count(db, "email_words")) == (0, 1)


async def test_what_commits_late_is_indexed_all_the_same(db: Database) -> None:
    """A queue and no watermark: the number of the late one is lower."""
    async with db.transaction(TENANT) as late:
        await mailbox.keep_all(late, [letter(1)])
        await keep(db, letter(2), indexed=True)
        assert await hits(db, "meet") == [2]
    await Indexer(db).round()
    assert await hits(db, "meet") == [2, 1]


async def test_two_at_one_queue_do_not_get_into_each_others_way(db: Database) -> None:
    await keep(db, *(letter(number) for number in range(40)), indexed=False)
    one, other = Indexer(db), Indexer(db)
    for _ in range(5):
        await asyncio.gather(one.round(), other.round())
    assert (await _count(db, "unindexed"), await _count(db, "email_words")) == (0, 40)


async def test_mail_that_does_not_open_holds_nothing_up(db: Database, owner_dsn: str) -> None:
    await keep(db, letter(1), letter(2), indexed=False)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update email set sealed = '\\x02ff' where id = %s", [letter(1).id])
    await Indexer(db).round()
    assert await _count(db, "unindexed") == 0
    assert await hits(db, "meet") == [2]


async def test_it_runs_until_told_to_stop_and_indexes_every_tenant(db: Database) -> None:
    await keep(db, letter(1), indexed=False)
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(Indexer(db).run(stop))
        while await _count(db, "unindexed"):  # noqa: ASYNC110  # the database has no event to wait for
            await asyncio.sleep(0.01)
        stop.set()


async def test_mail_that_was_changed_keeps_no_words_of_others_from_being_forgotten(
    db: Database, owner_dsn: str
) -> None:
    """Whoever changes one row must not end the house, nor keep it from starting."""
    ann, bob = Address("ann", "corp.example"), Address("bob", "corp.example")
    await keep(db, letter(1, author=ann), letter(2, author=bob), indexed=True)
    with psycopg.connect(owner_dsn) as owner:
        query = "update email set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) where id = %s"
        owner.execute(query, [letter(1).id])
    db.keys.destroy(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, bob.key))
    assert await Indexer(db).sweep() == 1
    assert await _count(db, "email_words") == 1


async def test_mail_indexed_by_an_older_release_is_indexed_anew(db: Database, owner_dsn: str) -> None:
    """Its tokens were others: until then a message is found as it is read."""
    await keep(db, letter(1, text="a lunch"), letter(2, text="a lunch"), indexed=True)
    await keep(db, letter(3, text="a lunch"), indexed=False)
    (anew,) = (text for name, text in migrations() if name == "0520_words_anew.sql")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("update email_words set tokens = '{}'")
        owner.execute(anew.encode())
    assert (await _count(db, "unindexed"), await _count(db, "email_words")) == (3, 0)
    assert await hits(db, "lunch") == [3, 2, 1]
    assert await Indexer(db).index(TENANT) == 3
    assert await hits(db, "lunch") == [3, 2, 1]
