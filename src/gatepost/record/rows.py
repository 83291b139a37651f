"""The public audit row, read from leaf and opening: pure. The tables behind it only say which rows to show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from gatepost.arrive.paper import Direction
from gatepost.decide.paper import Disposition, Grant, Outcome, Step
from gatepost.ids import AccountId, BlobId, EmailId, ThreadId
from gatepost.record.paper import AuditRow, DecisionRow, Json, Kind
from gatepost.record.store import Written
from gatepost.verify.paper import Family, Result

_STATUS = {"accepted": "sent", "failed": "failed", "deferred": "deferred"}


def _opened(written: Written, name: str) -> Any:
    """Return a committed value; None where it was absent or erased."""
    return (written.opening or {}).get(name, {}).get("value")


def _shown(written: Written, name: str) -> Any:
    """Return a public value, wherever it found room: in the leaf, or committed."""
    public = written.leaf["decision"] or written.leaf["detail"] or {}
    return public[name] if name in public else _opened(written, name)


def _grant(written: Written) -> Grant | None:
    index = _shown(written, "rule_index")
    return None if index is None else Grant(tuple(_shown(written, "capabilities") or ()), index)


def _tools(used: Iterable[Written]) -> Json:
    tools: list[Json] = []
    for written in used:
        tools += _shown(written, "tools") or ()  # None once it is erased
    return tools or None


def _reply(followed: Sequence[Written]) -> Json:
    """Return the newest reply or bounce with the end of its newest attempt; ``count`` tells if there were more."""
    queued = [each for each in followed if each.leaf["kind"] in {Kind.REPLY, Kind.BOUNCE}]
    if not queued:
        return None
    newest = queued[-1]
    submission = newest.leaf["object_ref"]
    attempts = [
        each for each in followed if each.leaf["kind"] == Kind.ATTEMPT and each.leaf["object_ref"] == submission
    ]
    last = attempts[-1] if attempts else newest
    return {
        "kind": newest.leaf["kind"],
        "submission": submission,
        "email": _shown(newest, "email"),
        "status": _status(attempts[-1]) if attempts else "queued",
        "at": last.leaf["ts"],
        "reply_code": _shown(last, "reply_code") if attempts else None,
        "count": len(queued),
    }


def _status(attempt: Written) -> str:
    if _shown(attempt, "state") == "failed":  # the last of several deferred attempts
        return "failed"
    return _STATUS.get(str(attempt.leaf["action"]).rpartition(".")[2], "deferred")


def audit_row(written: Written, followed: Sequence[Written]) -> AuditRow:
    """Join one inbound decision with what followed from its email, oldest first."""
    leaf, decision = written.leaf, written.leaf["decision"]
    used = [each for each in followed if each.leaf["kind"] == Kind.USAGE]
    thread = decision["thread"]
    injection = _shown(written, "injection")
    return AuditRow(
        entry=written.entry,
        leaf_index=written.leaf_index,
        email=EmailId(leaf["email"]),
        thread=None if thread is None else ThreadId(thread),
        account=AccountId(leaf["account"]),
        received_at=datetime.fromisoformat(leaf["ts"]),
        sender=_opened(written, "sender"),
        recipient=_opened(written, "recipient") or "",
        mail_from=_opened(written, "mail_from"),
        remote_address=_opened(written, "remote_address"),
        tls=decision["tls"],
        size_octets=decision["size_octets"],
        disposition=Disposition(decision["disposition"]),
        outcome=Outcome(decision["outcome"]),
        reason=_opened(written, "detail") or decision["reason"],
        spf=Result(decision["spf"]),
        dkim=Result(decision["dkim"]),
        dmarc=Result(decision["dmarc"]),
        arc=Result(decision["arc"]),
        injection_score=None if injection is None else injection[0] / 1000,
        injection_families=() if injection is None else tuple(Family(family) for family in injection[1]),
        is_aligned=decision["is_aligned"],
        body_hash=_opened(written, "body_hash"),
        grant=_grant(written),
        policy_version=leaf["policy_version"],
        policy_digest=_shown(written, "policy_digest") or "",
        trace=tuple(Step(check, result) for check, result in _shown(written, "trace") or ()),
        tools_used=_tools(each for each in followed if each.leaf["kind"] in {Kind.USAGE, Kind.TURN}),
        labels=tuple(_shown(written, "labels") or ()),
        tenant_policy_version=(_shown(written, "tenant_policy") or (0,))[0],
        tokens_consumed=sum(each.leaf["tokens"] or 0 for each in used) if used else None,
        reply_sent=_reply(followed),
        is_unreadable=written.is_unreadable or any(each.is_unreadable for each in followed),
    )


def decision_row(written: Written) -> DecisionRow:
    """Read a decision back, with what it saw; that is None where it was erased, or written before it was kept."""
    leaf = written.leaf
    seen, blob = _opened(written, "seen"), _opened(written, "blob")
    above = [*(_shown(written, "tenant_policy") or (0,)), ""]  # older entries have the digest beside the number
    return DecisionRow(
        entry=written.entry,
        email=EmailId(leaf["email"]),
        account=AccountId(leaf["account"]),
        received_at=datetime.fromisoformat(leaf["ts"]),
        is_outbound=_shown(written, "direction") == Direction.OUTBOUND,
        blob=None if blob is None else BlobId(blob),
        disposition=_shown(written, "disposition"),
        outcome=_shown(written, "outcome"),
        reason=_shown(written, "reason"),
        policy_version=leaf["policy_version"],
        policy_digest=_shown(written, "policy_digest") or "",
        tenant_policy_version=above[0],
        tenant_policy_digest=_opened(written, "tenant_policy_digest") or above[1],
        trace=tuple(Step(check, result) for check, result in _shown(written, "trace") or ()),
        is_erased=written.opening is None,
        seen=seen if isinstance(seen, dict) else None,
    )


def by_email(written: Iterable[Written]) -> dict[EmailId, list[Written]]:
    """Group entries by the email they are about."""
    grouped: dict[EmailId, list[Written]] = defaultdict(list)
    for each in written:
        grouped[EmailId(each.leaf["email"])].append(each)
    return grouped
