from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest
from msgspec import structs

from gatepost.db import Database
from gatepost.ids import EmailId, TenantId, ThreadId
from gatepost.keys import KeyStore, Kind
from gatepost.mailbox import Indexer, erase_store
from gatepost.record import erase
from gatepost.record.erase import Removal, Rule
from outbound import NOW, TENANT, entropy
from postbag import keep, letter

REMOVAL = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOW, what={"entries": []})


@pytest.fixture
async def own(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as database:
        yield database


async def test_a_message_goes_with_its_words_and_the_others_stay(db: Database, own: Database) -> None:
    one, two = letter(1), letter(2)
    await keep(db, one, two, indexed=True)
    assert db.keys.ids(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, one.author.key))
    async with own.transaction(TENANT) as tx:
        (key,) = set((await erase_store.subjects_of(tx, [one.id, two.id])).values())
        assert set(await erase_store.emails_of(tx, [key])) == {one.id, two.id}
        assert await erase_store.without_inline_body(tx, [one.id]) == [one.id]
        await erase.say(tx, REMOVAL, entropy=entropy)
        gone = await erase_store.forget(tx, [one.id, EmailId("em_none")])
    assert (gone.messages, gone.indexed) == (1, 1)
    async with own.transaction(TENANT) as tx:
        assert await erase_store.emails_of(tx, [key]) == [two.id]
    assert await Indexer(db).round() == 0


async def test_what_an_erased_thread_referred_to_goes_when_its_last_message_does(db: Database, own: Database) -> None:
    going, staying = ThreadId("th_going"), ThreadId("th_staying")
    first = letter(1, thread=going, references=("zq1@elsewhere.example", "zq2@elsewhere.example"))
    second = letter(2, thread=going, references=(first.message_id,))
    await keep(db, first, second, letter(3, thread=staying, references=("zq3@elsewhere.example",)), indexed=False)
    async with own.transaction(TENANT) as tx:
        query = "select thread, count(*) from thread_message where tenant = %(tenant)s group by thread"
        before = {row.thread: row.count for row in await tx.all(query)}
        await erase.say(tx, REMOVAL, entropy=entropy)
        await erase_store.forget(tx, [first.id])
        one_left = {row.thread: row.count for row in await tx.all(query)}
        await erase_store.forget(tx, [second.id])
        none_left = {row.thread: row.count for row in await tx.all(query)}
    assert before == {going: 4, staying: 2}
    assert one_left == {going: 3, staying: 2}, "the thread goes on"
    assert none_left == {staying: 2}


async def test_the_months_that_mail_is_dated_in_are_told_at_once(db: Database, own: Database) -> None:
    at = [datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), NOW.replace(month=12)]
    dated = [structs.replace(letter(number), received_at=one) for number, one in enumerate(at)]
    await keep(db, *dated, indexed=False)
    async with own.transaction(TENANT) as tx:
        all_of_them = await erase_store.months_within(
            tx, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        )
        october = await erase_store.months_within(tx, at[1], datetime(2026, 11, 1, tzinfo=UTC))
        november = await erase_store.months_within(tx, datetime(2026, 11, 1, tzinfo=UTC), at[2])
    assert (all_of_them, october, november) == ({"2026-09", "2026-10", "2026-12"}, {"2026-10"}, set())
    async with own.transaction(TenantId("te_other")) as tx:
        assert await erase_store.months_within(tx, at[0], datetime(2027, 1, 1, tzinfo=UTC)) == set()


@pytest.mark.parametrize("table", ["email", "hold", "submission"])
async def test_nothing_goes_without_an_entry(db: Database, own: Database, table: str) -> None:
    await keep(db, letter(1), indexed=False)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only with the entry that says so"):
        async with own.transaction(TENANT) as tx:
            await tx.run(f"delete from {table}")  # noqa: S608  # of the names above
