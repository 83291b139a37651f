"""A result as a leaf of the public trust log spells it, and back. Pure.

The leaf's ``detail`` holds ``claim``, ``class``, ``text_sha256``, ``outcome``, ``value``, ``unit``, ``reason``,
``check_id``, ``check_version``, ``checked_at``, ``expires_at`` and ``control``; ``until`` of an attestation.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gatepost.record.canonical import canonical
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust.paper import ClaimClass, Finding, Outcome, Result, Shown

CHECKED, WORDED, WITHDRAWN, REVISED = "claim.checked", "claim.worded", "claim.withdrawn", "operator.revised"
REVISION = "@revision"
"""The subject under which revisions of the folder are found; no claim's id begins so."""
GONE = "@withdrawn/"
"""What stands before a claim's id where its withdrawal is found."""
WORDS = "@words/"
"""What stands before a claim's id where its words are found."""
VALUE_MAX_OCTETS = 480
_LONG_WORD = 96


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a claim's text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def instant(at: datetime) -> str:
    """Spell a moment as RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fact_of(result: Result) -> Fact:
    """Return the leaf of a result; a value too long for it is cut, and says so."""
    finding = result.finding
    detail: dict[str, Json] = {
        "claim": result.claim,
        "class": result.claim_class.value,
        "text_sha256": result.text_sha256,
        "check_id": result.check_id,
        "check_version": result.check_version,
        "checked_at": instant(result.checked_at),
        "expires_at": instant(result.expires_at),
        "control": None if result.control is None else _finding(result.control),
        **_finding(finding),
    }
    return Fact(action=CHECKED, at=result.checked_at, object_ref=result.claim, detail=detail)


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "outcome": finding.outcome.value,
        "value": _short(finding.value),
        "unit": finding.unit[:_LONG_WORD],
        "reason": finding.reason[:_LONG_WORD],
        "until": None if finding.until is None else instant(finding.until),
    }


def _short(value: Json) -> Json:
    spelled = canonical(value)
    if len(spelled.encode()) <= VALUE_MAX_OCTETS:
        return value
    return {"cut": spelled.encode()[: VALUE_MAX_OCTETS // 2].decode(errors="ignore")}


def shown_of(stated: Stated) -> Shown:
    """Return the result that a leaf states."""
    detail = stated.detail
    control = detail["control"]
    result = Result(
        claim=detail["claim"],
        claim_class=ClaimClass(detail["class"]),
        text_sha256=detail["text_sha256"],
        finding=_read(detail),
        checked_at=datetime.fromisoformat(detail["checked_at"]),
        expires_at=datetime.fromisoformat(detail["expires_at"]),
        check_id=detail["check_id"],
        check_version=detail["check_version"],
        control=None if control is None else _read(control),
    )
    return Shown(result=result, entry=stated.entry, leaf_index=stated.leaf_index)


def readable(facts: Iterable[Stated]) -> Iterator[Shown]:
    """Return the results that leaves state; a row that somebody changed until it states none says nothing."""
    for each in facts:
        try:
            yield shown_of(each)
        except (KeyError, TypeError, ValueError):
            continue


def _read(detail: Mapping[str, Any]) -> Finding:
    return Finding(
        outcome=Outcome(detail["outcome"]),
        value=detail["value"],
        unit=detail["unit"],
        reason=detail["reason"],
        until=None if detail["until"] is None else datetime.fromisoformat(detail["until"]),
    )
