"""Looks for what must be gone, in every spelling: in every table of PostgreSQL's catalogue, and in every file."""

import base64
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_RELATIONS = """
    select n.nspname, c.relname, n.nspname = 'pg_catalog' as is_of_its_own
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and (n.nspname !~ '^(pg_|information_schema)' or c.relname in
      ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_description', 'pg_db_role_setting'))
    order by 1, 2
"""
"""Tables, partitions and materialized views of every schema; of PostgreSQL's own, those that hold what others wrote."""


def spellings(word: str) -> Iterator[bytes]:
    """Yield the ways a text may lie on a disk, in lower case where letters have one."""
    for wide in ("utf-16-le", "utf-16-be", "utf-32-le"):
        yield word.encode(wide)
    yield from spellings_of_octets(word.encode())


def spellings_of_octets(octets: bytes) -> Iterator[bytes]:
    """Yield octets themselves, and what hex, quoted-printable and base64 make of them."""
    yield octets
    yield octets.hex().encode()
    yield "".join(f"={octet:02x}" for octet in octets).encode()
    for start in range(3):  # what is certain of its base64, wherever it begins
        spelled = base64.b64encode(b"\0" * start + octets)
        yield spelled[-(-start * 8 // 6) : (start + len(octets)) * 8 // 6]


def traces_of(texts: Iterable[str]) -> Mapping[bytes, str]:
    """Return each spelling of each text, and of its hashes without a salt; with what it is a trace of."""
    found: dict[bytes, str] = {}
    for text in texts:
        found |= dict.fromkeys(spellings(text), repr(text[:30]))
        for method in ("sha256", "sha1", "md5"):
            digest = hashlib.new(method, text.encode()).digest()
            found |= dict.fromkeys(spellings_of_octets(digest), f"{method} of {text[:30]!r}")
    return found


def in_octets(traces: Mapping[bytes, str], octets: bytes) -> set[str]:
    """Return what there is a trace of."""
    lower = octets.lower()
    return {name for trace, name in traces.items() if trace in octets or trace.lower() in lower}


def in_files(traces: Mapping[bytes, str], files: Iterable[Path]) -> list[tuple[str, Path]]:
    """Return what files hold, compressed or not."""
    return [(name, path) for path in files for name in sorted(in_octets(traces, _whole(path.read_bytes())))]


def _whole(octets: bytes) -> bytes:
    if not octets.startswith(b"\x1f\x8b"):
        return octets
    try:
        return octets + gzip.decompress(octets)
    except (OSError, EOFError, zlib.error):  # it only begins like one
        return octets


def in_tables(traces: Mapping[bytes, str], owner: psycopg.Connection[Any]) -> tuple[list[tuple[str, str]], set[str]]:
    """Return what tables hold in any column, whatever its type; and the tables that have rows at all."""
    found, filled = [], set()
    for schema, table, is_of_its_own in owner.execute(_RELATIONS).fetchall():
        spelled = "text" if is_of_its_own else "binary"  # rights, which its statistics hold too, have no binary form
        query = sql.SQL("copy (select * from {}.{}) to stdout (format {})")
        copied = query.format(sql.Identifier(schema), sql.Identifier(table), sql.SQL(spelled))
        with owner.cursor() as cursor, cursor.copy(copied) as copy:
            octets = b"".join(copy)
        if octets not in {b"", _NOTHING}:
            filled.add(table)
        found += [(name, table) for name in sorted(in_octets(traces, octets))]
    return found, filled


_NOTHING = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
"""What PostgreSQL writes of a table without rows."""
