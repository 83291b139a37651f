from datetime import UTC, datetime, timedelta

import pytest

from gatepost.ids import EntryId
from gatepost.record.canonical import canonical
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust import incidents
from gatepost.trust.clocks import AWARE, Kind
from gatepost.trust.incidents import Impact, Incident, IncidentError, State
from gatepost.trust.uptime import Component

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def said(*facts: Fact) -> Incident:
    rows = [
        Stated(EntryId(number), None, fact.at, fact.action, fact.object_ref, fact.detail)
        for number, fact in enumerate(facts)
    ]
    return incidents.incidents_of(rows)[0]


def opening(**changes: object) -> Fact:
    given: dict[str, object] = {
        "name": "Mail is late",
        "state": State.INVESTIGATING,
        "impact": Impact.MAJOR,
        "body": "We are looking.",
        "at": AT,
        "kind": Kind.BREACH,
        "components": [Component.SMTP],
    }
    return incidents.opened("in_one", **{**given, **changes})  # type: ignore[arg-type]  # as each test wants it


def test_an_incident_is_what_its_leaves_say_in_order() -> None:
    first = opening()
    second = incidents.updated(said(first), state=State.RESOLVED, body="Over.", at=AT + timedelta(hours=1))
    found = said(first, second)
    assert (found.state, found.is_over, found.impact) == (State.RESOLVED, True, Impact.MAJOR)
    assert [each.body for each in found.updates] == ["We are looking.", "Over."]
    assert found.reached(State.RESOLVED) == AT + timedelta(hours=1)


def test_awareness_is_stated_once_and_starts_the_clocks() -> None:
    first = opening()
    assert said(first).deadlines() == []
    aware = incidents.marked(said(first), AWARE, at=AT)
    found = said(first, aware)
    assert {each.started_at for each in found.deadlines() if each.rule.anchor == AWARE} == {AT}
    with pytest.raises(IncidentError):
        incidents.marked(found, AWARE, at=AT - timedelta(days=1))
    with pytest.raises(IncidentError):
        incidents.marked(found, "whenever", at=AT)


def test_maintenance_has_a_window_and_states_of_its_own() -> None:
    with pytest.raises(IncidentError):
        opening(state=State.SCHEDULED)
    with pytest.raises(IncidentError):
        opening(state=State.SCHEDULED, window=(AT, AT))
    planned = said(opening(state=State.SCHEDULED, window=(AT, AT + timedelta(hours=2))))
    assert planned.is_maintenance
    assert planned.scheduled_until == AT + timedelta(hours=2)
    with pytest.raises(IncidentError):
        incidents.updated(planned, state=State.RESOLVED, body="x", at=AT)


def test_a_post_mortem_follows_the_resolution() -> None:
    with pytest.raises(IncidentError):
        incidents.updated(said(opening()), state=State.POSTMORTEM, body="x", at=AT)


@pytest.mark.parametrize("body", ["", "  ", "x" * 1001, "\u20ac" * 334])
def test_a_text_that_would_not_fit_a_leaf_is_refused(body: str) -> None:
    with pytest.raises(IncidentError):
        opening(body=body)


def test_the_longest_word_fits_a_leaf() -> None:
    window = (AT, AT + timedelta(hours=1))
    fact = opening(
        name="\u20ac" * 120, body="\u20ac" * 333, components=list(Component), state=State.SCHEDULED, window=window
    )
    assert len(canonical(fact.detail).encode()) < 1_800


def test_a_word_that_somebody_changed_says_nothing_and_hides_no_other() -> None:
    first = opening()
    broken = Fact(action=incidents.UPDATED, at=AT, object_ref="in_one", detail={"status": "resolved"})
    assert said(first, broken) == said(first)


def test_a_person_s_word_or_mark_ends_what_is_automatic() -> None:
    first = opening(is_automatic=True)
    assert said(first).is_automatic
    by_hand = incidents.updated(said(first), state=State.IDENTIFIED, body="Looking.", at=AT)
    assert not said(first, by_hand).is_automatic
    assert not said(first, incidents.marked(said(first), AWARE, at=AT)).is_automatic
    assert not said(opening()).is_automatic
