from datetime import timedelta

from gatepost.record.trust_log import TRUST
from gatepost.trust import status_store
from gatepost.trust.uptime import Component, Sample
from outbound import NOW
from trust.scene import Scene


def sample(minute: int, part: Component = Component.SMTP) -> Sample:
    return Sample(component=part, at=NOW + timedelta(minutes=minute), is_up=True, latency_ms=minute, every_s=60)


async def test_samples_are_kept_once_read_back_and_forgotten(scene: Scene) -> None:
    kept = [sample(1), sample(2), sample(1, Component.REST)]
    async with scene.house.db.transaction(TRUST) as tx:
        await status_store.add_samples(tx, [*kept, sample(2)], every_s=60)
        assert await status_store.newest(tx, NOW + timedelta(hours=1)) == {
            Component.REST: kept[2],
            Component.SMTP: kept[1],
        }
        until = NOW + timedelta(minutes=2)
        assert {each.component for each in await status_store.samples(tx, NOW, until)} == {
            Component.REST,
            Component.SMTP,
        }
        assert await status_store.forget_samples(tx, until) == 2
        assert await status_store.last_hour(tx, NOW) is None
