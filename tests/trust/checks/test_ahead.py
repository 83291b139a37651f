"""The dates of the public trust log, as a stranger with a clock of their own sees them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.trust import Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.checks import ahead
from gatepost.trust.controls import things
from gatepost.trust.paper import CannotVerifyError


async def test_a_leaf_dated_ahead_of_the_askers_clock_is_named_until_its_hour_has_come(bench: Bench) -> None:
    async with things.dated_ahead(bench) as target:
        found = await ahead.dated(target)
        assert (found.outcome, found.reason) == (Outcome.FAIL, "leaf.ahead")
        assert isinstance(found.value, dict)
        assert found.value["leaf"] == 1
        later = await ahead.dated(replace(target, now=target.now + timedelta(days=1)))
        assert (later.outcome, isinstance(later.value, dict) and later.value["entries"]) == (Outcome.PASS, 3)
        gone = replace(target, endpoint=replace(target.endpoint, port=1))
        with pytest.raises(CannotVerifyError, match="unreachable"):
            await ahead.dated(gone)
