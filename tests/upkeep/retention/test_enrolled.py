from pathlib import Path

from gatepost.upkeep.retention import erase_person, replay
from gatepost.upkeep.retention.enrolled import misenrolled
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
