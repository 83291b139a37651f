from datetime import UTC, datetime, timedelta

import pytest

from gatepost.trust import causes
from gatepost.trust.alerts import Kind
from gatepost.trust.cases import Case, Sort, Way
from gatepost.trust.fault import fault_of
from gatepost.trust.weakness import Severity, Weakness

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_half_the_time_is_when_somebody_is_called() -> None:
    case = Case(id="cs_one", sort=Sort.ABUSE, way=Way.FORM, received_at=AT)
    assert not [*causes.of_cases([case], 24 * HOUR, AT + 11 * HOUR)]
    assert [*causes.of_cases([case], 24 * HOUR, AT + 12 * HOUR)]
    found = Weakness(id="V", package="p", detected_at=AT)
    assert not [*causes.of_findings([found], AT + HOUR)]
    assert [each.about for each in causes.of_findings([found], AT + 2 * HOUR)] == ["V/triage"]
    judged = Weakness(id="V", package="p", detected_at=AT, severity=Severity.CRITICAL, triaged_at=AT)
    assert [each.about for each in causes.of_findings([judged], AT + 12 * HOUR)] == ["V/mend"]
    minor = Weakness(id="V", package="p", detected_at=AT, severity=Severity.MINOR, triaged_at=AT)
    assert not [*causes.of_findings([minor], AT + 999 * HOUR)]


def test_an_error_calls_while_its_kind_is_new() -> None:
    fault = fault_of(ValueError(), "x", AT)
    assert [each.kind for each in causes.of_faults([fault], AT)] == [Kind.ERROR]
    assert not [*causes.of_faults([fault], AT + HOUR)]


@pytest.mark.parametrize(("hours", "count"), [(0, 1), (5, 1), (6, 0), (24, 0), (-1, 0), (7 * 24, 1)])
def test_the_drill_keeps_working_hours(hours: int, count: int) -> None:
    assert len([*causes.of_calendar(AT + hours * HOUR)]) == count
