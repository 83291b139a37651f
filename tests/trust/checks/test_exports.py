"""Receivers that refuse first: what the exporter makes of them, and what one that does not listen makes of them."""

from dataclasses import replace

import pytest

from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.check import Control
from gatepost.trust.checks import exports
from gatepost.trust.controls import lagging
from gatepost.trust.probe.collector import KINDS


async def test_the_exporter_brings_each_entry_once_to_every_kind(bench: Bench) -> None:
    async with lagging.losing(bench) as target:
        found = await exports.flowing(replace(target, send=exports.send))
    assert found.outcome is Outcome.PASS, found
    assert found.value == {
        "destinations": 0,
        "lag": 0,
        "not_taken": 0,
        "canaries_acknowledged_through": {each.value: 3 for each in KINDS},
    }


@pytest.mark.parametrize(("control", "reason"), [(lagging.losing, "export.lost"), (lagging.doubling, "export.doubled")])
async def test_one_that_does_not_listen_is_found_out(
    bench: Bench, control: Control[exports.Exports], reason: str
) -> None:
    async with control(bench) as target:
        assert (await exports.flowing(target)).reason == reason
