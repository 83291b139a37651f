from datetime import UTC, datetime, timedelta

import pytest

from gatepost.trust.clocks import AWARE, ClockError, Kind, Span, deadlines, rules

AT = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)  # a Thursday


def due(kind: Kind, **events: datetime) -> dict[str, datetime | None]:
    named = {name.replace("__", "."): at for name, at in events.items()}
    return {each.rule.id: each.due_at for each in deadlines(kind, named)}


def test_nothing_runs_before_awareness() -> None:
    assert deadlines(Kind.BREACH, {}) == []


def test_awareness_starts_each_clock_that_is_anchored_to_it() -> None:
    found = due(Kind.BREACH, aware=AT)
    assert found["gdpr.authority"] == AT + timedelta(hours=72)
    assert found["gdpr.controller_notice"] == found["nis2.early_warning"] == AT + timedelta(hours=24)
    assert found["nis2.final"] is None
    assert "cra.vulnerability.early_warning" not in found


def test_a_month_runs_from_the_notification_itself() -> None:
    found = due(Kind.INCIDENT, aware=AT, nis2__notification=datetime(2027, 1, 31, 9, tzinfo=UTC))
    assert found["nis2.final"] == datetime(2027, 2, 28, 9, tzinfo=UTC)


def test_the_first_report_to_a_financial_authority_is_due_by_the_earlier_of_two_ends() -> None:
    assert due(Kind.INCIDENT, aware=AT)["dora.initial"] == AT + timedelta(hours=24)
    early, late = AT + timedelta(hours=2), AT + timedelta(hours=23)
    assert due(Kind.INCIDENT, aware=AT, classified=early)["dora.initial"] == AT + timedelta(hours=6)
    assert due(Kind.INCIDENT, aware=AT, classified=late)["dora.initial"] == AT + timedelta(hours=24)


def test_an_exploited_vulnerability_has_fourteen_days_from_its_fix() -> None:
    found = due(Kind.EXPLOITED, aware=AT, fix_available=AT + timedelta(days=3))
    assert found["cra.vulnerability.final"] == AT + timedelta(days=17)


def test_a_rule_that_does_not_hold_yet_starts_no_clock() -> None:
    assert not list(due(Kind.EXPLOITED, aware=datetime(2026, 9, 10, 12, tzinfo=UTC)))
    assert due(Kind.EXPLOITED, aware=datetime(2026, 9, 11, 12, tzinfo=UTC))


def test_both_ends_are_shown_where_a_weekend_may_move_one() -> None:
    authority = next(each for each in deadlines(Kind.BREACH, {AWARE: AT}) if each.rule.id == "gdpr.authority")
    assert authority.due_at == datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
    assert authority.latest_at == datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)


def test_a_clock_reminds_until_it_is_met_and_knows_how_it_ended() -> None:
    (clock,) = [each for each in deadlines(Kind.BREACH, {AWARE: AT}) if each.rule.id == "gdpr.controller_notice"]
    assert [(at - AT).total_seconds() / 3600 for at in clock.reminders()] == [12, 18, 21.6, 24]
    assert clock.state(AT + timedelta(hours=24)) == "running"
    assert clock.state(AT + timedelta(hours=25)) == "missed"
    for hours, state in ((3, "met"), (30, "met late")):
        done = {AWARE: AT, "gdpr.controller_notice": AT + timedelta(hours=hours)}
        (clock,) = [each for each in deadlines(Kind.BREACH, done) if each.rule.id == "gdpr.controller_notice"]
        assert (clock.state(AT + timedelta(days=9)), clock.reminders()) == (state, [])


def test_periods_are_read_strictly_and_every_rule_names_its_source() -> None:
    assert (Span.parse("PT72H"), Span.parse("P14D"), Span.parse("P1M")) == (Span(0, 72), Span(0, 336), Span(1, 0))
    for text in ("", "P", "PT", "72H", "P1Y"):
        with pytest.raises(ClockError):
            Span.parse(text)
    assert len({each.id for each in rules()}) == len(rules())
    assert all(each.source and each.who and each.to for each in rules())
