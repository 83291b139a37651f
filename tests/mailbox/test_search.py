import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatepost import mailbox
from gatepost.db import Database
from gatepost.ids import AccountId, TenantId
from gatepost.keys import CursorError, cursor_of
from gatepost.keys.keystore import Kind
from gatepost.mail.address import Address
from gatepost.mailbox.search import AT_ONCE_MAX, EXAMINED_MAX, worth_asking
from outbound import ACCOUNT, TENANT
from postbag import INVOICE, hits, keep, letter

OTHER = Address("other", "gatepost.test")
FOUND_BY = [
    "invoice",
    "INVOICE friday",
    "strasse",
    "\uff49\uff4e\uff56\uff4f\uff49\uff43\uff45",  # full width
    "alice",
    "Alïce",
    '"friday next week"',
    '"Invoice for the"',
    "東京",
    "京都",
    "東京都",
    "東",
    "report",
    "q3-report.pdf",
    "filename:pdf",
    "has:attachment",
    "from:alice",
    "from:alice.jones",
    "from:alice.jones@mail.example.org",
    "from:example.org",
    "from:mail.example.org",
    "from:@mail.example.org",
    "from:jon*",
    "ali*",
    "subject:project",
    "subject:inv*",
    "invoic*",
    "project*",
    "invoice -from:bob*",
    "to:agent@gatepost.test",
    "to:bob@partner.example",
    "to:partner.example",
    "alice.jones@mail.example.org",
    "invoice -lunch",
    'invoice -"next friday"',
    "invoice after:2026-11-20",
    "invoice before:2026-11-21",
    "after:2026-11-20 before:2026-11-21",
]
NOT_FOUND_BY = [
    "lunch",
    "invoice lunch",
    "invoices",  # nothing is stemmed
    '"next friday"',
    "京東",
    "都東京",
    "filename:invoice",
    "from:bob@partner.example",
    "from:jones@mail.example.org",
    "from:org.example",
    "from:agent",
    "to:alice",
    "subject:friday",
    "projects*",
    "to:jon*",
    "invoice -from:jon*",
    "frid*",  # beginnings are looked for in people and subjects
    "invoice -friday",
    'invoice -"friday next"',
    "invoice after:2026-11-21",
    "invoice before:2026-11-20",
    "from:alice@example.org",
]


@pytest.fixture(params=[True, False], ids=["indexed", "not indexed yet"])
async def kept(db: Database, request: pytest.FixtureRequest) -> Database:
    other = letter(2, subject="Other", text="Something else.", author=Address("eve", "other.test"), recipient=OTHER)
    await keep(db, letter(1, **INVOICE), other, indexed=request.param)
    return db


async def test_a_message_is_found_by_what_it_says(kept: Database) -> None:
    assert {query: await hits(kept, query) for query in FOUND_BY} == {
        query: [2, 1] if query.startswith("after") else [1] for query in FOUND_BY
    }


async def test_a_message_is_not_found_by_what_it_does_not_say(kept: Database) -> None:
    assert {query: found for query in NOT_FOUND_BY if (found := await hits(kept, query))} == {}


async def test_a_name_that_is_spelled_like_an_address_is_no_address(db: Database) -> None:
    await keep(
        db, letter(1, author=Address("eve", "evil.test"), from_shown='"boss@example.org" <eve@evil.test>'), indexed=True
    )
    assert await hits(db, "from:boss@example.org") == []
    assert await hits(db, "from:boss") == [1]  # by name, as anybody may call himself


async def test_pages_meet_without_gap_or_repetition_while_mail_comes_in(db: Database) -> None:
    await keep(db, *(letter(number, text=f"lunch {number}") for number in range(1, 8)), indexed=True)
    await keep(db, *(letter(number, text=f"lunch {number}") for number in range(8, 11)), indexed=False)
    seen: list[str] = []
    after: str | None = None
    for number in range(11, 99):
        async with db.transaction(TENANT) as tx:
            found = await mailbox.search(tx, ACCOUNT, mailbox.parse_query("lunch"), limit=3, cursor=after)
        seen += [email.id for email in found.emails]
        after = found.after
        if after is None:
            break
        await keep(db, letter(number, text="lunch again"), indexed=number % 2 == 0)
    assert seen == [letter(number).id for number in range(10, 0, -1)]


async def test_pages_of_a_phrase_meet_however_few_of_those_compared_have_it(db: Database) -> None:
    said = {3, 4, 90, 91, 92, 93, 94, 95, 150, 158, 159}  # in crowds and alone
    texts = {number: "one two" if number in said else "two one" for number in range(1, 160)}
    await keep(db, *(letter(number, text=text) for number, text in texts.items()), indexed=True)
    seen: list[str] = []
    after: str | None = None
    async with db.transaction(TENANT) as tx:
        for _ in said:
            found = await mailbox.search(tx, ACCOUNT, mailbox.parse_query('"one two"'), limit=2, cursor=after)
            seen += [email.id for email in found.emails]
            after = found.after
            if after is None:
                break
    assert seen == [letter(number).id for number in sorted(said, reverse=True)]


@given(st.integers(1, 201), st.integers(0, EXAMINED_MAX), st.integers(0, EXAMINED_MAX))
def test_never_fewer_are_asked_for_than_are_missing_nor_more_than_may_lie_open(
    missing: int, hits: int, more: int
) -> None:
    assert missing <= worth_asking(missing, hits, hits + more) <= max(AT_ONCE_MAX, missing)


async def test_each_call_looks_at_so_many_messages_and_the_cursor_goes_on(
    db: Database,
) -> None:
    count = EXAMINED_MAX + 100
    await keep(
        db, letter(1, text="one two"), *(letter(number, text="two one") for number in range(2, count)), indexed=True
    )
    async with db.transaction(TENANT) as tx:
        query = mailbox.parse_query('"one two"')
        first = await mailbox.search(tx, ACCOUNT, query, limit=50)
        assert first.emails == ()
        assert first.after is not None
        second = await mailbox.search(tx, ACCOUNT, query, limit=50, cursor=first.after)
    assert [email.id for email in second.emails] == [letter(1).id]
    assert second.after is None


async def test_it_says_how_much_is_not_indexed_yet(db: Database) -> None:
    await keep(db, letter(1), letter(2), indexed=False)
    async with db.transaction(TENANT) as tx:
        assert (await mailbox.search(tx, ACCOUNT, mailbox.parse_query("meet"), limit=5)).unindexed == 2
    await mailbox.Indexer(db).round()
    async with db.transaction(TENANT) as tx:
        assert (await mailbox.search(tx, ACCOUNT, mailbox.parse_query("meet"), limit=5)).unindexed == 0


async def test_a_cursor_continues_its_own_search_alone(db: Database) -> None:
    await keep(db, *(letter(number, text="lunch at ten") for number in range(4)), indexed=True)
    query, other = mailbox.parse_query("lunch ten"), mailbox.parse_query("lunch at")
    async with db.transaction(TENANT) as tx:
        cursor = (await mailbox.search(tx, ACCOUNT, query, limit=2)).after
        assert cursor is not None
        more = await mailbox.search(tx, ACCOUNT, query, limit=3, cursor=cursor)  # of another size it may be
        assert ([email.id for email in more.emails], more.after) == ([letter(1).id, letter(0).id], None)
        for account, asked, continued in (
            (AccountId(8), query, cursor),
            (ACCOUNT, other, cursor),
            (ACCOUNT, query, cursor.swapcase()),
        ):
            with pytest.raises(CursorError):
                await mailbox.search(tx, account, asked, limit=2, cursor=continued)
        with pytest.raises(CursorError):
            await mailbox.page(tx, ACCOUNT, limit=2, cursor=cursor)
    async with db.transaction(TenantId("tn_two")) as tx:
        with pytest.raises(CursorError):
            await mailbox.search(tx, ACCOUNT, query, limit=2, cursor=cursor)


async def test_a_cursor_that_an_earlier_release_gave_goes_on(db: Database) -> None:
    await keep(db, *(letter(number, text="lunch at ten") for number in range(3)), indexed=True)
    query = mailbox.parse_query("lunch")
    later = datetime(2100, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    place = (later // timedelta(microseconds=1)).to_bytes(8, "big", signed=True) + (7).to_bytes(8, "big")
    async with db.transaction(TENANT) as tx:
        cursor = cursor_of(tx.vault, f"search/{ACCOUNT}/{query.asked}", place)
        assert len((await mailbox.search(tx, ACCOUNT, query, limit=5, cursor=cursor)).emails) == 3


@pytest.mark.parametrize("indexed", [True, False])
async def test_nobody_else_finds_it(db: Database, *, indexed: bool) -> None:
    await keep(db, letter(1), replace(letter(2), account=AccountId(8)), indexed=indexed)
    query = mailbox.parse_query("meet")
    async with db.transaction(TENANT) as tx:
        assert [one.id for one in (await mailbox.search(tx, AccountId(8), query, limit=5)).emails] == [letter(2).id]
    async with db.transaction(TenantId("tn_two")) as tx:
        assert (await mailbox.search(tx, ACCOUNT, query, limit=5)).emails == ()


async def test_what_was_erased_is_not_found_and_its_tokens_go(db: Database) -> None:
    gone, stays = letter(1, **INVOICE), letter(2, text="An invoice of another.")
    await keep(db, gone, stays, indexed=True)
    indexer = mailbox.Indexer(db)
    assert await indexer.sweep() == 0
    db.keys.destroy(TENANT, Kind.SUBJECT, db.keys.subject_name(TENANT, gone.author.key))
    assert await hits(db, "invoice") == [2]
    assert await indexer.sweep() == 1
    async with db.transaction(TENANT) as tx:
        rows = await tx.all("select email from email_words where tenant = %(tenant)s")
    assert [row.email for row in rows] == [stays.id]


async def test_the_index_and_the_messages_themselves_give_the_same_answers(db: Database) -> None:
    """Common words, rare words, and both; more mail than one walk sees is in the bench."""
    draw = random.Random(7)  # a choice of words, no secret
    vocabulary = ["alpha", "beta", "gamma", "delta", "rare"]
    texts = [" ".join(draw.choices(vocabulary, [50, 20, 10, 5, 1], k=6)) for _ in range(120)]
    await keep(db, *(letter(number, text=text, subject="") for number, text in enumerate(texts)), indexed=True)
    for query in ["alpha", "rare", "alpha rare", "beta -gamma", '"delta alpha"', "gamma -rare -delta"]:
        said = mailbox.parse_query(query)
        expected = [
            number for number, text in enumerate(texts) if said.is_in(letter(number, text=text, subject="").texts)
        ]
        assert await hits(db, query) == expected[::-1][:50], query
