"""The MailPolicy document: parsed, validated and compiled once, pure.

``docs/policy.md`` tells operators what each field means; ``shape`` says what a document may look like.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatepost.decide import shape
from gatepost.decide.outbound_language import OUTBOUND, OutboundPolicy, parse_outbound
from gatepost.decide.patterns import Pattern, PatternError, Together, compile_pattern, join
from gatepost.decide.shape import Faults
from gatepost.mail.address import Address

KNOWN_CAPABILITIES = frozenset({"read_calendar", "propose_meeting", "confirm_meeting", "ingest_conflict_notice"})

DOCUMENT_MAX_OCTETS = 1 << 20
SENDERS_MAX = 1_000
GUARDS_MAX = 200
CAPABILITIES_MAX = 64
SEALERS_MAX = 64
NAME_MAX_CHARS = 64
REASON_MAX_CHARS = 200
RETENTION_MAX_DAYS = 36_500
GUARDS_COST_MAX = 20_000  # RE2 instructions of all guards together


class PolicyError(ValueError):
    """The document is not a policy; ``errors`` has one sentence per fault, in document order."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class DefaultAction(StrEnum):
    """What becomes of mail that no rule expects: refused in the session, or taken and thrown away."""

    BOUNCE = "bounce"
    DROP = "drop"


class Assurance(StrEnum):
    """How surely the author must be who the From field says, before a rule speaks for it."""

    ALIGNED = "aligned"
    DMARC = "dmarc"
    ARC = "arc"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of ``senders``; ``index`` counts from 0.

    Attributes:
        address: an address key (``Address.key``); with ``domain`` too, both must hold.
        domain: exactly this domain, not those below it.
        sealers: whose ARC seals count, where the assurance is ``arc``.
        messages_hour: at most so many delivered in 3,600 s; None is no limit, 0 is none at all. So the other three.
    """

    index: int
    address: str | None
    domain: str | None
    assurance: Assurance
    sealers: frozenset[str]
    requires_dkim: bool
    requires_spf: bool
    capabilities: tuple[str, ...]
    messages_hour: int | None
    messages_day: int | None
    tokens_thread: int | None
    tokens_day: int | None

    @property
    def counts(self) -> bool:
        """True where a decision under this rule needs counted facts."""
        limits = (self.messages_hour, self.messages_day, self.tokens_thread, self.tokens_day)
        return any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True)
class Guard:
    """One entry of ``contentGuards``."""

    pattern: Pattern
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy document.

    Attributes:
        digest: SHA-256 of the normalised document in canonical JSON (RFC 8785), lowercase hex.
        guards_cost: RE2 instructions of all guards together; times the octets of a text, it bounds the work.
        guarded: the guards' patterns in one.
        outbound: what may leave; None: the house's own rules alone.
        warnings: what is allowed but probably not meant.
    """

    version: int
    digest: str
    default_action: DefaultAction
    rules: tuple[Rule, ...]
    guards: tuple[Guard, ...]
    guards_cost: int
    guarded: Together
    outbound: OutboundPolicy | None
    retention_days: int
    body_hash_wanted: bool
    warnings: tuple[str, ...] = ()
    _by_name: Mapping[str, Rule] = field(default_factory=dict, repr=False, compare=False)

    def rule_for(self, author: Address) -> Rule | None:
        """Return the first rule that matches the author by name, or None; the same work for any number of rules."""
        found = (self._by_name.get(author.key), self._by_name.get(author.domain))
        return min((rule for rule in found if rule is not None), key=lambda rule: rule.index, default=None)


def parse(document: object, *, version: int) -> tuple[Policy, list[str]]:
    """Return the compiled policy and its warnings.

    Args:
        document: what a JSON reader returned: strangers' input.
        version: the number the policy has in its account.

    Raises:
        PolicyError: it is not a policy.
    """
    faults = Faults()
    normal = _normalise(document, faults)
    if faults.sentences:
        raise PolicyError(faults.sentences)
    policy = _compile(normal, version)
    return policy, list(policy.warnings)


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


def _pattern(value: object, path: str, faults: Faults) -> Pattern | None:
    if not isinstance(value, str) or not value:
        faults.tell(path, "must be a pattern")
        return None
    try:
        return compile_pattern(value)
    except PatternError as error:
        faults.tell(path, f"must be an RE2 pattern: {error}")
        return None


_SEALERS = shape.object_of({"arc": shape.list_of(shape.domain, least=1, most=SEALERS_MAX)}, required=("arc",))
_ASSURANCE_WORD = shape.word(Assurance.ALIGNED, Assurance.DMARC, Assurance.NONE)


def _assurance(value: object, path: str, faults: Faults) -> object:
    if isinstance(value, dict):
        return _SEALERS(value, path, faults)
    if value == Assurance.ARC:
        faults.tell(path, 'must name the sealers: {"arc": ["lists.example"]}')
        return None
    return _ASSURANCE_WORD(value, path, faults)


_MATCH_FIELDS = shape.object_of(
    {
        "address": shape.address,
        "domain": shape.domain,
        "assurance": _assurance,
        "requireDkim": shape.boolean,
        "requireSpf": shape.boolean,
    }
)


def _match(value: object, path: str, faults: Faults) -> object:
    told = len(faults.sentences)
    found: Any = _MATCH_FIELDS(value, path, faults)
    if len(faults.sentences) == told and not found.keys() & {"address", "domain"}:
        faults.tell(path, "must have an address or a domain")
    return {"assurance": Assurance.ALIGNED, "requireDkim": False, "requireSpf": False, **found}


_COUNT = shape.integer(least=0)
_RULE = shape.object_of(
    {
        "match": _match,
        "capabilities": shape.list_of(shape.text(most=NAME_MAX_CHARS), most=CAPABILITIES_MAX),
        "rateLimit": shape.object_of({"perHour": _COUNT, "perDay": _COUNT}),
        "tokenBudget": shape.object_of({"perThread": _COUNT, "perDay": _COUNT}),
    },
    required=("match",),
)
_GUARD = shape.object_of(
    {"reject": _pattern, "reason": shape.text(most=REASON_MAX_CHARS)},
    required=("reject", "reason"),
)
_FIELDS = shape.object_of(
    {
        "defaultAction": shape.word(*DefaultAction),
        "senders": shape.list_of(_RULE, most=SENDERS_MAX),
        "contentGuards": shape.list_of(_GUARD, most=GUARDS_MAX),
        "outbound": OUTBOUND,
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


def _normalise(document: object, faults: Faults) -> dict[str, Any]:
    found: Any = _FIELDS(document, "", faults)
    if faults.sentences:
        return {}
    rules = [{"capabilities": [], **rule} for rule in found.get("senders", ())]
    audit = {"includeBodyHash": False, **found["auditLog"]}
    normal = {"contentGuards": [], **found, "senders": rules, "auditLog": audit}
    if "outbound" in normal:
        parse_outbound(normal["outbound"], "outbound", faults, normal.get("lists"))
    if sum(guard["reject"].cost for guard in normal["contentGuards"]) > GUARDS_COST_MAX:
        faults.tell("contentGuards", f"must compile to at most {GUARDS_COST_MAX} RE2 instructions together")
    if len(canonical(normal)) > DOCUMENT_MAX_OCTETS:
        faults.tell("policy", f"must be at most {DOCUMENT_MAX_OCTETS} octets of JSON")
    return normal


def _compile(normal: Mapping[str, Any], version: int) -> Policy:
    rules = tuple(_rule(index, rule) for index, rule in enumerate(normal["senders"]))
    guards = tuple(Guard(guard["reject"], guard["reason"]) for guard in normal["contentGuards"])
    return Policy(
        version=version,
        digest=hashlib.sha256(canonical(normal)).hexdigest(),
        default_action=DefaultAction(normal["defaultAction"]),
        rules=rules,
        guards=guards,
        guards_cost=sum(guard.pattern.cost for guard in guards),
        guarded=join([guard.pattern for guard in guards]),
        outbound=_outbound(normal),
        retention_days=normal["auditLog"]["retentionDays"],
        body_hash_wanted=normal["auditLog"]["includeBodyHash"],
        warnings=_warnings(rules),
        _by_name=_index(rules),
    )


def _outbound(normal: Mapping[str, Any]) -> OutboundPolicy | None:
    if "outbound" not in normal:
        return None
    return parse_outbound(normal["outbound"], "outbound", Faults(), normal.get("lists"))


def _rule(index: int, normal: Mapping[str, Any]) -> Rule:
    match = normal["match"]
    rate, budget = normal.get("rateLimit", {}), normal.get("tokenBudget", {})
    trusts_sealers = isinstance(match["assurance"], dict)
    return Rule(
        index=index,
        address=match.get("address"),
        domain=match.get("domain"),
        assurance=Assurance.ARC if trusts_sealers else Assurance(match["assurance"]),
        sealers=frozenset(match["assurance"]["arc"] if trusts_sealers else ()),
        requires_dkim=match["requireDkim"],
        requires_spf=match["requireSpf"],
        capabilities=tuple(normal["capabilities"]),
        messages_hour=rate.get("perHour"),
        messages_day=rate.get("perDay"),
        tokens_thread=budget.get("perThread"),
        tokens_day=budget.get("perDay"),
    )


def _index(rules: tuple[Rule, ...]) -> dict[str, Rule]:
    """Map each address key and each domain to the first rule that names it.

    An address has an ``@`` and a domain has none, so one table holds both.
    """
    index: dict[str, Rule] = {}
    for rule in rules:
        if rule.address is None:
            index.setdefault(str(rule.domain), rule)
        elif rule.domain is None or rule.address.rpartition("@")[2] == rule.domain:
            index.setdefault(rule.address, rule)
    return index


def _warnings(rules: tuple[Rule, ...]) -> tuple[str, ...]:
    named = dict.fromkeys(name for rule in rules for name in rule.capabilities)
    return tuple(f"unknown_capability:{name}" for name in named if name not in KNOWN_CAPABILITIES)
