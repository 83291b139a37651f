"""An entry as a document of the Elastic Common Schema, version 9. Pure.

ECS has no field for SPF, DKIM, DMARC and ARC: they stand under ``gatepost.auth``. ``event.original`` holds the leaf's
exact octets, whose RFC 6962 leaf hash is ``event.hash``: whoever holds the document can check it.
"""

from collections.abc import Mapping
from typing import Any

from gatepost.record.paper import Kind
from gatepost.upkeep.siem.paper import Event

VERSION = "9.0.0"
_OUTCOMES = {"deliver": "success", "reject": "failure", "discard": "failure"}
_TYPES = {
    "add": "creation",
    "set": "change",
    "change": "change",
    "rotate": "change",
    "on": "change",
    "off": "change",
    "remove": "deletion",
    "erase": "deletion",
    "erased": "deletion",
    "expired": "deletion",
}


def document(event: Event) -> dict[str, Any]:
    """Return the document; what is not known is left out."""
    leaf, opened = event.leaf, event.opened
    decision: Mapping[str, Any] = leaf["decision"] or {}
    made: dict[str, Any] = {
        "@timestamp": leaf["ts"],
        "ecs": {"version": VERSION},
        "event": {
            "id": event.leaf_hash,
            "hash": event.leaf_hash,
            "sequence": event.leaf_index,
            "kind": "event",
            "action": leaf["action"],
            "created": leaf["ts"],
            "dataset": "gatepost.audit",
            "module": "gatepost",
            "provider": "gatepost",
            "original": event.text,
            **classified(leaf),
            **_judged(decision),
        },
        "organization": {"id": event.tenant},
        "user": {"id": leaf["actor_ref"]},
        "gatepost": {**event.marks, **_own(leaf, decision)},
    }
    if leaf["email"]:
        made["email"] = _email(leaf["email"], decision, opened)
    if decision:
        made["rule"] = {"id": str(decision.get("rule_index")), "version": str(leaf["policy_version"])}
    if opened.get("remote_address"):
        made["source"] = {"ip": opened["remote_address"]}
    if people := sorted({opened[name] for name in ("sender", "recipient") if isinstance(opened.get(name), str)}):
        made["related"] = {"user": people}
    return made


def classified(leaf: Mapping[str, Any]) -> dict[str, Any]:
    """Return category, type and outcome: only pairs that ECS expects together."""
    verb = str(leaf["action"]).rpartition(".")[2]
    match Kind(leaf["kind"]):
        case Kind.DECISION:
            disposition = str((leaf["decision"] or {}).get("disposition"))
            kinds = ["info", "allowed" if disposition == "deliver" else "denied"]
            return {"category": ["email", "network"], "type": kinds, "outcome": _OUTCOMES.get(disposition, "unknown")}
        case Kind.REFUSALS | Kind.EGRESS:
            return {"category": ["network"], "type": ["denied"], "outcome": "failure"}
        case Kind.WEBHOOK:
            outcome = "success" if verb == "delivered" else "failure"
            return {"category": ["network"], "type": ["info"], "outcome": outcome}
        case Kind.ATTEMPT:
            outcome = {"accepted": "success", "failed": "failure"}.get(verb, "unknown")
            return {"category": ["email"], "type": ["info"], "outcome": outcome}
        case Kind.REPLY | Kind.BOUNCE | Kind.USAGE | Kind.TURN:
            return {"category": ["email"], "type": ["info"], "outcome": "success"}
        case Kind.ACT | Kind.ERASURE | Kind.TRUST:  # trust: of the public log alone, which nobody exports
            kinds = [_TYPES.get(verb, "info")]
            return {"category": ["iam", "configuration"], "type": kinds, "outcome": "success"}


def _judged(decision: Mapping[str, Any]) -> dict[str, Any]:
    if not decision:
        return {}
    judged: dict[str, Any] = {"reason": decision.get("reason")}
    injection = decision.get("injection")
    if injection:
        judged["risk_score"] = injection[0] / 1000
    return judged


def _own(leaf: Mapping[str, Any], decision: Mapping[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {"kind": leaf["kind"], "account": leaf["account"], "object": leaf["object_ref"]}
    if decision:
        own |= {name: decision.get(name) for name in ("disposition", "outcome", "door")}
        own["auth"] = {name: decision.get(name) for name in ("spf", "dkim", "dmarc", "arc")}
    return own


def _email(identifier: str, decision: Mapping[str, Any], opened: Mapping[str, Any]) -> dict[str, Any]:
    email: dict[str, Any] = {"local_id": identifier}
    if decision.get("direction"):
        email["direction"] = decision["direction"]
    if opened.get("sender"):
        email["from"] = {"address": [opened["sender"]]}
    if opened.get("recipient"):
        email["to"] = {"address": [opened["recipient"]]}
    if opened.get("message_id"):
        email["message_id"] = opened["message_id"]
    return email
