"""Columns as PostgreSQL reads them back."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gatepost.db import Database
from gatepost.db.column import Column, bigint, bigints, booleans, octets, spelled_bigints, texts, times


async def _back(db: Database, column: Column, kind: str) -> list[object]:
    async with db.transaction(None) as tx:
        rows = await tx.all(f"select each from unnest(%(column)s::{kind}) as each", column=column)  # noqa: S608  # ours
    return [row.each for row in rows]


async def test_every_kind_comes_back_as_it_went(db: Database) -> None:
    assert await _back(db, texts(["a", None, "", "ü🙂", "{},\\"]), "text[]") == ["a", None, "", "ü🙂", "{},\\"]
    assert await _back(db, octets([b"\0\xff", None, b""]), "bytea[]") == [b"\0\xff", None, b""]
    assert await _back(db, bigints([0, -1, None, 2**63 - 1, -(2**63)]), "bigint[]") == [
        0,
        -1,
        None,
        2**63 - 1,
        -(2**63),
    ]
    assert spelled_bigints([bigint(-7), bigint(2**62)]) == bigints([-7, 2**62])
    assert await _back(db, booleans([True, False]), "boolean[]") == [True, False]
    assert await _back(db, texts([]), "text[]") == []
    assert await _back(db, texts(["a", "", "ü🙂"]), "text[]") == ["a", "", "ü🙂"]
    assert await _back(db, octets([b"\0\xff", b""]), "bytea[]") == [b"\0\xff", b""]


async def test_times_come_back_to_the_microsecond(db: Database) -> None:
    given_times = [
        datetime(2026, 11, 21, 4, 0, 0, 123456, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 21, 4, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ]
    assert await _back(db, times(given_times), "timestamptz[]") == given_times


@given(st.lists(st.binary(max_size=40) | st.none(), max_size=20))
def test_an_array_says_how_long_everything_in_it_is(values: list[bytes | None]) -> None:
    spelled = octets(values).octets
    assert len(spelled) == 20 + sum(4 + len(each or b"") for each in values)
