"""Statuspage's format, field by field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gatepost.doors.public import status_json
from gatepost.trust.clocks import Kind
from gatepost.trust.incidents import Impact, Incident, State, Update
from gatepost.trust.status import Condition, Part, Status
from gatepost.trust.uptime import Component, Day, Sample

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def status(condition: Condition = Condition.OPERATIONAL) -> Status:
    last = Sample(component=Component.REST, at=AT, is_up=True, latency_ms=7)
    part = Part(component=Component.REST, condition=condition, reason="", last=last, days=(), stated=(), latencies=())
    updates = (
        Update(entry=1, state=State.INVESTIGATING, body="a", at=AT),
        Update(entry=2, state=State.RESOLVED, body="b", at=AT + timedelta(hours=1)),
        Update(entry=3, state=State.POSTMORTEM, body="c", at=AT + timedelta(hours=2)),
    )
    one = Incident(
        id="in_one",
        name="n",
        kind=Kind.INCIDENT,
        impact=Impact.MAJOR,
        components=(Component.REST, Component.WEBHOOK),
        updates=updates,
        events={},
    )
    return Status(at=AT, measured_at=AT, parts=(part,), incidents=(one,))


def test_a_component_and_an_incident_have_every_field_of_the_format() -> None:
    now = status()
    page = status_json.page_of("n", "https://x.example/status", now)
    assert set(page) == {"id", "name", "url", "time_zone", "updated_at"}
    said = status_json.summary(page, now)
    assert set(said) == {"page", "status", "components", "incidents", "scheduled_maintenances"}
    fields = "id name status created_at updated_at position description showcase start_date group_id group page_id"
    assert {*fields.split(), "only_show_if_degraded"} <= set(said["components"][0])
    (incident,) = status_json.ANSWERS["incidents.json"](page, now)["incidents"]
    wanted = "id name status impact created_at updated_at started_at monitoring_at resolved_at shortlink page_id"
    assert set(incident) == {*wanted.split(), "components", "incident_updates"}
    assert incident["resolved_at"] == "2026-11-20T13:00:00Z"
    measured, unmeasured = incident["components"]
    assert measured == said["components"][0]
    assert set(said["components"][0]) - set(unmeasured) == {"latency_ms", "measured_at"}
    told = [
        (each["status"], each["affected_components"][0]["old_status"], each["affected_components"][0]["new_status"])
        for each in incident["incident_updates"]
    ]
    assert told == [
        ("postmortem", "operational", "operational"),
        ("resolved", "partial_outage", "operational"),
        ("investigating", "operational", "partial_outage"),
    ]
    assert set(incident["incident_updates"][0]["affected_components"][0]) == {
        "code",
        "name",
        "old_status",
        "new_status",
    }


def test_the_indicator_is_that_of_the_worst_part() -> None:
    page = status_json.page_of("n", "", status())
    found = [status_json.summary(page, status(each))["status"]["indicator"] for each in Condition]
    assert found == ["none", "maintenance", "minor", "major", "critical"]


def test_uptime_says_what_the_log_has_and_what_is_under_way() -> None:
    now = status()
    day = Day(AT.date(), 90, 80, 10)
    part = replace(now.parts[0], days=(day,), stated=(Day(AT.date(), 60, 55, 10),))
    said = status_json.ANSWERS["uptime.json"]({}, replace(now, parts=(part,), last_hour=AT - timedelta(hours=1)))
    assert (said["days"], said["until"], said["last_hour"]) == (90, "2026-11-20", "2026-11-20T11:00:00Z")
    assert said["uptime"]["rest"] == {
        "share": 0.8,
        "measured": 0.9,
        "probes": 90,
        "up": 80,
        "unprobed": 10,
        "stated": {"probes": 60, "up": 55, "unprobed": 10},
    }
    assert status_json.ANSWERS["uptime.json"]({}, now)["last_hour"] is None
