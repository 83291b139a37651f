"""What outsiders get, given to the outsiders' own tools."""

import base64
import json
from pathlib import Path

import metamorphic_log
import proofbundle
import pytest

from gatepost import record
from gatepost.blobs import Blobs
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.tiles import Tile, unpack
from gatepost.record import export
from gatepost.record.commitment import commit
from gatepost.record.export import NotInLogError
from gatepost.record.paper import Kind, Recorded
from gatepost.record.publish import Sequencer
from record.conftest import ORIGIN
from record.papers import TENANT, consequence


@pytest.fixture
async def grown(db: Database, sequencer: Sequencer, entropy: Entropy) -> int:
    """A log of 300 entries, published three times on the way."""
    size = 0
    for _ in range(3):
        async with db.transaction(TENANT) as tx:
            for _ in range(100):
                await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        size = await sequencer.sequence(TENANT)
    return size


async def vkey(db: Database) -> str:
    async with db.transaction(TENANT) as tx:
        key = await export.vkey(tx)
    assert key is not None
    return key


async def test_two_foreign_verifiers_accept_the_proof_of_an_entry(db: Database, blobs: Blobs, grown: int) -> None:
    key = await vkey(db)
    for index in (0, 99, 255, 256, 299):
        proof = (await export.prove(blobs, TENANT, LeafIndex(index))).decode()
        entry = await export.entry_bytes(blobs, TENANT, LeafIndex(index))
        seen = proofbundle.verify_tlog_proof(proof, entry, key, expected_origin=f"{ORIGIN}/t/{TENANT}")
        assert (seen["ok"], seen["tree_size"]) == (True, grown)
        assert not proofbundle.verify_tlog_proof(proof, entry + b" ", key)["ok"]
    note = await export.checkpoint(blobs, TENANT)
    assert note is not None
    assert metamorphic_log.checkpoint_verify(note.decode(), [key]).size == grown


async def test_a_leaf_and_its_row_are_the_same_entry(blobs: Blobs, life: list[Recorded]) -> None:
    entry = json.loads(await export.entry_bytes(blobs, TENANT, LeafIndex(0)))
    assert (entry["seq"], entry["object_ref"]) == (life[0].entries[0], life[0].arrived.email)


async def test_a_holder_checks_the_commitments_with_the_opening(
    db: Database, blobs: Blobs, life: list[Recorded]
) -> None:
    leaf = json.loads(await export.entry_bytes(blobs, TENANT, LeafIndex(0)))
    async with db.transaction(TENANT) as tx:
        opening = await export.opening(tx, life[0].entries[0])
        assert await export.opening_at(tx, LeafIndex(0)) == opening
        assert await export.opening_at(tx, LeafIndex(99)) is None
        assert await export.opening(tx, EntryId(10**9)) is None
    assert opening is not None
    assert set(opening) == set(leaf["c"])
    for name, opened in opening.items():
        found = commit(name, base64.b64decode(opened["salt"]), opened["value"])
        assert base64.b64encode(found).decode() == leaf["c"][name]


@pytest.mark.usefixtures("grown")
async def test_an_entry_outside_the_log_is_said_to_be(blobs: Blobs) -> None:
    for index in (-1, 300, 2**62):
        with pytest.raises(NotInLogError):
            await export.prove(blobs, TENANT, LeafIndex(index))
        with pytest.raises(NotInLogError):
            await export.entry_bytes(blobs, TENANT, LeafIndex(index))


async def test_a_tenant_without_entries_has_no_log(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    nobody = TenantId("tn_nobody")
    assert await export.checkpoint(blobs, nobody) is None
    assert await export.tile(blobs, nobody, "tile/0/000.p/1") is None
    assert await export.export_log(db, blobs, nobody, tmp_path) == 0
    async with db.transaction(nobody) as tx:
        assert await export.vkey(tx) is None
    with pytest.raises(NotInLogError):
        await export.prove(blobs, nobody, LeafIndex(0))


@pytest.mark.usefixtures("grown")
async def test_tiles_of_older_checkpoints_are_cut_from_the_wider_ones(blobs: Blobs) -> None:
    wide = await export.tile(blobs, TENANT, "tile/0/000")
    assert wide is not None
    assert await export.tile(blobs, TENANT, "tile/0/000.p/100") == wide[: 100 * 32]
    assert await export.tile(blobs, TENANT, "tile/0/001.p/3") is not None
    bundle = await export.tile(blobs, TENANT, "tile/entries/000.p/7")
    assert bundle is not None
    assert len(unpack(Tile.parse("tile/entries/000.p/7"), bundle)) == 7


NO_TILES = ["checkpoint", "../tn_b/checkpoint", "tile/0/002", "tile/0/001", "tile/0/001.p/45", "tile/2/000.p/1"]


@pytest.mark.usefixtures("grown")
async def test_no_other_path_gives_a_tile(blobs: Blobs) -> None:
    for path in NO_TILES:
        assert await export.tile(blobs, TENANT, path) is None, path


async def test_the_exported_folder_proves_every_entry_to_a_stranger(
    db: Database, blobs: Blobs, grown: int, tmp_path: Path
) -> None:
    out = tmp_path / "demo-out"
    out.mkdir()
    told: list[tuple[int, int]] = []
    assert await export.export_log(db, blobs, TENANT, out, lambda done, size: told.append((done, size))) == grown
    check_folder(out, grown)
    assert told == [(256, grown), (grown, grown)]


def check_folder(out: Path, size: int) -> None:
    key = (out / "log.vkey").read_text().strip()
    assert (out / "log" / "tile" / "entries" / "001.p" / "44").exists()
    assert metamorphic_log.checkpoint_verify((out / "log" / "checkpoint").read_text(), [key]).size == size
    assert len(list((out / "proofs").iterdir())) == 2 * size
    for index in (0, 17, 256, 299):
        proof = (out / "proofs" / f"{index}.tlog-proof").read_text()
        entry = (out / "proofs" / f"{index}.entry").read_bytes()
        assert proofbundle.verify_tlog_proof(proof, entry, key)["ok"]


@pytest.mark.usefixtures("grown")
async def test_a_missing_tile_is_named(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    await blobs.remove(f"log/{TENANT}/tile/entries/000")
    with pytest.raises(LedgerError, match="tile/entries/000 is missing"):
        await export.entry_bytes(blobs, TENANT, LeafIndex(0))
    with pytest.raises(LedgerError, match="tile/entries/000 is missing"):
        await export.export_log(db, blobs, TENANT, tmp_path)
    await blobs.remove(f"log/{TENANT}/tile/0/001.p/44")
    with pytest.raises(LedgerError, match=r"tile/0/001\.p/44 is missing"):
        await export.prove(blobs, TENANT, LeafIndex(299))


async def test_the_exported_folder_has_every_checkpoint_that_was_signed(
    db: Database, blobs: Blobs, grown: int, tmp_path: Path
) -> None:
    await export.export_log(db, blobs, TENANT, tmp_path)
    key = await vkey(db)
    written = {path.name: path.read_text() for path in (tmp_path / "log" / "checkpoints").iterdir()}
    assert sorted(written, key=int) == ["100", "200", str(grown)]
    assert {metamorphic_log.checkpoint_verify(note, [key]).size for note in written.values()} == {100, 200, grown}
