"""Earlier houses: their schema made by the migrations they had, their rows put back as they were."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from gatepost.db.migrate import migrations

STATES = Path(__file__).parent / "states"
NAMES = sorted(path.name for path in STATES.iterdir())

_LEDGER = (
    "create table if not exists schema_migration"
    " (name text primary key, sha256 text not null, at timestamptz not null default now())"
)


def rows(state: str) -> Iterator[dict[str, Any]]:
    """Yield what the state's database held: ``{table, row}`` and ``{sequence, value}``."""
    with (STATES / state / "rows.jsonl").open() as lines:
        yield from map(json.loads, lines)


def known_to(state: str) -> list[str]:
    """Return the migrations the state's house had applied."""
    return sorted(each["row"]["name"] for each in rows(state) if each.get("table") == "schema_migration")


def make_schema(owner: psycopg.Connection[Any], names: Iterable[str]) -> None:
    """Apply exactly these migrations to an empty database; what the ledger says of them comes with the rows."""
    texts = dict(migrations())
    owner.execute(_LEDGER)
    for name in names:
        owner.execute(texts[name].encode())


def put_back(owner: psycopg.Connection[Any], found: Iterable[dict[str, Any]]) -> None:
    """Write rows as they were, whatever refers to whatever."""
    owner.execute("set session_replication_role = replica")
    for each in found:
        if "sequence" in each:
            owner.execute("select setval(%s, %s)", [each["sequence"], each["value"]])
            continue
        if each["table"] == "entry_words":
            owner.execute("select lookup_month(%s)", [each["row"]["at"]])
        table = Identifier(each["table"])
        owner.execute(
            SQL("insert into {} overriding system value select * from json_populate_record(null::{}, %s)").format(
                table, table
            ),
            [json.dumps(each["row"])],
        )
    owner.execute("set session_replication_role = origin")


def copy_folder(state: str, folder: Path, *parts: str) -> Path:
    """Copy parts of the state, ``keys`` among them, into a state folder, with the rights they had."""
    for part in parts:
        shutil.copytree(STATES / state / part, folder / part)
    (folder / "keys").chmod(0o700)
    for path in (folder / "keys").iterdir():
        path.chmod(0o600)
    return folder
