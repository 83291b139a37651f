"""What a policy says, in sentences: for whoever has to sign it. Pure."""

from collections.abc import Iterator

from gatepost.decide.grammar import Assurance
from gatepost.decide.language import Policy, Rule
from gatepost.decide.paper import Disposition

_VERBS = {
    Disposition.DELIVER: "is delivered",
    Disposition.HOLD: "waits for a person",
    Disposition.DEFER: "is asked to come again",
    Disposition.DISCARD: "is taken and thrown away",
    Disposition.REJECT: "is refused",
}
_PROOFS = {
    Assurance.ALIGNED: "proven by SPF or DKIM of its domain",
    Assurance.DMARC: "proven by DMARC",
    Assurance.DMARC_OR_ALIGNED: "proven by DMARC, or where there is none by SPF or DKIM of its domain",
    Assurance.ARC: "proven, or vouched for by the last sealer",
    Assurance.SIGNED_BY: "signed",
    Assurance.NONE: "NOT proven: whoever writes the From field is believed",
}
NAMES_SHOWN_MAX = 5


def tell(policy: Policy) -> list[str]:
    """Return a sentence for each rule, guard and default, in the order in which they are asked."""
    return [*_rules(policy), *_guards(policy), _default(policy), *_own(policy)]


def _rules(policy: Policy) -> Iterator[str]:
    for rule in policy.rules:
        name = f" ({rule.name})" if rule.name else ""
        said = f"mail of {_authors(rule)}{_conditions(rule)} {_VERBS[rule.action]}{_terms(rule)}"
        yield f"senders[{rule.index}]{name}: {said}"


def _authors(rule: Rule) -> str:
    shown = ["anyone" if name == "*" else name for name in rule.names[:NAMES_SHOWN_MAX]]
    more = len(rule.names) - len(shown)
    vouchers = f" by {' or '.join(sorted(rule.vouchers))}" if rule.vouchers else ""
    return f"{', '.join(shown) or 'nobody'}{f' and {more} more' if more else ''}, {_PROOFS[rule.assurance]}{vouchers},"


def _conditions(rule: Rule) -> str:
    asked = " and ".join(f"{each.name} {_value(each.wanted)}" for each in rule.conditions)
    until = f" until {rule.expires_at.isoformat()}" if rule.expires_at else ""
    return f"{f' where {asked}' if asked else ''}{until}"


def _value(wanted: object) -> str:
    match wanted:
        case bool():
            return "yes" if wanted else "no"
        case dict():
            return ", ".join(f"{name} {value}" for name, value in wanted.items())
        case list():
            return ", ".join(map(str, wanted))
        case (_, side):  # working hours
            return str(side)
        case _:
            return str(wanted)


def _terms(rule: Rule) -> str:
    terms = [f"for {rule.wait}"] if rule.wait else []
    if rule.action in {Disposition.DELIVER, Disposition.HOLD}:
        terms.append(f"may {', '.join(rule.capabilities)}" if rule.capabilities else "grants nothing but an answer")
    for limit, span in ((rule.messages_hour, "hour"), (rule.messages_day, "day")):
        if limit is not None:
            terms.append(f"at most {limit} per {span} and {rule.per.value}")
    for limit, what in zip(rule.budget.as_list(), ("message", "thread", "sender", "day"), strict=True):
        if limit is not None:
            terms.append(f"at most {limit} tokens per {what}")
    return f"; {'; '.join(terms)}" if terms else ""


def _guards(policy: Policy) -> Iterator[str]:
    for index, guard in enumerate(policy.guards):
        where = ", ".join(sorted(place.value for place in guard.places))
        becomes = _VERBS[guard.action] if guard.action else "meets the default"
        yield f"contentGuards[{index}]: mail with {guard.pattern.source} in its {where} {becomes} ({guard.reason})"


def _default(policy: Policy) -> str:
    return f"defaultAction: all other mail is {'refused' if policy.default_action.value == 'bounce' else 'dropped'}"


def _own(policy: Policy) -> Iterator[str]:
    if policy.on_its_own is None:
        return
    named = ", ".join(sorted(policy.on_its_own)) or "nothing"
    yield f"onItsOwn: with no message behind it the agent may {named}{' at the most' if policy.is_tenant_wide else ''}"
