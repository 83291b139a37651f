"""The canary of the document room: inside for minutes, and as a visitor who has agreed to nothing."""

from pathlib import Path

from gatepost.trust import room
from gatepost.trust.room import canary, visit
from trust.room.test_stock import papers
from trust.scene import Scene


async def test_it_agrees_anew_each_time_and_is_out_after_minutes(scene: Scene, tmp_path: Path) -> None:
    await room.publish(scene.house, papers(tmp_path), by="operator")
    for _ in range(2):
        secret = await canary.admit(scene.house)
        who = await visit.inside(scene.house, secret)
        assert who is not None
        assert not who.has_agreed
        assert await canary.agree(scene.house, secret)
        who = await visit.inside(scene.house, secret)
        assert who is not None
        assert who.has_agreed
        scene.clock.move(canary.LASTS)
        assert await visit.inside(scene.house, secret) is None
        assert not await canary.agree(scene.house, secret)


def test_a_copy_names_it_by_its_grant_and_its_address() -> None:
    assert canary.names_it(f"For Canary ({canary.WHO.address}) - {canary.IDENTIFIER}")
    assert not canary.names_it(canary.WHO.address)
