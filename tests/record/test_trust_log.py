from collections.abc import Callable

import psycopg
import pytest

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.record import UnrecordableError
from gatepost.record.publish import Sequencer
from gatepost.record.trust_log import TRUST, Fact, state, stated
from record.check_log import sound
from record.papers import NOON, counting


def fact(**detail: object) -> Fact:
    return Fact(action="claim.checked", at=NOON, object_ref="A1", detail=detail)  # type: ignore[arg-type]  # JSON, or not


async def test_facts_stand_in_clear_in_a_log_that_verifies(
    db: Database, blobs: Blobs, new_sequencer: Callable[[], Sequencer]
) -> None:
    said = {"text": 'Any words, "prev_decision_ref":null,"seq":7, and ünïcödé', "share": 0.25, "list": [1, None, True]}
    async with db.transaction(TRUST) as tx:
        entries = await state(tx, [fact(**said), fact(second="fact")], entropy=counting())
    async with db.transaction(TRUST) as tx:
        first, second = await stated(tx, entries)
    assert (first.leaf_index, first.detail, second.detail) == (None, said, {"second": "fact"})
    assert await new_sequencer().sequence(TRUST) == 2
    async with db.transaction(TRUST) as tx:
        assert [each.leaf_index for each in await stated(tx, entries)] == [0, 1]
    assert await sound(db, blobs, TRUST)


async def test_a_row_that_is_no_leaf_any_more_is_left_out(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TRUST) as tx:
        first, second = await state(tx, [fact(number=1), fact(number=2)], entropy=counting())
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update entry set leaf = '{}' where id = %s", [first])
    async with db.transaction(TRUST) as tx:
        assert [each.entry for each in await stated(tx, [first, second])] == [second]


async def test_what_does_not_fit_is_refused_and_never_hidden(db: Database) -> None:
    async with db.transaction(TRUST) as tx:
        for detail in ({"long": "x" * 2048}, {"odd": object()}):
            with pytest.raises(UnrecordableError):
                await state(tx, [fact(**detail)], entropy=counting())
        assert await state(tx, [], entropy=counting()) == []
