import json
from pathlib import Path

from gatepost.app.gaps import find_gaps
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.db import Database
from gatepost.ledger.merkle import leaf_hash
from gatepost.record import export
from gatepost.record.publish import Sequencer
from record.papers import TENANT, Hands, OpenKeyring, counting
from upkeep.siem.scene import Scene, ways


async def test_a_gap_between_the_log_and_an_export_is_found(db: Database, tmp_path: Path) -> None:
    clock = Hands()
    blobs = Blobs(Folder(tmp_path))
    sequencer = Sequencer(db, blobs, blobs, OpenKeyring(), clock, counting(1_000_000), "log.house.example")
    scene = Scene(db=db, egress=ways(clock), clock=clock, entropy=counting(), sequencer=sequencer)
    size = await scene.grow(6)
    async with db.transaction(TENANT) as tx:
        entries = await export.published(tx, 0, size, opened=False)
    lines = [
        json.dumps({"leaf_index": each.leaf_index, "leaf_hash": leaf_hash(each.leaf).hex()})
        for each in entries
        if each.leaf_index != 4
    ]
    found = await find_gaps(db, TENANT, lines)
    assert (found.missing, found.size, found.present) == ([(4, 4)], 6, 5)
    assert (await find_gaps(db, TENANT, lines, start=0, end=4)).is_whole
    assert (await find_gaps(db, TENANT, lines, start=5)).is_whole
    assert (await find_gaps(db, TENANT, lines, start=9)).is_whole


async def test_a_tenant_without_a_log_lacks_nothing(db: Database) -> None:
    assert (await find_gaps(db, TENANT, [])).is_whole
