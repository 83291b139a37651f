"""Rows on the second store: what this release writes says what earlier ones wrote, and theirs are read still."""

from contextlib import suppress

import orjson
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from gatepost.blobs import Blobs
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ledger.errors import LedgerError
from gatepost.record import copied, files, log_store
from gatepost.record.publish import Sequencer
from gatepost.record.recover import Recovered, recover
from record.papers import AFTER, TENANT
from record.test_publish import act, is_sound
from record.test_recover import Tamper, restore
from record.test_second import findings

EARLIER = """
    select json_build_object('place', row_to_json(placed), 'entry', row_to_json(written),
      'opening', row_to_json(opened), 'decision', row_to_json(decided), 'consequence', row_to_json(followed)) as rows
    from leaf as placed join entry as written on written.id = placed.entry
    left join opening as opened on opened.entry = placed.entry
    left join decision_row as decided on decided.entry = placed.entry
    left join consequence as followed on followed.entry = placed.entry
    order by leaf_index
"""
"""What earlier releases wrote of each place."""

ROWS = '{"place" : {"entry":1}, "entry" : {"id":1}, "opening" : {"entry":1}, "decision" : null, "consequence" : null}'


@pytest.mark.usefixtures("life")
async def test_a_line_says_all_that_the_tables_have(db: Database, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, options="-c TimeZone=UTC", row_factory=dict_row) as connection:
        earlier = [row["rows"] for row in connection.execute(EARLIER)]
    async with db.transaction(TENANT) as tx:
        lines, leaves = await log_store.copied_rows(tx, 0, 9), await log_store.leaves(tx, 0, 9)
    assert [copied.read(line, leaf) for line, leaf in zip(lines, leaves, strict=True)] == earlier
    assert any(each["opening"] and each["decision"] for each in earlier)
    assert sum(map(len, lines)) < 0.6 * sum(len(orjson.dumps(each)) for each in earlier)


@given(st.binary(), st.binary(max_size=900), st.data())
def test_a_changed_octet_of_an_opening_is_another_opening_or_none(
    leaf: bytes, sealed: bytes, data: st.DataObject
) -> None:
    line = copied.spell(ROWS, sealed)
    rows = copied.read(line, leaf)
    assert rows["opening"] == {"entry": 1, "sealed": f"\\x{sealed.hex()}"}
    assert rows["entry"] == {"id": 1, "leaf": f"\\x{leaf.hex()}"}
    begin, end = line.index('"sealed":"') + len('"sealed":"'), len(line) - 2
    if begin < end:
        at = data.draw(st.integers(begin, end - 1))
        changed = line[:at] + chr(ord(line[at]) ^ 1) + line[at + 1 :]
        with suppress(LedgerError):
            assert copied.read(changed, leaf)["opening"] != rows["opening"]


@pytest.mark.parametrize(
    "line",
    ["", "[]", "{}", '{"entry":null}', '{"entry":{},"sealed":"AA=="}', '{"entry":{},"opening":null,"sealed":"AA=="}',
     '{"entry":{},"opening":{},"sealed":"AB=="}', '{"entry":{},"opening":{},"sealed":7}',
     '{"entry":{"leaf":"\\\\x00"},"opening":null}'],
)  # fmt: skip
def test_what_is_no_line_of_that_leaf_is_refused(line: str) -> None:
    with pytest.raises(LedgerError):
        copied.read(line, b"leaf")


@pytest.mark.usefixtures("life")
async def test_rows_of_an_earlier_release_agree_and_come_back_and_make_room(
    db: Database, own: Database, blobs: Blobs, second: Blobs, sequencer: Sequencer, entropy: Entropy, tamper: Tamper
) -> None:
    await act(db, entropy, 80)
    await sequencer.sequence(TENANT)
    async with db.transaction(TENANT) as tx:
        leaves = await log_store.leaves(tx, 0, 85)
    for piece in files.pieces(85):
        lines = await files.read_rows(second, TENANT, piece) or []
        earlier = [orjson.dumps(copied.read(line, leaves[at])) for at, line in zip(piece, lines, strict=True)]
        await second.remove(files.rows_path(TENANT, piece))
        for start in range(0, len(piece), files.ROWS):
            small = piece[start : start + files.ROWS]
            some = earlier[start : start + files.ROWS]
            await second.write(files.rows_path(TENANT, small), b"".join(b"%b\n" % each for each in some))
    assert await findings(db, blobs, second) == []
    restore(tamper)
    assert await recover(db, own, blobs, second, now=AFTER) == [Recovered(TENANT, 83, 0)]
    assert await is_sound(db, blobs)
    await act(db, entropy, 200)
    assert await sequencer.sequence(TENANT) == 285
    assert await findings(db, blobs, second) == []
    names = [name async for page in second.names(f"log/{TENANT}/rows", AFTER.replace(year=9000)) for name in page]
    assert sorted(names) == sorted(files.rows_path(TENANT, piece) for piece in files.pieces(285))
