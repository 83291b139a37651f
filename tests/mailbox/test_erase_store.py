from collections.abc import AsyncIterator

import psycopg
import pytest

from gatepost.db import Database
from gatepost.ids import EmailId
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


@pytest.mark.parametrize("table", ["email", "hold", "submission"])
async def test_nothing_goes_without_an_entry(db: Database, own: Database, table: str) -> None:
    await keep(db, letter(1), indexed=False)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only with the entry that says so"):
        async with own.transaction(TENANT) as tx:
            await tx.run(f"delete from {table}")  # noqa: S608  # of the names above
