from pathlib import Path

from structlog.testing import capture_logs

from gatepost.upkeep.retention import erase_person, replay
from gatepost.upkeep.retention.enrolled import misenrolled, say_unenrolled
from gatepost.upkeep.retention.roll import FILE
from outbound import BOSS, TENANT
from upkeep.retention.scene import Kept


async def test_a_roll_that_lost_what_the_log_tells_is_named_until_it_is_replayed(kept: Kept, tmp_path: Path) -> None:
    keeper = kept.keeper

    async def found() -> list[str]:
        return await misenrolled(keeper.db, keeper.roll, TENANT, keeper.clock())

    await kept.scene.boss_asks()
    assert await found() == []
    done = await erase_person(keeper, TENANT, BOSS, actor="operator")
    assert await found() == []
    (tmp_path / "keys" / FILE).unlink()
    assert await found() == [f"erasure {done.request}: the log has it, and the roll beside the keys ({FILE}) does not"]
    assert await replay(keeper) == 0
    assert await found() == []


async def test_a_start_says_that_the_roll_was_cut(kept: Kept, tmp_path: Path) -> None:
    keeper = kept.keeper
    await kept.scene.boss_asks()
    done = await erase_person(keeper, TENANT, BOSS, actor="operator")
    (tmp_path / "keys" / FILE).unlink()
    with capture_logs() as logs:
        assert await replay(keeper) == 0
        await say_unenrolled(keeper, [TENANT])
    [said] = logs
    assert (said["event"], said["beside_keys"], said["second_store"]) == ("erasures.roll_completed", 1, 0)
    (tmp_path / "keys" / FILE).unlink()
    remove_copies(tmp_path, done.request)
    with capture_logs() as logs:
        assert await replay(keeper) == 0
        await say_unenrolled(keeper, [TENANT])
    [said] = logs
    assert (said["event"], said["tenant"], said["requests"]) == ("erasures.roll_cut", TENANT, [done.request])


def remove_copies(folder: Path, request: str) -> None:
    for copy in folder.rglob(request):
        copy.unlink()
