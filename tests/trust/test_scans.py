"""A scan is read in, and what it found goes its way, each step a leaf with its time."""

import json
from datetime import timedelta
from functools import partial

import pytest

from gatepost.record.trust_log import Fact
from gatepost.trust import Outcome, scan_store, scans, weakness
from gatepost.trust.cases import CaseError
from gatepost.trust.checks import findings
from gatepost.trust.weakness import Severity, WeaknessError
from trust.scene import Scene

HOUR = timedelta(hours=1)


def report(**found: str) -> bytes:
    """Write what pip-audit would: two packages, each finding in the package named."""
    rows = [
        {"name": name, "version": "1", "vulns": [{"id": each} for each, package in found.items() if package == name]}
        for name in ("some_package", "other")
    ]
    return json.dumps({"dependencies": rows, "fixes": []}).encode()


async def test_a_finding_is_triaged_mended_and_deployed_in_time(scene: Scene) -> None:
    house = scene.house
    taken = await scans.take(house, "gatepost", report(ONE="other"))
    assert (taken.packages, taken.fresh) == (2, ("ONE",))
    assert (await scans.take(house, "gatepost", report(ONE="other"))).fresh == ()
    with pytest.raises(WeaknessError, match="triage it first"):
        await scans.step(house, "ONE", lambda known, now: weakness.fixed(known, "0123abc", at=now))
    scene.clock.move(3 * HOUR)
    judged = partial(_triaged, severity=Severity.CRITICAL)
    await scans.step(house, "ONE", judged)
    with pytest.raises(WeaknessError, match="stays as it was"):
        await scans.step(house, "ONE", judged)
    await scans.step(house, "ONE", lambda known, now: weakness.fixed(known, "0123abc", at=now))
    scene.clock.move(20 * HOUR)
    await scans.step(house, "ONE", lambda known, now: weakness.deployed(known, "0.2.0", at=now))
    (one,) = await scans.read_weaknesses(house)
    assert (one.package, one.state(scene.clock.now), one.due_at()) == ("other", "deployed", None)
    assert (await scans.take(house, "gatepost", report(ONE="other"))).fresh == ("ONE",)  # it has come back
    (scanned,) = await scans.read_scans(house)
    assert isinstance(scanned, scan_store.Scanned)


def _triaged(known: weakness.Weakness, now: object, severity: Severity) -> Fact:
    return weakness.triaged(known, severity, by="member 4", at=now)  # type: ignore[arg-type]  # a moment


async def test_claims_are_fed_by_it_and_turn_when_a_clock_is_missed(scene: Scene) -> None:
    (scene.folder / "vulnerabilities.toml").write_text("")
    world = scene.world(scene.operator())

    async def looked(clock: str) -> tuple[Outcome, str]:
        found = await findings.in_time(await findings.backlog(world, {"clock": clock}))
        return found.outcome, found.reason

    first, second = world.operator.disclosure.assets
    await scans.take(scene.house, first, report(ONE="other"))
    assert await looked("triage") == (Outcome.PASS, "")
    found = await findings.scanned(await findings.scans(world, {}))
    assert (found.reason, found.value) == ("scan.missing", [second])
    await scans.take(scene.house, second, report())
    found = await findings.scanned(await findings.scans(world, {}))
    assert found.reason == "scan.untriaged"
    await scans.step(scene.house, "ONE", partial(_triaged, severity=Severity.SERIOUS))
    assert (await findings.scanned(await findings.scans(world, {}))).outcome is Outcome.PASS
    assert await looked("serious") == (Outcome.PASS, "")
    scene.clock.move(25 * HOUR)
    assert await looked("serious") == (Outcome.FAIL, "clock.missed")
    scene.clock.move(24 * 8 * HOUR)
    assert (await findings.scanned(await findings.scans(world, {}))).reason == "scan.old"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"{}",
        b'{"dependencies": []}',
        b'{"dependencies": [{"name": "a", "skip_reason": "no data"}]}',
        report(**{"<b>": "other"}),
        report(**{f"V{number}": "other" for number in range(weakness.FINDINGS_MAX + 1)}),
    ],
)
async def test_what_is_no_evidence_is_refused_and_states_nothing(scene: Scene, octets: bytes) -> None:
    with pytest.raises(WeaknessError):
        await scans.take(scene.house, "gatepost", octets)
    assert await scans.read_scans(scene.house) == []


async def test_what_is_critical_is_not_accepted_and_a_person_is_no_address(scene: Scene) -> None:
    await scans.take(scene.house, "gatepost", report(ONE="other"))
    (one,) = await scans.read_weaknesses(scene.house)
    now = scene.clock.now
    with pytest.raises(WeaknessError, match="mended, not accepted"):
        weakness.triaged(one, Severity.CRITICAL, by="member 4", at=now, accepted="no way in")
    with pytest.raises(CaseError):
        weakness.triaged(one, Severity.MINOR, by="me@example.org", at=now)
    with pytest.raises(WeaknessError, match="no such finding"):
        await scans.step(scene.house, "TWO", partial(_triaged, severity=Severity.MINOR))
