"""Two foreign verifiers refuse a log with one octet changed in any kind of file, each of them."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import metamorphic_log
import proofbundle
import pytest

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import consistency_ranges, hash_range, inclusion_ranges, leaf_hash
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, Tile, reader, unpack
from tools.test_verify_log import CHANGED, CHECKPOINTS, KEY, flip, write_log
from tools.test_verify_log import ENTRIES as LINES


def tiles_in(folder: Path) -> dict[Tile, bytes]:
    """Return the files below ``tile/``, as they lie there."""
    paths = [path for path in (folder / "log" / "tile").rglob("*") if path.is_file()]
    return {Tile.parse(path.relative_to(folder / "log").as_posix()): path.read_bytes() for path in paths}


def by_metamorphic_log(folder: Path) -> bool:
    """Let metamorphic-log see everything: each checkpoint, and each entry by a proof made of the tiles as they lie."""
    vkey = (folder / "log.vkey").read_bytes().decode(errors="replace").strip()
    try:
        head = metamorphic_log.checkpoint_verify(_text(folder / "log" / "checkpoint"), [vkey])
        for index, leaf, path in _entries(folder, head.size):
            metamorphic_log.verify_inclusion(index, head.size, leaf_hash(leaf), path, head.root)
        for each, size, path in _earlier(folder, head.size):
            older = metamorphic_log.checkpoint_verify(each, [vkey])
            metamorphic_log.verify_consistency(size, head.size, path, older.root, head.root)
        for proof, entry in _proofs(folder):
            lines, _, note = proof.partition("\n\n")
            about, *hashes = lines.splitlines()[1:]
            place = int(about.removeprefix("index "))
            path = [base64.b64decode(each, validate=True) for each in hashes]
            metamorphic_log.checkpoint_verify_inclusion(note, [vkey], place, leaf_hash(entry), path)
    except (ValueError, LedgerError, metamorphic_log.VerifyError):
        return False
    return True


def by_proofbundle(folder: Path) -> bool:
    """Let proofbundle see everything, likewise; checkpoints it takes inside of proofs only."""
    vkey = (folder / "log.vkey").read_bytes().decode(errors="replace").strip()
    try:
        note = _text(folder / "log" / "checkpoint")
        size = int(note.split("\n")[1])
        notes = [(note, size), *((each, older) for each, older, _ in _earlier(folder, size))]
        entries, read = _bundled(folder), reader(size, tiles_in(folder))
        roots = {older: base64.b64decode(each.split("\n")[2], validate=True) for each, older in notes}
        for each, older in notes:  # a proof of the last entry below this head: its signature is looked at
            path = [hash_range(leaves, read) for leaves in inclusion_ranges(older - 1, older)]
            said = Proof(older - 1, tuple(path), each.encode()).encode().decode()
            if not proofbundle.verify_tlog_proof(said, entries[older - 1], vkey, expected_origin=KEY.name)["ok"]:
                return False
        whole = all(
            proofbundle.verify_inclusion(leaf, index, size, path, roots[size])
            for index, leaf, path in _entries(folder, size)
        )
        grows = all(
            proofbundle.verify_consistency(older, size, path, roots[older], roots[size])
            for _, older, path in _earlier(folder, size)
        )
        proven = all(proofbundle.verify_tlog_proof(proof, entry, vkey)["ok"] for proof, entry in _proofs(folder))
    except (ValueError, LedgerError, proofbundle.ProofBundleError):
        return False
    return whole and grows and proven


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _proofs(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in (folder / "proofs").glob("*.tlog-proof"):
        yield _text(path), path.with_suffix(".entry").read_bytes()


def _bundled(folder: Path) -> list[bytes]:
    bundles = sorted(
        (each for each in tiles_in(folder).items() if each[0].level == ENTRIES), key=lambda each: each[0].index
    )
    return [entry for tile, octets in bundles for entry in unpack(tile, octets)]


def _entries(folder: Path, size: int) -> Iterator[tuple[int, bytes, list[bytes]]]:
    read = reader(size, tiles_in(folder))
    lines = (folder / LINES).read_bytes().splitlines()
    for index, entry in (*enumerate(_bundled(folder)), *enumerate(lines)):
        yield index, entry, [hash_range(leaves, read) for leaves in inclusion_ranges(index, size)]


def _earlier(folder: Path, size: int) -> Iterator[tuple[str, int, list[bytes]]]:
    read = reader(size, tiles_in(folder))
    for line in _text(folder / CHECKPOINTS).splitlines():
        told = json.loads(line)
        note = told["note"]
        older = int(note.split("\n")[1])
        if told != {"size": older, "note": note}:
            raise ValueError(line)
        yield (
            note,
            older,
            [hash_range(leaves, read) for leaves in consistency_ranges(older, size)] if older < size else [],
        )


@pytest.mark.parametrize("foreign", [by_metamorphic_log, by_proofbundle])
def test_each_foreign_verifier_refuses_one_changed_octet_in_any_kind_of_file(
    tmp_path: Path, foreign: Callable[[Path], bool]
) -> None:
    """Neither reads a folder: proofs are made for them of the tiles as they lie, so a changed tile proves nothing."""
    write_log(tmp_path)
    assert foreign(tmp_path)
    for path, *_ in CHANGED:
        whole = (tmp_path / path).read_bytes()
        flip(tmp_path / path)
        assert not foreign(tmp_path), path
        (tmp_path / path).write_bytes(whole)
