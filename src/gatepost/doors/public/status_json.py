"""The status page as Statuspage's public API spells it, so that tools which poll such pages can read ours. Pure.

Ours besides: ``latency_ms`` and ``measured_at`` of a component, which readers of the format pass over.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gatepost.trust.incidents import ACTIVE, Impact, Incident, State, Update
from gatepost.trust.leaf import instant
from gatepost.trust.status import Condition, Part, Status
from gatepost.trust.uptime import DAYS, NAMES, Component, Day, measured_of, share_of

INDICATORS: Mapping[Condition, tuple[str, str]] = {
    Condition.OPERATIONAL: ("none", "All parts work"),
    Condition.UNDER_MAINTENANCE: ("maintenance", "Planned maintenance is under way"),
    Condition.DEGRADED_PERFORMANCE: ("minor", "Some parts are slow"),
    Condition.PARTIAL_OUTAGE: ("major", "Some parts do not work"),
    Condition.MAJOR_OUTAGE: ("critical", "A part is out"),
}
_CONDITION_OF_IMPACT = {
    Impact.NONE: "operational",
    Impact.MAINTENANCE: "under_maintenance",
    Impact.MINOR: "degraded_performance",
    Impact.MAJOR: "partial_outage",
    Impact.CRITICAL: "major_outage",
}

Page = Mapping[str, Any]


def page_of(name: str, url: str, status: Status) -> Page:
    """Return what stands at the head of every answer; brought up to date when something was last measured."""
    updated = status.measured_at or status.at
    return {"id": "gatepost", "name": name, "url": url, "time_zone": "Etc/UTC", "updated_at": instant(updated)}


def summary(page: Page, status: Status) -> dict[str, Any]:
    """Return everything that is so now."""
    now = [each for each in status.maintenance if not each.is_over]
    return {
        "page": page,
        "components": _components(page, status.parts),
        "incidents": [_incident(page, status, each) for each in status.open_incidents],
        "scheduled_maintenances": [_incident(page, status, each) for each in now],
        "status": _status(status),
    }


def _only_status(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "status": _status(status)}


def _only_components(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "components": _components(page, status.parts)}


def _incidents(page: Page, status: Status) -> dict[str, Any]:
    return {
        "page": page,
        "incidents": [_incident(page, status, each) for each in status.incidents if not each.is_maintenance],
    }


def _unresolved(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "incidents": [_incident(page, status, each) for each in status.open_incidents]}


def _planned(wanted: Callable[[Incident], bool]) -> Callable[[Page, Status], dict[str, Any]]:
    def spelled(page: Page, status: Status) -> dict[str, Any]:
        rows = [_incident(page, status, each) for each in status.maintenance if wanted(each)]
        return {"page": page, "scheduled_maintenances": rows}

    return spelled


def _uptime(page: Page, status: Status) -> dict[str, Any]:
    """Return the shares as the page shows them; ``stated``: of the whole hours alone, which are in the trust log.

    ``measured``: how much of what was due was probed at all.
    """
    rows = {
        each.component.value: {
            "share": share_of(each.days),
            "measured": measured_of(each.days),
            **_counts(each.days),
            "stated": _counts(each.stated),
        }
        for each in status.parts
    }
    last = None if status.last_hour is None else instant(status.last_hour)
    return {"page": page, "days": DAYS, "until": status.at.date().isoformat(), "last_hour": last, "uptime": rows}


def _counts(days: Sequence[Day]) -> dict[str, int]:
    return {
        "probes": sum(day.probes for day in days),
        "up": sum(day.up for day in days),
        "unprobed": sum(day.unprobed for day in days),
    }


ANSWERS: Mapping[str, Callable[[Page, Status], dict[str, Any]]] = {
    "summary.json": summary,
    "status.json": _only_status,
    "components.json": _only_components,
    "incidents.json": _incidents,
    "incidents/unresolved.json": _unresolved,
    "scheduled-maintenances.json": _planned(lambda _: True),
    "scheduled-maintenances/upcoming.json": _planned(lambda each: each.state is State.SCHEDULED),
    "scheduled-maintenances/active.json": _planned(lambda each: each.state in ACTIVE),
    "uptime.json": _uptime,  # ours: what tools/recompute_uptime.py computes again from the trust log
}
"""Each path below ``/api/v2/``."""


_AT_REST = frozenset({State.SCHEDULED, State.RESOLVED, State.COMPLETED, State.POSTMORTEM})
"""What is said before it begins and after it is over."""


def _status(status: Status) -> dict[str, str]:
    indicator, description = INDICATORS[status.worst]
    return {"indicator": indicator, "description": description}


def _components(page: Page, parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [_component(page, each, at) for at, each in enumerate(parts, 1)]


def _component(page: Page, part: Part, position: int) -> dict[str, Any]:
    name, description = NAMES[part.component]
    first = part.first_day
    return {
        **_named(page, part.component),
        "name": name,
        "status": part.condition.value,
        "created_at": None if first is None else f"{first}T00:00:00Z",
        "updated_at": instant(part.last.at),
        "position": position,
        "description": description,
        "start_date": None if first is None else first.isoformat(),
        "latency_ms": part.last.latency_ms if part.last.is_up else None,
        "measured_at": instant(part.last.at),
    }


def _named(page: Page, component: Component) -> dict[str, Any]:
    return {
        "id": component.value,
        "name": NAMES[component][0],
        "showcase": True,
        "group_id": None,
        "group": False,
        "page_id": page["id"],
        "only_show_if_degraded": False,
    }


def _involved(page: Page, status: Status, component: Component) -> dict[str, Any]:
    """Return a component an incident names, as it is now; one that is not measured here has no condition."""
    found = next(((at, part) for at, part in enumerate(status.parts, 1) if part.component is component), None)
    if found is not None:
        return _component(page, found[1], found[0])
    unknown = dict.fromkeys(("created_at", "updated_at", "position", "start_date"))
    return {**_named(page, component), **unknown, "status": None, "description": NAMES[component][1]}


def _incident(page: Page, status: Status, incident: Incident) -> dict[str, Any]:
    spelled: dict[str, Any] = {
        "id": incident.id,
        "name": incident.name,
        "status": incident.state.value,
        "impact": incident.impact.value,
        "created_at": instant(incident.opened_at),
        "updated_at": instant(incident.updates[-1].at),
        "started_at": instant(incident.opened_at),
        "monitoring_at": _at(incident.reached(State.MONITORING)),
        "resolved_at": _at(incident.reached(State.RESOLVED, State.COMPLETED)),
        "shortlink": f"{page['url']}/incidents/{incident.id}",
        "page_id": page["id"],
        "components": [_involved(page, status, each) for each in incident.components],
        "incident_updates": [_update(incident, at) for at in reversed(range(len(incident.updates)))],
    }
    if incident.is_maintenance:
        spelled["scheduled_for"] = _at(incident.scheduled_for)
        spelled["scheduled_until"] = _at(incident.scheduled_until)
    return spelled


def _update(incident: Incident, at: int) -> dict[str, Any]:
    update = incident.updates[at]
    when = instant(update.at)
    before = _told(incident, incident.updates[at - 1]) if at else "operational"
    affected = [
        {
            "code": each.value,
            "name": NAMES[each][0],
            "old_status": before,
            "new_status": _told(incident, update),
        }
        for each in incident.components
    ]
    return {
        "id": f"{incident.id}-{update.entry}",
        "status": update.state.value,
        "body": update.body,
        "incident_id": incident.id,
        "created_at": when,
        "updated_at": when,
        "display_at": when,
        "affected_components": affected,
    }


def _told(incident: Incident, update: Update) -> str:
    """Return the condition of an incident's parts by one word on it."""
    return "operational" if update.state in _AT_REST else _CONDITION_OF_IMPACT[incident.impact]


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
