"""Transparency log vectors: proofs (RFC 6962, RFC 9162), signed notes and verifier keys, whole tile logs (C2SP)."""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from gatepost.ledger.note import Note, VerifierKey
from gatepost.ledger.tiles import ENTRIES, WIDTH, Tile, hashes, unpack
from suites.case import Case, FailedError, expect, rows


def read(folder: Path) -> Iterator[Case]:
    """Yield proofs, notes, keys, and one case a checkpoint of every log kept beside them."""
    keys: set[VerifierKey] = set()
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            if row.get("expect") == "ok":
                keys.update(map(VerifierKey.parse, row["vkeys"]))
            yield Case(row["id"], partial(_check, row))
    for log in sorted(path.parent for path in folder.glob("*/checkpoint")):
        for path in sorted(log.glob("checkpoint*")):
            yield Case(f"{log.name}/{path.name}", partial(_check_log, log, path.read_bytes(), keys))


async def _check(case: dict[str, Any]) -> None:
    if "kind" in case:
        _refuses_or_takes(partial(_prove, case), is_right=not case["wantErr"])
    elif "vkey" in case:
        _refuses_or_takes(lambda: expect(str(VerifierKey.parse(case["vkey"])), case["vkey"], "key"), case["valid"])
    else:
        _refuses_or_takes(partial(_open, case), is_right=case["expect"] == "ok")


async def _check_log(log: Path, note: bytes, keys: set[VerifierKey]) -> None:
    """Open a checkpoint of a whole log and compute its root again from the entries, and those from no other tile."""
    (key,) = (key for key in keys if key.name == Note.parse(note).text.partition("\n")[0])
    checkpoint = Checkpoint.open(note, key)
    leaves: dict[int, bytes] = {}
    for path in (log / "tile").rglob("*"):
        if not path.is_file():
            continue
        tile = Tile.parse(str(path.relative_to(log)))
        if tile.level == ENTRIES:
            found = [leaf_hash(entry) for entry in unpack(tile, path.read_bytes())]
        elif tile.level == 0:
            found = hashes(tile, path.read_bytes())
        else:
            continue
        for at, leaf in enumerate(found, tile.index * WIDTH):
            expect(leaf, leaves.setdefault(at, leaf), f"leaf {at} by {tile.path}")
    made = root([leaves[at] for at in range(checkpoint.size)])
    expect(made.hex(), checkpoint.root.hex(), f"the root of the first {checkpoint.size} entries")


def _refuses_or_takes(work: Callable[[], None], is_right: bool) -> None:  # noqa: FBT001  # the one thing it is told
    try:
        work()
    except LedgerError as error:
        if is_right:
            raise FailedError(f"refused: {error}") from None
        return
    if not is_right:
        raise FailedError("taken, though it is wrong")


def _octets(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def _prove(case: dict[str, Any]) -> None:
    if case["kind"] == "inclusion":
        leaf, tree_root = _octets([case["leafHash"] or "", case["root"] or ""])
        verify_inclusion(case["leafIdx"], case["treeSize"], leaf, _octets(case["proof"]), tree_root)
    else:
        old, new = _octets([case["root1"] or "", case["root2"] or ""])
        verify_consistency(case["size1"], case["size2"], _octets(case["proof"]), old, new)


def _open(case: dict[str, Any]) -> None:
    keys = [VerifierKey.parse(text) for text in case["vkeys"]]
    found = Note.parse(base64.b64decode(case["note_b64"])).verify(keys)
    expect([key.name for key in found], case["verified"], "the list of verified keys")
