from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.access.paper import Tenant
from gatepost.record.trust_log import Stated
from gatepost.trust import Outcome, notice
from gatepost.trust.checks import objections
from gatepost.trust.log_time import CLOCK, LogTime, Tick
from gatepost.trust.notice import Case
from gatepost.trust.paper import CannotVerifyError, Finding
from gatepost.trust.registers import Supplier
from outbound import NOW
from trust.scene import Scene


async def walked(scene: Scene, **parts: object) -> Finding:
    """Return what is said of this house's machine with some parts exchanged."""
    machine = await objections.machine(scene.world(scene.operator()), {})
    return await objections.walked(replace(machine, **parts))  # type: ignore[arg-type]  # parts of it


async def test_an_objection_goes_through_the_machine_of_the_house(scene: Scene) -> None:
    found = await walked(scene)
    assert (found.outcome, found.reason) == (Outcome.PASS, "")
    assert found.value["may"] == ["business", "enterprise"]  # type: ignore[index,call-overload]  # what it says
    assert found.value["refused"] == ["free", "developer", "team"]  # type: ignore[index,call-overload]  # likewise


async def test_a_machine_that_anybody_or_nobody_gets_into_is_found_out(scene: Scene) -> None:
    async def open_(_tenant: Tenant) -> str:
        return ""

    async def shut(_tenant: Tenant) -> str:
        return "objection.plan"

    for knock in (open_, shut):
        assert (await walked(scene, knock=knock)).reason == "objection.plans"


async def test_a_machine_that_engages_in_spite_of_an_objection_or_too_early_is_found_out(scene: Scene) -> None:
    def deaf(case: Case, supplier: Supplier, log: LogTime) -> str:
        return notice.obstacle(replace(case, objections=frozenset()), supplier, log)

    def hasty(case: Case, _supplier: Supplier, _log: LogTime) -> str:
        return "objection.open" if case.objections else ""

    def stubborn(case: Case, supplier: Supplier, log: LogTime) -> str:
        return notice.obstacle(case, supplier, log) or "objection.open"

    assert (await walked(scene, obstacle=deaf)).reason == "objection.ignored"
    assert (await walked(scene, obstacle=hasty)).reason == "notice.ignored"
    assert (await walked(scene, obstacle=stubborn)).reason == "objection.unsettled"


async def test_a_machine_that_believes_one_leaf_dated_ahead_is_found_out(scene: Scene) -> None:
    def credulous(case: Case, supplier: Supplier, log: LogTime) -> str:
        assert case.noticed_at is not None
        is_over = max(each.at for each in log.ticks) - case.noticed_at >= CLOCK
        every_hour = [Tick(log.now - timedelta(hours=back), log.ticks[0].place) for back in range(31 * 24)]
        return notice.obstacle(case, supplier, replace(log, ticks=every_hour) if is_over else log)

    assert (await walked(scene, obstacle=credulous)).reason == "notice.jumped"


async def test_a_machine_that_loses_an_objection_or_an_exclusion_is_found_out(scene: Scene) -> None:
    def losing(leaves: Sequence[Stated]) -> Case:
        return notice.case_of([each for each in leaves if each.action != notice.OBJECTED])

    def forgetting(leaves: Sequence[Stated]) -> Case:
        return replace(notice.case_of(leaves), has_exclusions=False)

    assert (await walked(scene, fold=losing)).reason == "objection.lost"
    assert (await walked(scene, fold=forgetting)).reason == "exclusion.forgotten"


async def test_an_objection_is_settled_or_has_time() -> None:
    day = timedelta(days=1)
    target = objections.Objections(
        {"ob_one": NOW - 40 * day, "ob_two": NOW - day}, {"ob_one": "exclusion"}, 30 * day, NOW
    )
    assert (await objections.settled(target)).outcome is Outcome.PASS
    late = objections.Objections(target.made, {"ob_two": "exit"}, 30 * day, NOW)
    assert (await objections.settled(late)).reason == "objection.open"
    odd = objections.Objections(target.made, {"ob_one": "forgotten", "ob_two": "exit"}, 30 * day, NOW)
    assert (await objections.settled(odd)).reason == "objection.outcome"


async def test_objections_are_read_from_the_leaves_and_none_is_not_green(scene: Scene) -> None:
    target = await objections.objections(scene.world(scene.operator()), {})
    assert target.made == {}
    with pytest.raises(CannotVerifyError, match=r"objection\.none"):
        await objections.settled(target)
