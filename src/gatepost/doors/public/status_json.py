"""The status page as Statuspage's public API spells it, so that tools which poll such pages can read ours. Pure.

Ours besides: ``latency_ms`` and ``measured_at`` of a component, which readers of the format pass over.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gatepost.trust.incidents import ACTIVE, Impact, Incident, State, Update
from gatepost.trust.leaf import instant
from gatepost.trust.status import Condition, Part, Status
from gatepost.trust.uptime import DAYS, NAMES, Component, share_of

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
        "incidents": [_incident(page, each) for each in status.open_incidents],
        "scheduled_maintenances": [_incident(page, each) for each in now],
        "status": _status(status),
    }


def _only_status(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "status": _status(status)}


def _only_components(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "components": _components(page, status.parts)}


def _incidents(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "incidents": [_incident(page, each) for each in status.incidents if not each.is_maintenance]}


def _unresolved(page: Page, status: Status) -> dict[str, Any]:
    return {"page": page, "incidents": [_incident(page, each) for each in status.open_incidents]}


def _planned(wanted: Callable[[Incident], bool]) -> Callable[[Page, Status], dict[str, Any]]:
    def spelled(page: Page, status: Status) -> dict[str, Any]:
        rows = [_incident(page, each) for each in status.maintenance if wanted(each)]
        return {"page": page, "scheduled_maintenances": rows}

    return spelled


def _uptime(page: Page, status: Status) -> dict[str, Any]:
    rows = {
        each.component.value: {
            "share": share_of(each.days),
            "probes": sum(day.probes for day in each.days),
            "up": sum(day.up for day in each.days),
        }
        for each in status.parts
    }
    return {"page": page, "days": DAYS, "uptime": rows}


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


def _status(status: Status) -> dict[str, str]:
    indicator, description = INDICATORS[status.worst]
    return {"indicator": indicator, "description": description}


def _components(page: Page, parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [_component(page, each, at) for at, each in enumerate(parts, 1)]


def _component(page: Page, part: Part, position: int) -> dict[str, Any]:
    name, description = NAMES[part.component]
    first = next((day.day.isoformat() for day in part.days if day.probes), None)
    return {
        **_named(page, part.component),
        "name": name,
        "status": part.condition.value,
        "created_at": None if first is None else f"{first}T00:00:00Z",
        "updated_at": instant(part.last.at),
        "position": position,
        "description": description,
        "start_date": first,
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


def _incident(page: Page, incident: Incident) -> dict[str, Any]:
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
        "components": [_named(page, each) for each in incident.components],
        "incident_updates": [_update(incident, each) for each in reversed(incident.updates)],
    }
    if incident.is_maintenance:
        spelled["scheduled_for"] = _at(incident.scheduled_for)
        spelled["scheduled_until"] = _at(incident.scheduled_until)
    return spelled


def _update(incident: Incident, update: Update) -> dict[str, Any]:
    at = instant(update.at)
    told = _CONDITION_OF_IMPACT[incident.impact]
    is_first, is_last = update is incident.updates[0], update.state in {State.RESOLVED, State.COMPLETED}
    affected = [
        {
            "code": each.value,
            "name": NAMES[each][0],
            "old_status": "operational" if is_first else told,
            "new_status": "operational" if is_last else told,
        }
        for each in incident.components
    ]
    return {
        "id": f"{incident.id}-{update.entry}",
        "status": update.state.value,
        "body": update.body,
        "incident_id": incident.id,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": affected,
    }


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
