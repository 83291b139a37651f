"""What was compiled is read back, and compiled anew where it cannot be."""

from pathlib import Path

import hyperscan
import pytest

from gatepost.mail.ends import Pattern
from gatepost.verify.injection.compiled import compile_kept

PATTERNS: list[Pattern] = [(b"abc", 7, 0), (b"x{2,9}y", 8, hyperscan.HS_FLAG_CASELESS)]
TEXT = b"abc XXY abc"


def ends(database: hyperscan.Database) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []

    def take(which: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found.append((end, which))

    database.scan(TEXT, match_event_handler=take, scratch=hyperscan.Scratch(database))
    return found


def test_what_is_kept_finds_the_same(tmp_path: Path) -> None:
    kept = tmp_path / "made" / "kept.hs"
    wanted = ends(compile_kept(PATTERNS, kept, may_write=True))
    assert wanted == [(3, 7), (7, 8), (11, 7)]
    written = kept.stat().st_mtime_ns
    assert ends(compile_kept(PATTERNS, kept, may_write=True)) == wanted
    assert kept.stat().st_mtime_ns == written
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_other_patterns_are_not_taken_for_these(tmp_path: Path) -> None:
    kept = tmp_path / "kept.hs"
    compile_kept([(b"zzz", 1, 0)], kept, may_write=True)
    assert ends(compile_kept(PATTERNS, kept, may_write=True)) == [(3, 7), (7, 8), (11, 7)]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_what_is_damaged_is_compiled_anew(tmp_path: Path, damage: str) -> None:
    kept = tmp_path / "kept.hs"
    compile_kept(PATTERNS, kept, may_write=True)
    octets = kept.read_bytes()
    half = len(octets) // 2
    kept.write_bytes(
        {"cut": octets[:half], "changed": octets[:half] + b"?" + octets[half + 1 :], "emptied": b""}[damage]
    )
    assert ends(compile_kept(PATTERNS, kept, may_write=True)) == [(3, 7), (7, 8), (11, 7)]
    assert kept.read_bytes() == octets


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    assert ends(compile_kept(PATTERNS, tmp_path / "a file" / "kept.hs", may_write=True)) == [(3, 7), (7, 8), (11, 7)]


def test_who_wants_no_bytecode_written_gets_no_such_file_either(tmp_path: Path) -> None:
    compile_kept(PATTERNS, tmp_path / "kept.hs", may_write=False)
    assert list(tmp_path.iterdir()) == []
