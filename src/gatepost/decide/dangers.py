"""What a policy says that is valid, and lets in or out more than most people mean by it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatepost.decide.capabilities import IMPLIED, is_known, nearest_to
from gatepost.decide.grammar import Assurance, Per
from gatepost.decide.language import Policy, Rule
from gatepost.decide.outbound_language import Limit, OutboundPolicy, Recipients, Stop
from gatepost.decide.outbound_widening import level
from gatepost.decide.paper import Disposition, TokenBudget
from gatepost.decide.party import BELOW
from gatepost.mail.suffix import registrable


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: a stable ``code``, the ``path`` in the document, a sentence."""

    code: str
    path: str
    sentence: str


def dangers(policy: Policy) -> Iterator[Finding]:
    """Yield what is dangerous, in the order of the document."""
    for rule in policy.rules:
        if level(rule.action) and not rule.is_tenant_wide:
            yield from _trust(rule)
        if level(rule.action):
            yield from _broad(rule.names, f"senders[{rule.index}].match", "writes")
        if 0 in {rule.messages_hour, rule.messages_day} and rule.action is Disposition.DELIVER:
            yield Finding("rate.zero", f"senders[{rule.index}].rateLimit", "a limit of 0 lets nothing in")
        yield from _slips(rule)
        yield from _idle(rule, is_held_by_guard=any(each.action is Disposition.HOLD for each in policy.guards))
    yield from _silence(policy)
    if policy.outbound:
        yield from _outbound(policy.outbound)


def _trust(rule: Rule) -> Iterator[Finding]:
    path = f"senders[{rule.index}].match"
    granted = sorted(set(rule.capabilities) - IMPLIED)
    more = f" and is granted {', '.join(granted)}" if granted else ""
    is_vouched = rule.assurance in {Assurance.ARC, Assurance.SIGNED_BY}
    if rule.assurance is Assurance.NONE and not (rule.requires_dkim or rule.requires_spf):
        yield Finding("assurance.none", f"{path}.assurance", f"whoever writes the From field is believed{more}")
    elif is_vouched and not rule.is_by_name:
        yield Finding("assurance.anyone", f"{path}.assurance", "those it names may speak for every author there is")
    elif not rule.is_by_name and rule.is_by_list:
        sentence = f"anybody can write a List-Id: whoever is proven at all gets in{more}; ask for signedBy, too"
        yield Finding("list.unproven", f"{path}.list", sentence)


def _slips(rule: Rule) -> Iterator[Finding]:
    """Tell of capabilities that nobody knows and that look like one; others may be another product's."""
    for index, name in enumerate(rule.capabilities):
        near = None if is_known(name) else nearest_to(name)
        if near:
            path = f"senders[{rule.index}].capabilities[{index}]"
            yield Finding("capability.unknown", path, f"it grants nothing here; the nearest is {near}")


def _idle(rule: Rule, *, is_held_by_guard: bool) -> Iterator[Finding]:
    """Tell of what stands in a rule and does nothing there, so that something else was meant."""
    path, has_rate = f"senders[{rule.index}]", (rule.messages_hour, rule.messages_day) != (None, None)
    if rule.per is not Per.AUTHOR and not has_rate:
        yield Finding("rate.none", f"{path}.rateLimit", "it names no number, so nothing is limited")
    if level(rule.action):
        if rule.wait and rule.action is Disposition.DELIVER and not is_held_by_guard:
            sentence = "the rule delivers and no guard holds, so nothing waits: write action: hold"
            yield Finding("hold.idle", f"{path}.hold", sentence)
        return
    written = {
        "capabilities": bool(rule.capabilities),
        "rateLimit": has_rate,
        "tokenBudget": rule.budget != TokenBudget(),
        "hold": rule.wait is not None,
    }
    for name in (name for name, is_written in written.items() if is_written):
        yield Finding(
            "rule.idle", f"{path}.{name}", f"the rule lets nothing in ({rule.action.value}), so this does nothing"
        )


def _broad(names: Iterable[str], path: str, does: str) -> Iterator[Finding]:
    """Tell of names that stand for all who register a domain."""
    for name in names:
        suffix = name.removeprefix(BELOW)
        if suffix != name and registrable(suffix) is None:
            yield Finding(
                "names.public_suffix", path, f"whoever registers a domain below {suffix} {does} as one of these"
            )


def _silence(policy: Policy) -> Iterator[Finding]:
    waits = [(f"senders[{rule.index}].hold", rule.wait) for rule in policy.rules]
    if policy.outbound:
        waits.append(("outbound.hold", policy.outbound.wait))
    for path, wait in waits:
        if wait and wait.is_delivered:
            yield Finding("hold.silence", f"{path}.then", "what nobody rules on in time is let go, as if approved")


def _outbound(outbound: OutboundPolicy) -> Iterator[Finding]:
    if outbound.recipients is not None:
        yield from _recipients(outbound.recipients)
    if level(outbound.stop(Stop.CANARIES)) == level(Disposition.DELIVER):
        marks = ", so its canaryMarks stop nothing" if outbound.marks else ""
        yield Finding("outbound.canaries", "outbound.canaries", f"canaries are let out{marks}")
    if outbound.to_machines is Disposition.DELIVER:
        sentence = "machines are answered, which may answer in turn"
        yield Finding("outbound.machines", "outbound.toMachines", sentence)
    if outbound.attachments and outbound.attachments.otherwise is Disposition.DELIVER:
        yield Finding("outbound.attachments", "outbound.attachments.otherwise", "what is not allowed is let out, too")
    limits = {
        "rateLimit.perRecipient": outbound.per_recipient,
        "rateLimit.perDomain": outbound.per_domain,
        "rateLimit.perAgent": outbound.per_agent,
        "repliesPerThread": outbound.replies or Limit(1),
    }
    for name, limit in limits.items():
        if 0 in {limit.hour, limit.day}:
            yield Finding("rate.zero", f"outbound.{name}", "a limit of 0 lets nothing out")
    if outbound.replies == Limit():
        yield Finding(
            "outbound.brake", "outbound.repliesPerThread", "it names no limit, and takes the house's brake off"
        )


def _recipients(named: Recipients) -> Iterator[Finding]:
    if not (named.parties or named.thread or named.contacts or named.is_closed):
        sentence = "it names nobody, so nothing leaves, and no author is answered: say so with thread: false"
        yield Finding("outbound.nobody", "outbound.recipients", sentence)
    yield from _broad(sorted(named.parties), "outbound.recipients", "can be written to")
