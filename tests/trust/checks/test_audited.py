"""The record's completeness: gates whose record is thin are found out, each by its own reason."""

import pytest

from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.checks import audited
from gatepost.trust.checks.audited import READ, WRITTEN
from gatepost.trust.controls import audits, doors


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
async def test_a_thin_one_is_found_out(bench: Bench, control: object, reason: str) -> None:
    async with control(bench) as target:  # type: ignore[operator]
        assert (await audited.complete(target)).reason == reason
