"""An entry as an event of the Open Cybersecurity Schema Framework. Pure.

Decisions on mail and attempts to send it are Email Activity (4009), acts of people Entity Management (3004), all else
API Activity (6003). The leaf's exact octets stand in ``raw_data``.
"""

from collections.abc import Mapping
from typing import Any

from gatepost.record.paper import Kind
from gatepost.upkeep.siem.paper import Event

VERSION = "1.8.0"
EMAIL_ACTIVITY, ENTITY_MANAGEMENT, API_ACTIVITY = 4009, 3004, 6003
INFORMATIONAL, LOW = 1, 2
ALLOWED, DENIED = 1, 2
OTHER = 99
_SUCCESS, _FAILURE = 1, 2
_SEND, _RECEIVE = 1, 2
_DIRECTIONS = {"inbound": 1, "outbound": 2, "internal": 3}
_DISPOSITIONS = {
    "deliver": (ALLOWED, 1),
    "hold": (DENIED, 3),  # quarantined
    "reject": (DENIED, 25),  # rejected
    "defer": (DENIED, 14),  # delayed
    "discard": (DENIED, 2),  # blocked
}
_VERBS = {"add": 1, "set": 3, "change": 3, "rotate": 3, "remove": 4, "erased": 4, "expired": 4, "on": 8, "off": 9}


def event(found: Event) -> dict[str, Any]:
    """Return the event; all that every class requires is always there."""
    kind = Kind(found.leaf["kind"])
    decision = found.leaf["decision"]
    if decision:
        return _decision(found, decision)
    if kind is Kind.ATTEMPT:
        return _attempt(found)
    if kind in {Kind.ACT, Kind.ERASURE}:
        return _act(found)
    return _call(found)


def _frame(found: Event, class_uid: int, activity_id: int, *, severity_id: int = INFORMATIONAL) -> dict[str, Any]:
    framed: dict[str, Any] = {
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "severity_id": severity_id,
        "time": int(found.at.timestamp() * 1000),
        "metadata": {
            "version": VERSION,
            "product": {"name": "Gatepost", "vendor_name": "Gatepost"},
            "uid": found.leaf_hash,
            "original_event_uid": found.leaf_hash,
            "sequence": found.leaf_index,
            "log_name": found.log_origin,
            "tenant_uid": found.tenant,
            "original_time": found.leaf["ts"],
        },
        "raw_data": found.text,
        "unmapped": {name: found.leaf[name] for name in ("kind", "account", "object_ref", "detail", "tokens")},
    }
    if activity_id == OTHER:
        framed["activity_name"] = found.leaf["action"]
    return framed


def _decision(found: Event, decision: Mapping[str, Any]) -> dict[str, Any]:
    direction = str(decision.get("direction"))
    disposition = str(decision.get("disposition"))
    activity = _RECEIVE if direction == "inbound" else _SEND
    action, outcome = _DISPOSITIONS.get(disposition, (DENIED, OTHER))
    severity = INFORMATIONAL if action == ALLOWED else LOW
    made = _frame(found, EMAIL_ACTIVITY, activity, severity_id=severity)
    made["metadata"]["profiles"] = ["security_control"]
    made |= {
        "direction_id": _DIRECTIONS.get(direction, 0),
        "email": _email(found),
        "email_auth": {name: str(decision.get(name)) for name in ("spf", "dkim", "dmarc")},
        "message_trace_uid": found.leaf["email"],
        "action_id": action,
        "disposition_id": outcome,
        "status_id": _SUCCESS,
        "status_detail": decision.get("reason"),
        "policy": {
            "uid": f"{found.leaf['account']}/{found.leaf['policy_version']}",
            "name": f"mailbox {found.leaf['account']}",
            "version": str(found.leaf["policy_version"]),
            "is_applied": True,
        },
    }
    if found.opened.get("mail_from"):
        made["from"] = found.opened["mail_from"]
    if found.opened.get("recipient"):
        made["to"] = [found.opened["recipient"]]
    if found.opened.get("remote_address"):
        made["src_endpoint"] = {"ip": found.opened["remote_address"]}
    return made


def _attempt(found: Event) -> dict[str, Any]:
    is_accepted = str(found.leaf["action"]).endswith(".accepted")
    return {
        **_frame(found, EMAIL_ACTIVITY, _SEND),
        "direction_id": _DIRECTIONS["outbound"],
        "email": _email(found),
        "message_trace_uid": found.leaf["email"] or "",
        "status_id": _SUCCESS if is_accepted else _FAILURE,
    }


def _act(found: Event) -> dict[str, Any]:
    subject, _, verb = str(found.leaf["action"]).rpartition(".")
    return {
        **_frame(found, ENTITY_MANAGEMENT, _VERBS.get(verb, OTHER)),
        "actor": {"user": {"uid": found.leaf["actor_ref"]}},
        "entity": {"uid": found.leaf["object_ref"] or found.tenant, "type": subject},
        "comment": found.leaf["action"],
        "status_id": _SUCCESS,
    }


def _call(found: Event) -> dict[str, Any]:
    return {
        **_frame(found, API_ACTIVITY, OTHER),
        "actor": {"user": {"uid": found.leaf["actor_ref"]}, "app_name": "Gatepost"},
        "api": {"operation": found.leaf["action"]},
        "src_endpoint": {"name": found.log_origin.partition("/")[0]},
        "resources": [{"uid": found.leaf["object_ref"] or found.leaf["email"] or found.tenant}],
    }


def _email(found: Event) -> dict[str, Any]:
    """Return the email; from or to must be there (the class demands one), so a stand-in names the mailbox.

    ``.invalid`` is nobody's (RFC 2606). ``uid`` is the thread's; the message's own is ``message_trace_uid``.
    """
    opened, decision = found.opened, found.leaf["decision"] or {}
    email: dict[str, Any] = {"uid": decision["thread"]} if decision.get("thread") else {}
    if opened.get("sender"):
        email["from"] = opened["sender"]
    email["to"] = [opened.get("recipient") or f"mailbox-{found.leaf['account']}@withheld.invalid"]
    if opened.get("message_id"):
        email["message_uid"] = opened["message_id"]
    if decision:
        email["size"] = decision["size_octets"]
    return email
