"""What outsiders get, given to the outsiders' own tools."""

import base64
import json
from pathlib import Path

import metamorphic_log
import proofbundle
import pytest

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.ids import EntryId, LeafIndex, TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.tiles import Tile, unpack
from gatepost.record import export
from gatepost.record.commitment import commit
from gatepost.record.export import NotInLogError
from gatepost.record.folder import export_log
from gatepost.record.paper import Recorded
from record.conftest import ORIGIN
from record.papers import TENANT


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
    assert await export_log(db, blobs, nobody, tmp_path) == 0
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


@pytest.mark.usefixtures("grown")
async def test_a_missing_tile_is_named(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    await blobs.remove(f"log/{TENANT}/tile/entries/000")
    with pytest.raises(LedgerError, match="tile/entries/000 is missing"):
        await export.entry_bytes(blobs, TENANT, LeafIndex(0))
    with pytest.raises(LedgerError, match="tile/entries/000 is missing"):
        await export_log(db, blobs, TENANT, tmp_path)
    await blobs.remove(f"log/{TENANT}/tile/0/001.p/44")
    with pytest.raises(LedgerError, match=r"tile/0/001\.p/44 is missing"):
        await export.prove(blobs, TENANT, LeafIndex(299))
