"""One turn of what has to be seen to."""

from pathlib import Path

from gatepost import domains
from gatepost.db import Database
from gatepost.trust import intake
from gatepost.trust.duty import Duty
from journeys.scene import open_scene
from outbound import AGENT, TENANT
from trust.scene import copied


async def test_a_report_by_mail_is_taken_in(db: Database, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    contacts = folder / "contacts.toml"
    contacts.write_text(contacts.read_text().replace("security@lanternpost.example", str(AGENT)))
    async with open_scene(db, tmp_path) as scene:
        async with db.transaction(TENANT) as tx:
            await domains.add_route(tx, AGENT, scene.account)
        await scene.boss_asks()
        await Duty(house=scene.house, folder=folder).once()
        assert len(await intake.read_cases(scene.house)) == 1
