import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

import singly
from gatepost import record
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId
from gatepost.record import listing, search
from gatepost.record.errors import IndexBehindError
from gatepost.record.indexer import Indexer
from gatepost.record.listing import COLUMNS, Form, Piece
from gatepost.record.paper import Kind
from gatepost.record.publish import Sequencer
from gatepost.record.search import Sought
from record.papers import NOON, TENANT, consequence, decision, inbound

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", 'x",=1')


async def take(db: Database, size: int = listing.PAGE) -> list[Piece]:
    return [piece async for piece in listing.pieces(db, TENANT, Sought(), now=NOON, size=size)]


async def test_every_entry_is_taken_out_once_and_in_pieces(
    db: Database, sequencer: Sequencer, entropy: Entropy
) -> None:
    async with db.transaction(TENANT) as tx:
        entries = [(await singly.append(tx, inbound(number), entropy=entropy)).entries[0] for number in range(8)]
    await sequencer.sequence(TENANT)
    pieces = await take(db, size=3)
    assert [len(piece.rows) for piece in pieces] == [3, 3, 2]
    assert [row.place.entry for piece in pieces for row in piece.rows] == sorted(entries, reverse=True)
    shares = [piece.share for piece in pieces]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_how_far_it_is_goes_by_the_newest_entry_and_not_by_today(
    db: Database, sequencer: Sequencer, entropy: Entropy
) -> None:
    async with db.transaction(TENANT) as tx:
        for minute in range(4):
            act = replace(consequence(Kind.ACT, "policy.set"), at=NOON + timedelta(minutes=minute))
            await record.note(tx, act, entropy=entropy)
    await sequencer.sequence(TENANT)
    year = NOON + timedelta(days=365)
    pieces = [piece async for piece in listing.pieces(db, TENANT, Sought(), now=year, size=1)]
    assert [piece.share for piece in pieces] == [pytest.approx(part) for part in (0, 1 / 3, 2 / 3, 1)]


@pytest.mark.parametrize("sequenced", [8, 5])
async def test_what_is_not_indexed_is_waited_for(
    db: Database, sequencer: Sequencer, entropy: Entropy, monkeypatch: pytest.MonkeyPatch, sequenced: int
) -> None:
    """A page looks through the last that are not indexed; an export may not lack those before them."""
    monkeypatch.setattr(search, "UNINDEXED_MAX", 2)
    monkeypatch.setattr(listing, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(listing, "LOOKS", 3)
    entries: list[EntryId] = []
    for number in range(8):
        async with db.transaction(TENANT) as tx:
            entries += (await singly.append(tx, inbound(number), entropy=entropy)).entries
        if number + 1 == sequenced:
            await sequencer.sequence(TENANT)
    with pytest.raises(IndexBehindError, match="entries are not indexed yet"):
        await take(db)
    monkeypatch.setattr(listing, "LOOKS", 10_000)

    async def catch_up() -> None:
        await asyncio.sleep(0.05)
        await sequencer.sequence(TENANT)
        await Indexer(db).index(TENANT)

    taken, _ = await asyncio.gather(take(db, size=3), catch_up())
    assert [row.place.entry for piece in taken for row in piece.rows] == sorted(entries, reverse=True)


async def test_no_cell_is_a_formula_and_every_line_reads_back(db: Database, entropy: Entropy) -> None:
    async with db.transaction(TENANT) as tx:
        for number, formula in enumerate(FORMULAS):
            await singly.append(tx, inbound(number, decided=decision(detail=formula)), entropy=entropy)
    rows = [row for piece in await take(db) for row in piece.rows]
    text = (listing.header(Form.CSV) + b"".join(listing.line(row, Form.CSV) for row in rows)).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == list(COLUMNS)
    assert {len(row) for row in read} == {len(COLUMNS)}
    cells = [cell for row in read for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]
    reasons = {row[COLUMNS.index("reason")].removeprefix("'") for row in read[1:]}
    assert reasons == set(FORMULAS)


async def test_ndjson_is_one_object_a_line_whatever_a_stranger_wrote(db: Database, entropy: Entropy) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.append(tx, inbound(helo="a\n\u2028\udc80\x00"), entropy=entropy)
    (row,) = (row for piece in await take(db) for row in piece.rows)
    line = listing.line(row, Form.NDJSON)
    assert line.count(b"\n") == 1
    shown = json.loads(line)
    assert shown["sender"] == "boss@corp.example"
    assert shown["opened"]["helo"].startswith("a\n")
    assert listing.header(Form.NDJSON) == b""


async def test_an_empty_record_is_an_empty_list(db: Database) -> None:
    (piece,) = await take(db)
    assert (piece.rows, piece.share) == ((), 1.0)
