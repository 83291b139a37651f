"""Looks for what must be gone, in every spelling: in every table of PostgreSQL's catalogue, and in every file."""

import base64
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hyperscan
import psycopg
from psycopg import sql

_HASH_OCTETS = 12
"""Of a hash, so many say which it is; it may be kept cut."""

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
    """Yield octets themselves, and what hex, quoted-printable, URLs, base64 and base32 make of them."""
    yield octets
    yield octets.hex().encode()
    for mark in "=%":
        yield "".join(f"{mark}{octet:02x}" for octet in octets).encode()
    for spell, bits in ((base64.b64encode, 6), (base64.urlsafe_b64encode, 6), (base64.b32encode, 5)):
        for start in range(5 if bits == 5 else 3):  # what is certain, wherever it begins
            spelled = spell(b"\0" * start + octets)
            yield spelled[-(-start * 8 // bits) : (start + len(octets)) * 8 // bits]


def traces_of(texts: Iterable[str]) -> Mapping[bytes, str]:
    """Return each spelling of each text, and of its hashes without a salt, cut or whole; with what it is a trace of."""
    found: dict[bytes, str] = {}
    for text in texts:
        found |= dict.fromkeys(spellings(text), repr(text[:30]))
        for name, digest in _digests(text.encode()):
            found |= dict.fromkeys(spellings_of_octets(digest[:_HASH_OCTETS]), f"{name} of {text[:30]!r}")
    return found


def _digests(octets: bytes) -> Iterator[tuple[str, bytes]]:
    for method in ("sha256", "sha1", "md5", "sha512", "blake2b", "blake2s"):
        yield method, hashlib.new(method, octets).digest()
    for size in (16, 20, 32):  # its length is part of what BLAKE2 hashes
        yield "blake2b", hashlib.blake2b(octets, digest_size=size).digest()


class Search:
    """Looks for all traces at once, without regard to case."""

    def __init__(self, traces: Mapping[bytes, str]) -> None:
        self._names = list(traces.values())
        self._traces: hyperscan.Database | None = None
        if traces:
            self._traces = hyperscan.Database()
            flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
            self._traces.compile(
                expressions=[b"".join(b"\\x%02x" % octet for octet in trace) for trace in traces],
                ids=list(range(len(traces))),
                flags=[flags] * len(traces),
            )

    def in_octets(self, octets: bytes) -> set[str]:
        """Return what there is a trace of."""
        found: set[str] = set()
        if self._traces is not None and octets:
            self._traces.scan(octets, match_event_handler=lambda number, *_: found.add(self._names[number]))
        return found


def in_files(traces: Mapping[bytes, str], files: Iterable[Path]) -> list[tuple[str, Path]]:
    """Return what files hold, compressed or not."""
    search = Search(traces)
    return [(name, path) for path in files for name in sorted(search.in_octets(_whole(path.read_bytes())))]


def _whole(octets: bytes) -> bytes:
    if not octets.startswith(b"\x1f\x8b"):
        return octets
    try:
        return octets + gzip.decompress(octets)
    except (OSError, EOFError, zlib.error):  # it only begins like one
        return octets


def in_tables(traces: Mapping[bytes, str], owner: psycopg.Connection[Any]) -> tuple[list[tuple[str, str]], set[str]]:
    """Return what tables hold in any column, whatever its type; and the tables that have rows at all."""
    search, found, filled = Search(traces), [], set()
    for schema, table, is_of_its_own in owner.execute(_RELATIONS).fetchall():
        spelled = "text" if is_of_its_own else "binary"  # rights, which its statistics hold too, have no binary form
        query = sql.SQL("copy (select * from {}.{}) to stdout (format {})")
        copied = query.format(sql.Identifier(schema), sql.Identifier(table), sql.SQL(spelled))
        with owner.cursor() as cursor, cursor.copy(copied) as copy:
            octets = b"".join(copy)
        if octets not in {b"", _NOTHING}:
            filled.add(table)
        found += [(name, table) for name in sorted(search.in_octets(octets))]
    return found, filled


_NOTHING = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
"""What PostgreSQL writes of a table without rows."""
