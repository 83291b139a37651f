"""What a policy document may look like, and its normal form: the names, the bounds, the defaults.

Members that came after the first release stay out of the normal form where they are absent, so that a document keeps
its digest for ever.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from gatepost.decide import conditions, hours, party, shape
from gatepost.decide.body import Place
from gatepost.decide.capabilities import ON_ITS_OWN, SEND, SEND_EXTERNAL
from gatepost.decide.fixture_language import FIXTURES
from gatepost.decide.guards import PATTERN_MAX_CHARS, Pattern, PatternError, compile_pattern, refusals
from gatepost.decide.nearest import nearest, nearest_truth
from gatepost.decide.outbound_language import OUTBOUND, check_groups
from gatepost.decide.paper import Disposition
from gatepost.decide.shape import Faults, Parser
from gatepost.decide.waiting import DELIVER, WAIT

DOCUMENT_MAX_OCTETS = 1 << 20
SENDERS_MAX = 1_000
GUARDS_MAX = 200
CAPABILITIES_MAX = 64
SEALERS_MAX = 64
LABELS_MAX = 16
GROUPS_MAX = 100
GROUP_MAX = 5_000
NAME_MAX_CHARS = 64
REASON_MAX_CHARS = 200
RETENTION_MAX_DAYS = 36_500
GUARDS_COST_MAX = 20_000  # RE2 instructions of all guards together


class DefaultAction(StrEnum):
    """What becomes of mail that no rule expects: refused in the session, or taken and thrown away."""

    BOUNCE = "bounce"
    DROP = "drop"


class Assurance(StrEnum):
    """How surely the author must be who the From field says, before a rule speaks for it."""

    ALIGNED = "aligned"
    DMARC = "dmarc"
    DMARC_OR_ALIGNED = "dmarcOrAligned"
    ARC = "arc"
    SIGNED_BY = "signedBy"
    NONE = "none"


class Per(StrEnum):
    """Whose messages a rate limit counts together."""

    AUTHOR = "author"
    DOMAIN = "domain"
    RULE = "rule"


def canonical(document: object) -> bytes:
    """Return a normalised document as canonical JSON (RFC 8785): sorted names, no white space, UTF-8.

    Normalised documents hold text, booleans and integers below 2**53 only; of these Python's spelling is RFC 8785's.
    """
    text = json.dumps(document, default=_source_of, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _source_of(value: object) -> str:
    if isinstance(value, Pattern):
        return value.source
    raise TypeError(type(value).__name__)  # a broken promise of the parsers below, not of the document


def _read_pattern(value: object, path: str, faults: Faults) -> Pattern | None:
    if not isinstance(value, str) or not value:
        faults.tell(path, "must be a pattern")
        return None
    try:
        return compile_pattern(value)
    except PatternError as error:
        faults.tell(path, f"must be an RE2 pattern: {error}")
        return None


_DOMAINS = shape.list_of(party.domain, least=1, most=SEALERS_MAX)
_ASSURANCE_WORD = shape.word(
    Assurance.ALIGNED, Assurance.DMARC, Assurance.DMARC_OR_ALIGNED, Assurance.NONE, weak=(Assurance.NONE,)
)
_VOUCHERS = {
    Assurance.ARC: shape.object_of({"arc": _DOMAINS}, required=("arc",)),
    Assurance.SIGNED_BY: shape.object_of({"signedBy": _DOMAINS}, required=("signedBy",)),
}
"""Assurances that name who vouches."""


def _read_assurance(value: object, path: str, faults: Faults) -> object:
    if isinstance(value, dict):
        return _read_vouchers(value, path, faults)
    if isinstance(value, str) and value in {Assurance.ARC, Assurance.SIGNED_BY}:
        whom = "sealers" if value == Assurance.ARC else "signers"
        faults.tell(path, f'must name the {whom}: {{"{value}": ["lists.example"]}}')
        return None
    return _ASSURANCE_WORD(value, path, faults)


def _read_vouchers(value: Mapping[Any, object], path: str, faults: Faults) -> object:
    named = [str(each) for each in value]
    if len(set(named) & _VOUCHERS.keys()) > 1:
        faults.tell(path, f"must have only one of: {', '.join(_VOUCHERS)}; write a rule for each")
        return None
    words = [each.value for each in (Assurance.ALIGNED, Assurance.DMARC, Assurance.DMARC_OR_ALIGNED) if each in named]
    if not named or words:
        near = words[0] if words else None
        said = f' (the nearest is "{near}", by itself)' if near else ""
        faults.tell(path, f"must be a word, or have one of: {', '.join(_VOUCHERS)}{said}", near)
        return None
    wanted = next((each for each in named if each in _VOUCHERS), nearest(named[0], _VOUCHERS))
    return _VOUCHERS[Assurance(wanted)](value, path, faults)


_ASSURANCE = Parser(
    _read_assurance, {"anyOf": [_ASSURANCE_WORD.schema, *(fields.schema for fields in _VOUCHERS.values())]}
)


def _read_true(value: object, path: str, faults: Faults) -> bool:
    if value is not True:
        faults.tell(path, "must be true, or left out", "true" if nearest_truth(value) == "true" else None)
    return True


TRUE = Parser(_read_true, {"const": True})
_MATCH_FIELDS = shape.object_of(
    {
        "address": party.matched_address,
        "domain": party.matched_domain,
        "subdomains": shape.boolean,
        "group": shape.text(most=NAME_MAX_CHARS),
        "anyone": TRUE,
        "list": party.domain,
        "answersUs": TRUE,
        "assurance": _ASSURANCE,
        "requireDkim": shape.boolean,
        "requireSpf": shape.boolean,
    },
    weak=("anyone", "subdomains"),
)


def _read_match(value: object, path: str, faults: Faults) -> object:
    told = len(faults.told)
    found: Any = _MATCH_FIELDS(value, path, faults)
    if len(faults.told) > told:
        return found
    ways = [found.keys() & {"address", "domain"}, "group" in found, "anyone" in found]
    if not any(ways) and not found.keys() & {"list", "answersUs"}:
        faults.tell(path, "must have an address or a domain, or one of: group, list, answersUs, anyone")
    elif sum(map(bool, ways)) > 1:
        faults.tell(path, "must have only one of: an address or a domain, a group, anyone")
    elif found.get("subdomains") and not ("domain" in found and "address" not in found):
        faults.tell(f"{path}.subdomains", "must stand beside a domain, without an address")
    return {"assurance": Assurance.ALIGNED, "requireDkim": False, "requireSpf": False, **found}


_PATTERN = Parser(_read_pattern, {"type": "string", "minLength": 1, "maxLength": PATTERN_MAX_CHARS})
_NAME = shape.text(most=NAME_MAX_CHARS)
_REASON = shape.text(most=REASON_MAX_CHARS)
_COUNT = shape.integer(least=0)
_ACTION = shape.word(*Disposition, weak=(Disposition.DELIVER,))
_REFUSAL = shape.word(*(each for each in Disposition if each is not Disposition.DELIVER))
_RATE = {"perHour": _COUNT, "perDay": _COUNT}
_RULE = shape.object_of(
    {
        "name": _NAME,
        "match": Parser(_read_match, _MATCH_FIELDS.schema),
        "when": conditions.FIELDS,
        "action": _ACTION,
        "hold": WAIT,
        "labels": shape.list_of(_NAME, most=LABELS_MAX),
        "reason": _REASON,
        "expiresAt": shape.moment,
        "capabilities": shape.list_of(_NAME, most=CAPABILITIES_MAX),
        "rateLimit": shape.object_of({**_RATE, "per": shape.word(*Per)}),
        "tokenBudget": shape.object_of(
            {"perMessage": _COUNT, "perThread": _COUNT, "perSender": _COUNT, "perDay": _COUNT}
        ),
    },
    required=("match",),
)
_GUARD = shape.object_of(
    {
        "reject": _PATTERN,
        "reason": _REASON,
        "in": shape.list_of(shape.word(*Place), least=1, most=len(Place)),
        "action": _REFUSAL,
    },
    required=("reject", "reason"),
)
_LISTED_GUARDS = shape.list_of(_GUARD, most=GUARDS_MAX)
_REFUSED_COST = GUARDS_COST_MAX // 20
"""What a pattern counts that was refused: reading it was work, too."""


def _guards(value: object, path: str, faults: shape.Faults) -> object:
    """Read guards one by one, and no further once they are too much: a pattern is compiled when it is read."""
    if not isinstance(value, list) or len(value) > GUARDS_MAX:
        return _LISTED_GUARDS(value, path, faults)
    found: list[Any] = []
    cost = 0
    for index, member in enumerate(value):
        guard: Any = _GUARD(member, f"{path}[{index}]", faults)
        found.append(guard)
        cost += getattr(guard.get("reject"), "cost", _REFUSED_COST)
        if cost > GUARDS_COST_MAX or faults.is_full:
            break
    return found


_GUARDS = shape.Parser(_guards, _LISTED_GUARDS.schema)
_FIELDS = shape.object_of(
    {
        "defaultAction": shape.word(*DefaultAction),
        "senders": shape.list_of(_RULE, most=SENDERS_MAX),
        "contentGuards": _GUARDS,
        "groups": shape.map_of(shape.list_of(party.party, most=GROUP_MAX), most=GROUPS_MAX, name_most=NAME_MAX_CHARS),
        "workingHours": hours.FIELDS,
        "outbound": OUTBOUND,
        "onItsOwn": shape.list_of(shape.word(*ON_ITS_OWN, weak=(SEND, SEND_EXTERNAL)), most=len(ON_ITS_OWN)),
        "tests": FIXTURES,
        "auditLog": shape.object_of(
            {
                "retentionDays": shape.integer(least=1, most=RETENTION_MAX_DAYS),
                "includeBodyHash": shape.boolean,
            },
            required=("retentionDays",),
        ),
    },
    required=("defaultAction", "auditLog"),
    root="policy",
)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document: what it cannot say, ``normalise`` still checks."""
    return {"title": "MailPolicy", **_FIELDS.schema}


def normalise(document: object, faults: Faults) -> dict[str, Any]:
    """Return the document's normal form; nothing of use where ``faults`` has heard anything."""
    found: Any = _FIELDS(document, "", faults)
    _check_names(found, faults)
    if not any(each.path.startswith("contentGuards") for each in faults.told):
        _check_guards(found.get("contentGuards", ()), faults)
    if faults.told:
        return {}
    rules = [{"capabilities": [], **rule} for rule in found.get("senders", ())]
    audit = {"includeBodyHash": False, **found["auditLog"]}
    found.pop("tests", None)  # what they show is in the rest: a digest says what is decided
    normal = {"contentGuards": [], **found, "senders": rules, "auditLog": audit}
    if len(canonical(normal)) > DOCUMENT_MAX_OCTETS:
        faults.tell("policy", f"must be at most {DOCUMENT_MAX_OCTETS} octets of JSON")
    return normal


def _check_guards(guards: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Tell of guards that are too much together, or that some text could make slow."""
    if sum(guard["reject"].cost for guard in guards) > GUARDS_COST_MAX:
        faults.tell("contentGuards", f"must compile to at most {GUARDS_COST_MAX} RE2 instructions together")
        return
    for each in refusals(tuple(guard["reject"].source for guard in guards)):
        faults.tell(f"contentGuards[{each.index}].reject", each.reason, each.nearest)


def _check_names(found: Mapping[str, Any], faults: Faults) -> None:
    """Tell what one member names and another should hold, but of no member that was told of itself."""
    told = shape.spoilt(faults)
    groups = None if "groups" in told else found.get("groups", {})
    if groups is not None:
        check_groups(found.get("outbound", {}), groups, faults, told)
    has_hours = "workingHours" in found or "workingHours" in told
    named: set[str] = set()
    for index, rule in enumerate(found.get("senders", ())):
        path, name = f"senders[{index}]", rule.get("name")
        group = rule.get("match", {}).get("group")
        if group is not None and groups is not None and f"{path}.match.group" not in told:
            shape.check_name(group, groups, f"{path}.match.group", faults)
        hours_place = f"{path}.when.workingHours"
        if "workingHours" in rule.get("when", {}) and not has_hours and hours_place not in told:
            faults.tell(hours_place, "needs the policy's own workingHours")
        if f"{path}.name" not in told:
            if name is not None and name in named:
                faults.tell(f"{path}.name", "must not be another rule's too")
            if (
                rule.get("rateLimit", {}).get("per") == Per.RULE
                and name is None
                and f"{path}.rateLimit.per" not in told
            ):
                faults.tell(f"{path}.rateLimit.per", "needs the rule to have a name")
            named.add(name)
        then = rule.get("hold", {}).get("then")
        if (
            then == DELIVER
            and rule.get("action") != Disposition.HOLD
            and told.isdisjoint({f"{path}.action", f"{path}.hold.then"})
        ):
            faults.tell(f"{path}.hold.then", 'can be "deliver" only beside the action "hold"')
