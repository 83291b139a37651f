"""What a policy says that is probably not meant: rules nobody reaches, guards that find nothing, trust without proof.

Pure. Only what is proven is said: a rule that is merely unlikely to speak is not called unreachable.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from gatepost.decide.dangers import Finding, dangers
from gatepost.decide.guards import Guard, is_void
from gatepost.decide.language import Policy, Rule
from gatepost.decide.outbound_widening import level
from gatepost.decide.paper import Disposition
from gatepost.decide.reach import Reach, names_of, silent_conditions
from gatepost.decide.widening import Verdict, Widening, compare

_NAMED_MAX = 4
_SLASHES = re.compile(r"/(.+)/([gimsuy]+)", re.ASCII | re.DOTALL)
"""A pattern as ECMAScript and Perl write it between slashes, with flags."""


def lint(policy: Policy, *, now: datetime, live: Policy | None = None, has_live: bool = False) -> list[Finding]:
    """Return what is worth a second look, in the order of the document.

    Args:
        policy: the draft.
        now: aware; for what has expired.
        live: the policy in force, or None.
        has_live: compare with ``live``; a None then refuses all mail.
    """
    found = [*_rules(policy, now), *_guards(policy), *dangers(policy)]
    if has_live:
        found += _widening(compare(live, policy))
    return found


def _widening(found: Widening) -> Iterator[Finding]:
    if found.verdict is Verdict.WIDER and found.mail is not None:
        author, proof = found.mail["from"], found.mail["proof"]
        yield Finding(
            "widening", "policy", f"it lets in more than the policy in force: mail of {author}, proof {proof}"
        )
    elif found.verdict is Verdict.WIDER:
        yield Finding("widening", "policy", f"it lets out more than the policy in force: {found.why}")
    elif found.verdict is Verdict.UNDECIDED:
        yield Finding("widening.undecided", "policy", f"whether it lets in more cannot be proven: {found.why}")


def _rules(policy: Policy, now: datetime) -> Iterator[Finding]:
    reach = Reach(now)
    for rule in policy.rules:
        path = f"senders[{rule.index}]"
        dead = _why_dead(rule, now)
        if dead:
            yield Finding("rule.unreachable", path, dead)
            continue
        by = reach.covers(rule)
        if all(by):
            first = sorted({each.index for cover in by for each in cover})
            whose = " or ".join(f"senders[{index}]" for index in first[:_NAMED_MAX])
            more = " or another" if first[_NAMED_MAX:] else ""
            yield Finding("rule.unreachable", path, f"wherever it would speak, {whose}{more} does so before it")
        elif any(by):
            number = sum(map(bool, by))
            yield Finding("rule.shadowed", path, f"earlier rules speak for {number} of its {len(by)} names")
        reach.take(rule)


def _why_dead(rule: Rule, now: datetime) -> str:
    if rule.expires_at is not None and rule.expires_at <= now:
        return "it has expired"
    if not names_of(rule):
        return "its address is not in its domain" if rule.names else "its group is empty"
    for name in silent_conditions(rule):
        return f"nothing is within {name}"
    asked = {condition.name: condition.wanted for condition in rule.conditions}
    types = asked.keys() & {"attachmentTypes", "otherAttachmentTypes"}
    # Of a damaged message neither is known, and then only a rule that delivers is silent.
    wants_some = (types and rule.action is Disposition.DELIVER) or asked.get("unreadAttachments")
    return "it asks for no attachments, and for some" if wants_some and asked.get("hasAttachments") is False else ""


def _guards(policy: Policy) -> Iterator[Finding]:
    is_asked = any(level(rule.action) for rule in policy.rules)
    earlier: list[tuple[int, Guard]] = []
    for index, guard in enumerate(policy.guards):
        path = f"contentGuards[{index}]"
        if not is_asked:
            yield Finding("guard.never_asked", path, "no rule delivers or holds, so no guard is asked")
        elif is_void(guard.pattern):
            yield Finding("guard.never_matches", path, "no text has what its pattern looks for")
        elif guard.pattern.is_in(b""):
            yield Finding("guard.always_matches", path, "its pattern finds nothing at all, too: no text passes it")
        else:
            twin = next((at for at, other in earlier if _is_same(other, guard)), None)
            if twin is not None:
                yield Finding("guard.never_counts", path, f"contentGuards[{twin}] finds the same and is as strict")
        if flags := _SLASHES.fullmatch(guard.pattern.source):
            near = f"(?{''.join(sorted(set(flags[2]) & set('ims')))}){flags[1]}".removeprefix("(?)")
            yield Finding("guard.slashes", path, f"it looks for the slashes, too: without them it is written {near}")
        earlier.append((index, guard))


def _is_same(one: Guard, other: Guard) -> bool:
    is_as_strict = one.action == other.action
    return one.pattern.source == other.pattern.source and one.places >= other.places and is_as_strict
