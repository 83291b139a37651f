from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import singly
from gatepost import record
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.decide.paper import Disposition, Outcome
from gatepost.ids import AccountId, EntryId, TenantId
from gatepost.record import search
from gatepost.record.indexer import Indexer
from gatepost.record.paper import Kind
from gatepost.record.publish import Sequencer
from gatepost.record.search import QueryError, Sought, cursor_of, place_of
from gatepost.record.word_store import Place
from record.papers import NOON, TENANT, consequence, decision, email_id, evidence, inbound

REFUSED = decision(disposition=Disposition.REJECT, outcome=Outcome.REJECTED_AT_POLICY)


async def write(db: Database, entropy: Entropy, count: int = 6) -> list[EntryId]:
    """Write mail of two authors in turn, every third refused, and one act; return the entries, oldest first."""
    entries: list[EntryId] = []
    async with db.transaction(TENANT) as tx:
        for number in range(count):
            seen = evidence(author=f"author{number % 2}@corp{number % 2}.example")
            one = inbound(number + 1, seen=seen, decided=REFUSED if number % 3 == 0 else decision())
            entries += (await singly.append(tx, one, entropy=entropy)).entries
        act = consequence(Kind.ACT, "key.add", private={"label": "laptop"})
        entries.append(await record.note(tx, act, entropy=entropy))
    return entries


async def find(db: Database, sought: Sought, *, limit: int = 50, tenant: TenantId = TENANT) -> list[int]:
    """Return what all pages show, one after the other."""
    found: list[int] = []
    after: Place | None = None
    while True:
        async with db.transaction(tenant) as tx:
            page = await search.page(tx, sought, limit=limit, after=after)
        assert len(page.rows) <= limit
        found += [row.place.entry for row in page.rows]
        if (after := page.after) is None:
            return found


def _reversed(entries: Sequence[int]) -> list[int]:
    return sorted(entries, reverse=True)


@pytest.mark.parametrize("state", ["waiting", "placed", "indexed", "partly indexed"])
async def test_a_search_is_never_behind(db: Database, sequencer: Sequencer, entropy: Entropy, state: str) -> None:
    entries = await write(db, entropy)
    if state != "waiting":
        await sequencer.sequence(TENANT)
    if "indexed" in state:
        assert await Indexer(db).index(TENANT, limit=4 if state == "partly indexed" else 100)
    assert await find(db, Sought()) == _reversed(entries)
    assert await find(db, Sought(facts={"outcome": "rejected_at_policy"})) == _reversed([entries[0], entries[3]])
    assert await find(db, Sought(facts={"kind": "act"})) == [entries[6]]
    assert await find(db, Sought(sender="author1@corp1.example")) == _reversed(entries[1:6:2])
    assert await find(db, Sought(sender="corp0.example", facts={"outcome": "delivered"})) == _reversed(
        [entries[2], entries[4]]
    )
    assert await find(db, Sought(recipient="house.example")) == _reversed(entries[:6])
    assert await find(db, Sought(text="Laptop")) == [entries[6]]
    assert await find(db, Sought(text="laptop zebra")) == []
    assert await find(db, Sought(account=AccountId(8))) == []
    assert await find(db, Sought(facts={"message": email_id(2)})) == [entries[1]]
    assert await find(db, Sought(), tenant=TenantId("tn_b")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_meet_without_gap_or_overlap_while_entries_arrive(
    db: Database, sequencer: Sequencer, entropy: Entropy, limit: int
) -> None:
    entries = await write(db, entropy)
    await sequencer.sequence(TENANT)
    await Indexer(db).index(TENANT, limit=5)
    seen: list[int] = []
    after: Place | None = None
    number = 100
    while True:
        async with db.transaction(TENANT) as tx:
            page = await search.page(tx, Sought(), limit=limit, after=after)
            await singly.append(tx, inbound(number), entropy=entropy)
        await sequencer.sequence(TENANT)
        await Indexer(db).index(TENANT)
        number += 1
        seen += [row.place.entry for row in page.rows]
        if (after := page.after) is None:
            break
    assert seen == _reversed(entries)


async def test_times_bound_a_page_on_both_sides(db: Database, sequencer: Sequencer, entropy: Entropy) -> None:
    entries = await write(db, entropy)
    await sequencer.sequence(TENANT)
    await Indexer(db).index(TENANT)
    second = timedelta(seconds=1)
    assert await find(db, Sought(since=NOON, until=NOON + second)) == _reversed(entries)
    assert await find(db, Sought(since=NOON + second)) == []
    assert await find(db, Sought(until=NOON)) == []


async def test_many_entries_of_several_months_are_found_by_rare_and_by_common_words(
    db: Database, sequencer: Sequencer, entropy: Entropy
) -> None:
    """More than a walk is long, so that the index is asked too."""
    count = 3000
    month = timedelta(days=30)
    async with db.transaction(TENANT) as tx:
        acts = [
            record.Consequence(
                kind=Kind.USAGE,
                action="usage.reported",
                actor="ky_rare" if number in {5, 1500} else "ky_often",
                at=NOON - 2 * month + number * month / 1500,
                public={"tokens": 1},
                private={"tools": []},
            )
            for number in range(count)
        ]
        entries = await record.note_all(tx, acts, entropy=entropy)
    await sequencer.sequence(TENANT)
    while await Indexer(db).index(TENANT, limit=1000):
        pass
    assert await find(db, Sought(facts={"actor": "ky_rare"})) == [entries[1500], entries[5]]
    assert await find(db, Sought(facts={"actor": "ky_rare"}), limit=1) == [entries[1500], entries[5]]
    often = [entry for number, entry in enumerate(entries) if number not in {5, 1500}]
    assert await find(db, Sought(facts={"actor": "ky_often"}), limit=700) == _reversed(often)
    assert await find(db, Sought(facts={"actor": "ky_nobody"})) == []
    since, until = acts[1400].at, acts[1600].at
    assert await find(db, Sought(facts={"actor": "ky_rare"}, since=since, until=until)) == [entries[1500]]


@given(st.datetimes(min_value=datetime(1800, 1, 1), max_value=datetime(3000, 1, 1)), st.integers(0, 2**63 - 1))  # noqa: DTZ001  # made aware below
def test_a_cursor_reads_back(at: datetime, entry: int) -> None:
    place = Place(at.replace(tzinfo=UTC), entry)
    assert place_of(cursor_of(place)) == place


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "1.", ".1", "99999999999999999999.1", "1.9223372036854775808", "\u0661.\u0661"]
)
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(QueryError):
        place_of(cursor)


@pytest.mark.parametrize("sought", [Sought(sender="no address"), Sought(recipient="@"), Sought(text="...")])
async def test_a_question_that_cannot_be_asked_says_so(db: Database, sought: Sought) -> None:
    async with db.transaction(TENANT) as tx:
        with pytest.raises(QueryError):
            await search.page(tx, sought, limit=1)
