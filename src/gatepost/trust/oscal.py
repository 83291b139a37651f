"""Claims as OSCAL 1.1.3 says them: assessment results of the last looks, and what the house says it implements. Pure.

One claim is one finding, its last look one observation. ``observation.expires`` is where STALE is at home: a reader
who keeps the file past it knows that it proves nothing any more. Only PASS is "satisfied". A word is EXAMINE, a
run is TEST and what nothing has looked at UNKNOWN, so that a machine can tell them apart.
"""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from gatepost.trust.document import Claims, Listed
from gatepost.trust.leaf import instant
from gatepost.trust.operator import Operator
from gatepost.trust.paper import ClaimClass, Outcome, Result

VERSION = "1.1.3"
NAMESPACE = "https://gatepost.test/oscal"
_WORDS = frozenset({ClaimClass.ATTESTED, ClaimClass.STATEMENT})


def assessment_results(claims: Claims, operator: Operator, base: str) -> dict[str, Any]:
    """Return the assessment results at one moment.

    Args:
        claims: as they stand.
        operator: whose they are.
        base: URL or path that proofs lie below, without a final slash.
    """
    looked = [each for each in claims.listed if each.last is not None]
    at, plan = instant(claims.at), _id("plan", operator.digest)
    result = {
        "uuid": _id("result", at),
        "title": "Claims as they stand",
        "description": ", ".join(f"{count} {name}" for name, count in claims.counts.items()),
        "start": min((instant(each.last.result.checked_at) for each in looked if each.last), default=at),
        "end": at,
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "findings": [_finding(each) for each in claims.listed],
        **({"observations": [_observation(each, base) for each in looked]} if looked else {}),
    }
    return {
        "assessment-results": {
            "uuid": _id("assessment-results", at),
            "metadata": _metadata(claims, f"Assessment results of {operator.entity.trading_name}"),
            "import-ap": {"href": f"#{plan}"},
            "results": [result],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": "the-claims-are-the-plan",
                        "description": f"The operator's folder, SHA-256 {operator.digest}",
                    }
                ]
            },
        }
    }


def component_definition(claims: Claims, operator: Operator) -> dict[str, Any]:
    """Return which claim stands for which control, as far as the operator's statement of applicability says."""
    source = "https://www.iso.org/standard/27001"
    requirements = [
        {
            "uuid": _id("requirement", each.number),
            "control-id": f"a.{each.number}",
            "description": each.how or each.document or each.excluded,
            "props": [_prop("applicable", "no" if each.excluded else "yes")],
        }
        for each in operator.controls
    ]
    component: dict[str, Any] = {
        "uuid": _id("component", operator.entity.number),
        "type": "service",
        "title": operator.entity.trading_name,
        "description": f"The mail service of {operator.entity.name}",
        "props": [_prop("claim", f"{each.claim.id}-{each.rests_on.value}") for each in claims.listed],
    }
    if requirements:
        component["control-implementations"] = [
            {
                "uuid": _id("implementation", source),
                "source": source,
                "description": "Controls of ISO/IEC 27001:2022 Annex A by number",
                "implemented-requirements": requirements,
            }
        ]
    if not component["props"]:
        del component["props"]
    return {
        "component-definition": {
            "uuid": _id("component-definition", operator.digest),
            "metadata": _metadata(claims, f"Components of {operator.entity.trading_name}"),
            "components": [component],
        }
    }


def _metadata(claims: Claims, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "last-modified": instant(claims.at),
        "version": instant(claims.at),
        "oscal-version": VERSION,
    }


def _observation(listed: Listed, base: str) -> dict[str, Any]:
    shown = listed.last
    if shown is None:
        raise ValueError("there is nothing to observe")
    result = shown.result
    props: list[dict[str, Any]] = [_prop("outcome", result.finding.outcome.value)]
    if result.check_id:
        props += [_prop("check-id", result.check_id), _prop("check-version", result.check_version)]
    if result.control is not None:
        props.append(_prop("control-outcome", result.control.outcome.value))
    found: dict[str, Any] = {
        "uuid": _id("observation", listed.claim.id),
        "description": listed.claim.text or listed.claim.id,
        "props": [each for each in props if each["value"]],
        "methods": [_method(listed, result)],
        "types": ["control-objective"],
        "collected": instant(result.checked_at),
        "expires": instant(result.expires_at),
    }
    if shown.leaf_index is not None:
        href = f"{base}/log/proofs/{shown.leaf_index}.tlog-proof"
        found["relevant-evidence"] = [{"href": href, "description": f"Leaf {shown.leaf_index} of the public trust log"}]
    return found


def _method(listed: Listed, result: Result) -> str:
    """Return how it was looked at: a run with its control is TEST, a word EXAMINE, and where neither was, UNKNOWN."""
    if listed.claim.claim_class in _WORDS or result.finding.outcome in {Outcome.ATTESTED, Outcome.NOT_APPLICABLE}:
        return "EXAMINE"
    return "UNKNOWN" if result.control is None else "TEST"


def _finding(listed: Listed) -> dict[str, Any]:
    is_met = listed.status is Outcome.PASS
    found: dict[str, Any] = {
        "uuid": _id("finding", listed.claim.id),
        "title": listed.claim.id,
        "description": listed.claim.text,
        "props": [_prop("status", listed.status.value)],
        "target": {
            "type": "objective-id",
            "target-id": f"claim-{listed.claim.id}",
            "status": {"state": "satisfied" if is_met else "not-satisfied", "reason": _reason(listed)},
        },
    }
    if listed.last is not None:
        found["related-observations"] = [{"observation-uuid": _id("observation", listed.claim.id)}]
    return found


def _reason(listed: Listed) -> str:
    """Return ``pass``, ``fail`` or ``other``, the words OSCAL has for it."""
    return {Outcome.PASS: "pass", Outcome.FAIL: "fail"}.get(listed.status, "other")


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": " ".join(value.split())}


def _id(*parts: str) -> str:
    """Return an id (RFC 4122 version 5) that is the same for the same thing."""
    return str(_named(parts))


def _named(parts: Iterable[str]) -> UUID:
    return uuid5(NAMESPACE_URL, f"{NAMESPACE}/{'/'.join(parts)}")
