"""The policy document: parsed, validated and compiled once, pure.

``docs/policy.md`` tells operators what each field means; ``grammar`` says what a document may look like.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gatepost.decide import capabilities
from gatepost.decide.above import EVERY_CAPABILITY
from gatepost.decide.conditions import ANSWERS_US, COUNTED, LIST, Condition, compile_conditions
from gatepost.decide.grammar import Assurance, DefaultAction, Per, canonical, normalise
from gatepost.decide.guards import Guard, Guarded, compile_guards
from gatepost.decide.hours import WorkingHours, compile_hours
from gatepost.decide.outbound_language import OutboundPolicy, compile_outbound
from gatepost.decide.paper import Disposition, Seen, TokenBudget, Wait
from gatepost.decide.shape import Fault, Faults
from gatepost.decide.waiting import compile_wait
from gatepost.mail.address import Address

_ANYONE = "*"


class PolicyError(ValueError):
    """The document is not a policy; ``errors`` has one sentence per fault, in document order.

    ``faults`` says the same in parts, where a document could be read at all.
    """

    def __init__(self, errors: list[str], faults: Sequence[Fault] = ()) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.faults = tuple(faults)


def check_faults(faults: Faults) -> None:
    """Return where nothing was told; raises ``PolicyError`` otherwise."""
    if faults.told:
        raise PolicyError(faults.sentences, faults.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of ``senders``; ``index`` counts from 0.

    Attributes:
        names: what it goes by, as ``keys_of`` spells authors: any of them is enough.
        group: the name of the group that is all of ``names``; empty: none is.
        within: with ``address``, the domain that must hold too.
        vouchers: whose ARC seals, or whose signatures, count, where the assurance says so.
        wait: for what is held; None where the policy does not say.
        messages_hour: at most so many delivered in 3,600 s; None is no limit, 0 is none at all. So the other three.
        counts: a decision under it needs counted facts.
        asks: the facts, besides counts, that its conditions ask for.
    """

    index: int
    name: str
    names: tuple[str, ...]
    group: str
    within: str | None
    assurance: Assurance
    vouchers: frozenset[str]
    requires_dkim: bool
    requires_spf: bool
    conditions: tuple[Condition, ...]
    action: Disposition
    wait: Wait | None
    labels: tuple[str, ...]
    reason: str
    expires_at: datetime | None
    capabilities: tuple[str, ...]
    per: Per
    messages_hour: int | None
    messages_day: int | None
    budget: TokenBudget
    is_tenant_wide: bool
    counts: bool = field(init=False)
    asks: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        limits = (self.messages_hour, self.messages_day) != (None, None) or self.budget != TokenBudget()
        object.__setattr__(self, "counts", limits)
        object.__setattr__(self, "asks", frozenset(each.name for each in self.conditions) & COUNTED)

    def window_of(self, author: Address) -> str | None:
        """Return the name of the window its rate limit counts in; None: the author's own.

        No address is spelled so, whatever a stranger puts into it: addresses have no control characters.
        """
        match self.per:
            case Per.AUTHOR:
                return None
            case Per.DOMAIN:
                return f"domain\n{author.domain}"
            case Per.RULE:
                return f"{'tenant ' if self.is_tenant_wide else ''}rule\n{self.name}"

    @property
    def is_by_name(self) -> bool:
        """Whether it says which authors it is for."""
        return _ANYONE not in self.names

    @property
    def is_by_list(self) -> bool:
        """Whether it goes by the mailing list that the mail says it came by."""
        return any(each.name == LIST for each in self.conditions)

    def speaks(self, seen: Seen, *, besides: Collection[str] = ()) -> bool:
        """Tell whether the rule, which goes by the author's name, is in force and its conditions hold.

        Args:
            seen: the message.
            besides: conditions not to ask.
        """
        return self.why_silent(seen, besides=besides) is None

    def why_silent(self, seen: Seen, *, besides: Collection[str] = ()) -> str | None:
        """Return why it does not speak: ``expired``, or the first condition that fails; None where it speaks."""
        if self.expires_at is not None and seen.facts.judged_at(seen.received_at) >= self.expires_at:
            return "expired"
        for condition in self.conditions:
            if condition.name not in besides and not condition.holds(seen, delivers=self.action is Disposition.DELIVER):
                return condition.name
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy document.

    Attributes:
        digest: SHA-256 of the normalised document in canonical JSON (RFC 8785), lowercase hex.
        guarded: the guards, to be asked in one pass.
        outbound: what may leave; None: the house's own rules alone.
        on_its_own: what the agent may do with no message behind it; None where the policy does not say.
        warnings: what is allowed but probably not meant.
        recalls: one of its rules has limits or asks for the past: others need nothing counted or looked up.
    """

    version: int
    digest: str
    is_tenant_wide: bool
    default_action: DefaultAction
    rules: tuple[Rule, ...]
    guards: tuple[Guard, ...]
    guarded: Guarded
    outbound: OutboundPolicy | None
    on_its_own: frozenset[str] | None
    retention_days: int
    body_hash_wanted: bool
    warnings: tuple[str, ...] = ()
    _by_name: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)
    recalls: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recalls", any(rule.counts or rule.asks for rule in self.rules))

    def rules_for(self, author: Address) -> list[Rule]:
        """Return the rules that match the author by name, in order; the same work for any number of other rules."""
        by_name = self._by_name
        named = [by_name[key] for key in keys_of(author) if key in by_name]
        if len(named) == 1:
            return list(named[0])  # they are in order
        found = {rule.index: rule for rules in named for rule in rules}
        return [found[index] for index in sorted(found)]

    def rule_for(self, author: Address, seen: Seen) -> Rule | None:
        """Return the first rule that matches the author by name, is in force, and whose conditions hold; or None."""
        return next((rule for rule in self.rules_for(author) if rule.speaks(seen)), None)


def keys_of(author: Address) -> Iterable[str]:
    """Return all names an author goes by in a policy: address, domain, ``*.`` and each domain above, anyone."""
    yield author.key
    yield author.domain
    _, dot, above = author.domain.partition(".")
    while dot:
        yield f"*.{above}"
        _, dot, above = above.partition(".")
    yield _ANYONE


def parse(document: object, *, version: int, is_tenant_wide: bool = False) -> tuple[Policy, list[str]]:
    """Return the compiled policy and its warnings.

    Args:
        document: what a JSON reader returned: strangers' input.
        version: the number the policy has in its account.
        is_tenant_wide: it stands above the policies of a tenant's mailboxes.

    Raises:
        PolicyError: it is not a policy.
    """
    faults = Faults()
    normal = normalise(document, faults)
    check_faults(faults)
    policy = _compile(normal, version, is_tenant_wide=is_tenant_wide)
    return policy, list(policy.warnings)


def _compile(normal: Mapping[str, Any], version: int, *, is_tenant_wide: bool) -> Policy:
    hours = compile_hours(normal["workingHours"]) if "workingHours" in normal else None
    groups = normal.get("groups", {})
    rules = tuple(
        replace(_rule(index, rule, groups, hours), is_tenant_wide=is_tenant_wide)
        for index, rule in enumerate(normal["senders"])
    )
    guards = compile_guards(normal["contentGuards"])
    return Policy(
        version=version,
        is_tenant_wide=is_tenant_wide,
        digest=hashlib.sha256(canonical(normal)).hexdigest(),
        default_action=DefaultAction(normal["defaultAction"]),
        rules=rules,
        guards=guards,
        guarded=Guarded(guards),
        outbound=compile_outbound(normal["outbound"], groups) if "outbound" in normal else None,
        on_its_own=frozenset(normal["onItsOwn"]) if "onItsOwn" in normal else None,
        retention_days=normal["auditLog"]["retentionDays"],
        body_hash_wanted=normal["auditLog"]["includeBodyHash"],
        warnings=_warnings(rules),
        _by_name=_index(rules),
    )


def _rule(index: int, normal: Mapping[str, Any], groups: Mapping[str, list[str]], hours: WorkingHours | None) -> Rule:
    match, assurance = normal["match"], normal["match"]["assurance"]
    rate, budget = normal.get("rateLimit", {}), normal.get("tokenBudget", {})
    ((named, vouchers),) = assurance.items() if isinstance(assurance, dict) else ((assurance, ()),)
    asked = {name: match[name] for name in (LIST, ANSWERS_US) if name in match}
    return Rule(
        index=index,
        name=normal.get("name", ""),
        names=_names(match, groups),
        group=match.get("group", ""),
        within=match.get("domain") if "address" in match else None,
        assurance=Assurance(named),
        vouchers=frozenset(vouchers),
        requires_dkim=match["requireDkim"],
        requires_spf=match["requireSpf"],
        conditions=compile_conditions({**asked, **normal.get("when", {})}, hours),
        action=Disposition(normal.get("action", Disposition.DELIVER)),
        wait=compile_wait(normal.get("hold")),
        labels=tuple(normal.get("labels", ())),
        reason=normal.get("reason", ""),
        expires_at=datetime.fromisoformat(normal["expiresAt"]) if "expiresAt" in normal else None,
        capabilities=tuple(normal["capabilities"]),
        per=Per(rate.get("per", Per.AUTHOR)),
        messages_hour=rate.get("perHour"),
        messages_day=rate.get("perDay"),
        budget=TokenBudget(
            per_message=budget.get("perMessage"),
            per_thread=budget.get("perThread"),
            per_sender=budget.get("perSender"),
            per_day=budget.get("perDay"),
        ),
        is_tenant_wide=False,
    )


def _names(match: Mapping[str, Any], groups: Mapping[str, list[str]]) -> tuple[str, ...]:
    if "group" in match:
        return tuple(groups[match["group"]])
    if "address" in match:
        return (match["address"],)
    if "domain" not in match:
        return (_ANYONE,)
    domain = match["domain"]
    return (domain, f"*.{domain}") if match.get("subdomains") else (domain,)


def _index(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    """Map each name to the rules that go by it, in order; addresses have an ``@``, domains have none."""
    index: dict[str, list[Rule]] = {}
    for rule in rules:
        for name in rule.names:
            if rule.within is None or name.rpartition("@")[2] == rule.within:
                index.setdefault(name, []).append(rule)
    return {name: tuple(found) for name, found in index.items()}


def _warnings(rules: tuple[Rule, ...]) -> tuple[str, ...]:
    named = dict.fromkeys((name, rule.is_tenant_wide) for rule in rules for name in rule.capabilities)
    return tuple(
        f"unknown_capability:{name}"
        for name, is_tenant_wide in named
        if not capabilities.is_known(name) and not (is_tenant_wide and name == EVERY_CAPABILITY)
    )
