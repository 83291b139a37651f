from pathlib import Path

from gatepost.app.doctor.erasures import look
from gatepost.app.doctor.finding import Level
from gatepost.upkeep.retention import erase_person, replay
from gatepost.upkeep.retention.roll import FILE, PREFIX
from outbound import BOSS, TENANT
from upkeep.retention import conftest as forgetting
from upkeep.retention.scene import Kept

keys, own, scene, kept = forgetting.keys, forgetting.own, forgetting.scene, forgetting.kept


def remove_copies(folder: Path) -> None:
    for copy in folder.rglob(f"{PREFIX}/**/er_*"):
        copy.unlink()


async def test_a_roll_that_was_cut_short_is_remarked_on(kept: Kept, tmp_path: Path) -> None:
    keeper, file = kept.keeper, tmp_path / "keys" / FILE

    async def level(*, with_database: bool = True) -> tuple[Level, str]:
        found = await look(keeper.roll, keeper.db if with_database else None, keeper.clock())
        return found.level, found.said

    assert (await level())[0] is Level.OK
    await kept.scene.boss_asks()
    await erase_person(keeper, TENANT, BOSS, actor="operator")
    assert (await level())[0] is Level.OK
    whole = file.read_bytes()
    file.write_bytes(b"")
    for with_database in (True, False):
        said = await level(with_database=with_database)
        assert said[0] is Level.FAILURE
        assert "beside the keys (erasures.jsonl) lacks 1" in said[1]
    remove_copies(tmp_path)
    assert (await level(with_database=False))[0] is Level.OK  # both were put back: the database alone knows
    assert "1 erasures stand in the log and not on the roll" in (await level())[1]
    file.write_bytes(whole)
    assert "on the log's second store lacks 1" in (await level())[1]
    await replay(keeper)
    assert (await level())[0] is Level.OK
