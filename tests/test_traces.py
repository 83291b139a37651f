"""What looks for traces finds them: in a column of any type, in a file, plain or compressed."""

import base64
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from traces import in_files, in_tables, traces_of

WORD = "zq.ann@example.com"
TRACES = traces_of([WORD])
HASH = hashlib.sha256(WORD.encode())
LIES = {
    "text": HASH.hexdigest(),
    "bytea": HASH.digest(),
    "text[]": ["a", WORD.upper()],
    "bytea[]": [b"", HASH.digest()],
    "jsonb": f'{{"a": [{{"{WORD}": 1}}]}}',
    "json": f'{{"a": "{base64.b64encode(HASH.digest()).decode()}"}}',
    "varchar": "x" * 5_000 + base64.b64encode(b"ab" + WORD.encode()).decode(),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_trace_is_found_in_a_column_of_any_type_and_schema(kind: str, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as owner:
        assert in_tables(TRACES, owner)[0] == []
        owner.execute("create schema another")
        owner.execute(sql.SQL("create table another.later (number int, lies {})").format(sql.SQL(kind)))
        query = sql.SQL("insert into another.later values (1, %s::{})").format(sql.SQL(kind))
        owner.execute(query, [LIES[kind]])
        found, filled = in_tables(TRACES, owner)
        assert [table for _, table in found] == ["later"]
        assert "later" in filled


def test_a_trace_is_found_in_what_postgresql_remembers_of_a_table(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("create table later as select %s::text as lies from generate_series(1, 300)", [WORD])
        owner.execute("analyze later")
        owner.execute("truncate later")
        assert {table for _, table in in_tables(TRACES, owner)[0]} == {"pg_statistic"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_trace_is_found_in_a_file(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path, other = tmp_path / "tile", tmp_path / "other"
    path.write_bytes(pack(b"\0\1" + HASH.digest() + b"\2"))
    other.write_bytes(b"\x1f\x8b no such thing")
    assert in_files(TRACES, [path, other]) == [(f"sha256 of {WORD!r}", path)]
