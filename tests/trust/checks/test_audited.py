"""The record's completeness: gates whose record is thin are found out, each by its own reason."""

import pytest
from msgspec.structs import replace

import singly
from gatepost import access
from gatepost.ids import EmailId
from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.check import Control
from gatepost.trust.checks import audited
from gatepost.trust.checks.audited import READ, WRITTEN
from gatepost.trust.controls import audits, doors
from outbound import KEPT
from trust.scene import Scene


async def test_a_whole_record_passes(bench: Bench) -> None:
    async with doors.forgetful(bench) as box:
        found = await audited.complete(audits.whole(box, tokens=READ + WRITTEN))
    assert found.outcome is Outcome.PASS, found


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (audits.misjudging, "verdict.differs"),
        (audits.uncounted, "tokens.differ"),
        (audits.passing_by, "mail.unlogged"),
    ],
)
async def test_a_thin_one_is_found_out(bench: Bench, control: Control[audited.Gate], reason: str) -> None:
    async with control(bench) as target:
        assert (await audited.complete(target)).reason == reason


async def test_a_mail_that_nobody_decided_on_is_missed(scene: Scene) -> None:
    house = scene.house
    async with house.db.transaction(TRUST) as tx:
        customer = (await access.add_tenant(tx, name="Customer", plan="free", at=scene.clock())).id
    world = scene.world(scene.operator())
    assert await audited.kept_and_decided(world) == (0, 0)
    async with house.db.transaction(customer) as tx:
        await singly.keep(tx, replace(KEPT, id=EmailId("em_unlogged")))
    assert await audited.kept_and_decided(world) == (1, 0)
