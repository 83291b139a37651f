from datetime import UTC, date, datetime, timedelta

import pytest

from gatepost.ids import EntryId
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust import Outcome, alerts
from gatepost.trust.alerts import AGAIN_AFTER, TRIES_MAX, WITHIN, Alert, Cause, Kind
from gatepost.trust.checks import called
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.registers import Responder, Shift

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CAUSE = Cause(Kind.INCIDENT, "in_one")
SHIFT = Shift(level=1, responders=("a", "b"), since=date(2026, 11, 16), turn_days=7, after_minutes=0)
PEOPLE = (Responder(ref="a", address="a@oncall.test"), Responder(ref="b", address="b@oncall.test"))


def folded(*facts: Fact) -> Alert:
    rows = [
        Stated(EntryId(number), None, fact.at, fact.action, fact.object_ref, fact.detail)
        for number, fact in enumerate(facts)
    ]
    (found,) = alerts.alerts_of(rows)
    return found


@pytest.mark.parametrize(("day", "who"), [(15, None), (16, "a"), (22, "a"), (23, "b"), (30, "a")])
def test_people_take_turns(day: int, who: str | None) -> None:
    found = alerts.on_call(SHIFT, PEOPLE, AT.replace(day=day))
    assert (found.ref if found else None) == who


def test_a_rota_of_nobody_calls_nobody() -> None:
    assert alerts.on_call(SHIFT, (), AT) is None
    empty = Shift(level=1, responders=(), since=SHIFT.since, turn_days=0, after_minutes=0)
    assert alerts.on_call(empty, PEOPLE, AT) is None


def test_a_level_is_tried_a_few_times() -> None:
    facts = [alerts.raised(CAUSE, at=AT)]
    now = AT
    for _ in range(TRIES_MAX):
        alert = folded(*facts)
        assert alert.due_levels([SHIFT], now) == [SHIFT]
        facts.append(alerts.sent(alert, level=1, to="a", result="mail.deferred", is_taken=False, at=now))
        assert folded(*facts).due_levels([SHIFT], now + AGAIN_AFTER / 2) == []
        now += AGAIN_AFTER
    assert folded(*facts).due_levels([SHIFT], now) == []


async def test_the_check_shows_how_long_it_took() -> None:
    first = alerts.raised(CAUSE, at=AT)
    second = alerts.sent(folded(first), level=1, to="a", result="", is_taken=True, at=AT + timedelta(minutes=1))
    third = alerts.acknowledged(folded(first, second), by="a", at=AT + timedelta(minutes=7))
    found = await called.answered(called.Calls((folded(first, second, third),), WITHIN, AT + timedelta(days=1)))
    assert (found.outcome, found.value) == (Outcome.PASS, {"median": 7.0, "worst": 7.0, "alerts": 1, "to_reach": 1.0})
    with pytest.raises(CannotVerifyError):
        await called.answered(called.Calls((), WITHIN, AT))
    with pytest.raises(CannotVerifyError):
        await called.answered(called.Calls((folded(first),), WITHIN, AT + WITHIN))
    late = await called.answered(called.Calls((folded(first),), WITHIN, AT + WITHIN + timedelta(seconds=1)))
    assert late.outcome is Outcome.FAIL
