from gatepost import trust
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import VerifierKey
from gatepost.trust.read import HISTORY_MAX, read_history
from trust.scene import Scene
from trust.test_engine import Lamp, lamp

__all__ = ["lamp"]


async def test_histories_are_newest_first_and_paged(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    for is_on in (True, False, True):
        lamp.is_on = is_on
        await engine.round(everything=True)
    found = await read_history(scene.house, "L1")
    assert [each.result.finding.value for each in found] == ["on", None, "on"]
    later = await read_history(scene.house, "L1", limit=1, before=found[0].entry)
    assert [each.entry for each in later] == [found[1].entry]
    assert len(found) <= HISTORY_MAX


async def test_what_is_no_claim_has_no_history(scene: Scene, lamp: Lamp) -> None:
    del lamp
    await scene.engine().round()
    assert await read_history(scene.house, "@revision") == []
    assert await read_history(scene.house, "none") == []


async def test_the_log_is_served_as_any_log(scene: Scene, lamp: Lamp) -> None:
    del lamp
    assert await trust.read_checkpoint(scene.house.blobs) is None
    await scene.engine().round()
    size = await scene.publish()
    note = await trust.read_checkpoint(scene.house.blobs)
    key = VerifierKey.parse(await trust.read_vkey(scene.house.db) or "")
    assert Checkpoint.open(note or b"", key).size == size
    assert await trust.read_tile(scene.house.blobs, f"tile/0/000.p/{size}") is not None
    assert await trust.read_tile(scene.house.blobs, "tile/../secret") is None
