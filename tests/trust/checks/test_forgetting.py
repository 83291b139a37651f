from datetime import datetime, timedelta

from gatepost.trust import Outcome
from gatepost.trust.checks.forgetting import Planted, kept
from outbound import NOW


async def test_what_goes_on_its_day_is_as_promised() -> None:
    async def removed(plan: str, at: datetime) -> int:
        return int(at - NOW >= timedelta(days={"free": 7, "team": 365}[plan]))

    found = await kept(Planted(NOW, {"free": 7, "team": 365}, removed))
    assert (found.outcome, found.value) == (Outcome.PASS, {"free": 7, "team": 365})


async def test_what_stays_longer_or_goes_earlier_is_not() -> None:
    for error_days in (1, -1):

        async def removed(_plan: str, at: datetime, error_days: int = error_days) -> int:
            return int(at - NOW >= timedelta(days=7 + error_days))

        found = await kept(Planted(NOW, {"free": 7}, removed))
        assert (found.outcome, found.reason) == (Outcome.FAIL, "retention.kept_too_long")
