"""The log in a folder: given to the outsiders' own tools, interrupted, and begun again."""

import json
import runpy
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import metamorphic_log
import proofbundle
import pytest

from gatepost import record
from gatepost.blobs import Blobs
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.tiles import Tile
from gatepost.record import files
from gatepost.record.folder import export_log
from gatepost.record.paper import Kind
from gatepost.record.publish import Sequencer
from record.papers import TENANT, consequence

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "verify_log.py"))
PROVEN = (0, 17, 256, 299)


def proven(_: int) -> Iterable[int]:
    return PROVEN


def kept(out: Path) -> dict[str, bytes]:
    """Every file that lies there."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def emptied(out: Path) -> None:
    shutil.rmtree(out)
    out.mkdir()


def faults(out: Path) -> list[str]:
    """What the tool for outsiders finds."""
    found: list[str] = []
    key = TOOL["read_key"]((out / "log.vkey").read_text())
    TOOL["verify"](out, TOOL["Trust"](key), lambda name, why: found.append(f"{name}: {why}"))
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


async def test_it_proves_every_entry_to_a_stranger(db: Database, blobs: Blobs, grown: int, out: Path) -> None:
    told: list[tuple[int, int]] = []
    done = await export_log(db, blobs, TENANT, out, lambda at, size: told.append((at, size)), proofs=proven)
    assert (done, told[-1]) == (grown, (grown, grown))
    assert faults(out) == []
    key = (out / "log.vkey").read_text().strip()
    assert metamorphic_log.checkpoint_verify((out / "log" / "checkpoint").read_text(), [key]).size == grown
    lines = (out / "entries" / "000000000000.jsonl").read_bytes().splitlines()
    assert len(lines) == grown
    for index in PROVEN:
        proof = (out / "proofs" / f"{index}.tlog-proof").read_text()
        entry = (out / "proofs" / f"{index}.entry").read_bytes()
        assert entry == lines[index]
        assert proofbundle.verify_tlog_proof(proof, entry, key)["ok"]


async def test_it_has_few_files(db: Database, blobs: Blobs, grown: int, out: Path) -> None:
    assert await export_log(db, blobs, TENANT, out) == grown
    assert sorted(kept(out)) == [
        "entries/000000000000.jsonl",
        "log.vkey",
        "log/checkpoint",
        "log/checkpoints.jsonl",
        "log/tile/0/000",
        "log/tile/0/001.p/44",
        "log/tile/1/000.p/1",
        "log/tile/entries/000",
        "log/tile/entries/001.p/44",
    ]


async def test_it_has_every_checkpoint_that_was_signed(db: Database, blobs: Blobs, grown: int, out: Path) -> None:
    await export_log(db, blobs, TENANT, out)
    key = (out / "log.vkey").read_text().strip()
    told = [json.loads(line) for line in (out / "log" / "checkpoints.jsonl").read_text().splitlines()]
    assert [each["size"] for each in told] == [100, 200, grown]
    assert [metamorphic_log.checkpoint_verify(each["note"], [key]).size for each in told] == [100, 200, grown]


@pytest.mark.usefixtures("grown")
async def test_a_log_without_entries_leaves_the_folder_as_it_is(db: Database, blobs: Blobs, out: Path) -> None:
    assert await export_log(db, blobs, TenantId("tn_nobody"), out) == 0
    assert not kept(out)


class KilledError(Exception):
    """Stands for SIGKILL: nothing that comes after the last write is done."""


class Counting:
    """Counts the tiles that are fetched, and dies after so many calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, calls: int = 10**9) -> None:
        self.fetched: list[Tile] = []
        self.left = calls
        self._read = files.read_tiles
        monkeypatch.setattr(files, "read_tiles", self.read)

    async def read(self, blobs: Blobs, tenant: TenantId, tiles: Collection[Tile]) -> dict[Tile, bytes]:
        if not self.left:
            raise KilledError
        self.left -= 1
        self.fetched += tiles
        return await self._read(blobs, tenant, tiles)


async def grow(db: Database, sequencer: Sequencer, entropy: Entropy, entries: int) -> int:
    async with db.transaction(TENANT) as tx:
        for _ in range(entries):
            await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
    return await sequencer.sequence(TENANT)


@pytest.mark.usefixtures("grown")
async def test_wherever_it_is_interrupted_it_never_looks_whole_and_goes_on(
    db: Database, blobs: Blobs, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write may be the last one: the whole is only there with what comes last."""
    await export_log(db, blobs, TENANT, out)
    whole = kept(out)
    replace, writes = Path.replace, 0
    for last in range(30):
        emptied(out)
        writes = 0

        def cut(path: Path, to: Any, last: int = last) -> Path:
            nonlocal writes
            writes += 1
            if writes > last:
                raise KilledError
            return replace(path, to)

        with monkeypatch.context() as patched, suppress(KilledError):
            patched.setattr(Path, "replace", cut)
            await export_log(db, blobs, TENANT, out)
        if writes <= last:
            break
        if (out / "log.vkey").exists():
            assert "unfinished: the export was interrupted: have it go on, into this folder" in faults(out)
        assert not (out / "log" / "checkpoint").exists()
        assert (out / "unfinished").exists()
        await export_log(db, blobs, TENANT, out)
        assert kept(out) == whole
    assert last == len(whole)


@pytest.mark.usefixtures("grown")
async def test_what_lies_there_and_holds_is_not_fetched_again(
    db: Database, blobs: Blobs, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await export_log(db, blobs, TENANT, out)
    counting = Counting(monkeypatch)
    await export_log(db, blobs, TENANT, out)
    assert {each.path for each in counting.fetched} == {
        "tile/1/000.p/1",
        "tile/0/001.p/44",
        "tile/entries/001.p/44",
    }
    for name in ("0/000", "entries/000"):
        path = out / "log" / "tile" / name
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        counting.fetched.clear()
        await export_log(db, blobs, TENANT, out)
        assert "tile/0/000" in {each.path for each in counting.fetched}
        assert faults(out) == []


async def test_a_folder_of_a_smaller_log_grows_and_says_so_while_it_does(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow(db, sequencer, entropy, 100)
    await export_log(db, blobs, TENANT, out)
    size = await grow(db, sequencer, entropy, 200)
    with monkeypatch.context() as patched:
        Counting(patched, calls=1)
        with pytest.raises(KilledError):
            await export_log(db, blobs, TENANT, out)
    assert not (out / "log" / "checkpoint").exists(), "neither the old log nor the new one is said to be here"
    assert await export_log(db, blobs, TENANT, out) == size
    assert faults(out) == [], "narrower tiles of before are its beginnings"


@pytest.mark.usefixtures("grown")
async def test_a_tile_that_is_missing_ends_it_unfinished(db: Database, blobs: Blobs, out: Path) -> None:
    await blobs.remove(f"log/{TENANT}/tile/0/000")
    with pytest.raises(LedgerError, match="tile/0/000 is missing"):
        await export_log(db, blobs, TENANT, out)
    assert (out / "unfinished").exists()
