"""What a policy says, in sentences: for whoever has to sign it. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from gatepost.decide.body import Place
from gatepost.decide.grammar import Assurance
from gatepost.decide.hours import DAYS, WorkingHours, clock_time
from gatepost.decide.language import Policy, Rule
from gatepost.decide.loops import BRAKE
from gatepost.decide.outbound_language import Attachments, Limit, OutboundPolicy, Recipients, Stop
from gatepost.decide.paper import Disposition, TokenBudget, Wait

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
    Assurance.ARC: "proven, or vouched for",
    Assurance.SIGNED_BY: "signed",
    Assurance.NONE: "NOT proven: whoever writes the From field is believed",
}
_LEAVES = {**_VERBS, Disposition.DELIVER: "may leave"}
_FOUND = {
    Stop.EXTERNAL: "to somebody outside the mailbox's own organisation",
    Stop.FIRST_CONTACT: "to somebody it never exchanged proven mail with",
    Stop.SECRETS: "with a key or a password",
    Stop.CARD_NUMBERS: "with the number of a payment card",
    Stop.IBANS: "with an IBAN",
    Stop.CANARIES: "with a canary",
    Stop.OTHER_CORRESPONDENTS: "with an address of somebody else the tenant writes with",
}
_ANSWERS = "the agent answers proven authors of kept mail, and writes to nobody else"
NAMES_SHOWN_MAX = 5
_BOUNDS = {"atLeast": "at least", "atMost": "at most", "over": "over", "below": "below"}
_OTHER_TYPES = "otherAttachmentTypes"
_DAY_HOURS = 24


def tell(policy: Policy) -> list[str]:
    """Return a sentence for each rule, guard and default, in the order in which they are asked."""
    return [*_rules(policy), *_guards(policy), _default(policy), *_own(policy), *_outbound(policy)]


def _rules(policy: Policy) -> Iterator[str]:
    for rule in policy.rules:
        name = f" ({rule.name})" if rule.name else ""
        said = ", ".join([f"mail of {_authors(rule)}", *_conditions(rule), _VERBS[rule.action]])
        yield f"senders[{rule.index}]{name}: {said}{_terms(rule)}"


def _authors(rule: Rule) -> str:
    vouchers = f" by {' or '.join(sorted(rule.vouchers))}" if rule.vouchers else ""
    besides = ((rule.requires_dkim, "DKIM"), (rule.requires_spf, "SPF"))
    more = "".join(f" and by {name} of its own organisation" for is_asked, name in besides if is_asked)
    names = _names(rule.names) or "nobody"
    return f"{f'{rule.group} ({names})' if rule.group else names}, {_PROOFS[rule.assurance]}{vouchers}{more}"


def _names(names: Sequence[str]) -> str:
    shown = ["anyone" if name == "*" else name for name in names[:NAMES_SHOWN_MAX]]
    more = len(names) - len(shown)
    return f"{', '.join(shown)}{f' and {more} more' if more else ''}"


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.conditions:
        yield "where " + " and ".join(f"{each.name} {_value(each.name, each.wanted)}" for each in rule.conditions)
    if rule.expires_at:
        yield f"until {rule.expires_at.isoformat()}"


def _value(asked: str, wanted: object) -> str:
    match wanted:
        case bool():
            return f"is {'yes' if wanted else 'no'}"
        case dict():
            scale = 1_000 if asked == "injectionScore" else 1
            return "is " + " and ".join(f"{_BOUNDS[name]} {value / scale:.10g}" for name, value in wanted.items())
        case list():
            return f"{'are none of' if asked == _OTHER_TYPES else 'is'} {' or '.join(map(str, wanted))}"
        case (WorkingHours() as hours, side):
            days = ", ".join(DAYS[day] for day in sorted(hours.days))
            return f"is {side} ({days} {clock_time(hours.start_min)} to {clock_time(hours.end_min)} {hours.zone.key})"
        case _:
            return f"is {wanted}"


def lasting(wait: Wait) -> str:
    """Return how long a wait lasts, and what comes then."""
    hours = wait.lasts // timedelta(hours=1)
    lasts = counted(hours, "hour") if hours % _DAY_HOURS else counted(hours // _DAY_HOURS, "day")
    return f"{lasts}, then is {'delivered' if wait.is_delivered else 'refused'}"


def counted(number: int, noun: str) -> str:
    """Return a number with what is counted, in the plural where there is not one of it."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _terms(rule: Rule) -> str:
    terms = [f"for {lasting(rule.wait)}"] if rule.wait else []
    terms += [f"labelled {', '.join(rule.labels)}"] if rule.labels else []
    if rule.action in {Disposition.DELIVER, Disposition.HOLD}:
        terms.append(f"may {', '.join(rule.capabilities)}" if rule.capabilities else "grants nothing but an answer")
    for limit, span in ((rule.messages_hour, "hour"), (rule.messages_day, "day")):
        if limit is not None:
            terms.append(f"at most {limit} per {span} and {rule.per.value}")
    terms += told_budget(rule.budget)
    reason = f" ({rule.reason})" if rule.reason else ""
    return "".join(f"; {term}" for term in terms) + reason


def told_budget(budget: TokenBudget) -> list[str]:
    """Return a few words for each limit of a budget."""
    limits = zip(budget.as_list(), ("message", "thread", "sender", "day"), strict=True)
    return [f"at most {counted(limit, 'token')} per {what}" for limit, what in limits if limit is not None]


def _guards(policy: Policy) -> Iterator[str]:
    for index, guard in enumerate(policy.guards):
        where = ", ".join(sorted(place.value for place in guard.places))
        becomes = _VERBS[guard.action] if guard.action else "meets the default"
        yield f"contentGuards[{index}]: mail with {guard.pattern.source} in its {where} {becomes} ({guard.reason})"
    if policy.guards:
        is_filed = any(Place.ATTACHMENTS in guard.places for guard in policy.guards)
        more = ", or with a file that should have text and cannot be read in full," if is_filed else ""
        yield f"contentGuards: mail with more text than guards can read{more} meets the default"


def _default(policy: Policy) -> str:
    return f"defaultAction: all other mail is {'refused' if policy.default_action.value == 'bounce' else 'dropped'}"


def _own(policy: Policy) -> Iterator[str]:
    if policy.on_its_own is None:
        return
    named = ", ".join(sorted(policy.on_its_own)) or "nothing"
    yield f"onItsOwn: with no message behind it the agent may {named}{' at the most' if policy.is_tenant_wide else ''}"


def _outbound(policy: Policy) -> Iterator[str]:
    found = policy.outbound
    if found is None:
        if not policy.is_tenant_wide:
            yield f"outbound: {_ANSWERS}"
        return
    for name, said in _what_leaves(found):
        yield f"outbound.{name}: {said}"


def _what_leaves(found: OutboundPolicy) -> Iterator[tuple[str, str]]:
    yield "recipients", _ANSWERS if found.recipients is None else _recipients(found.recipients)
    if found.recipients_max is not None:
        yield "recipientsPerMessage", f"at most {found.recipients_max}"
    yield "toMachines", f"an answer to automatic mail {_LEAVES[found.to_machines]}"
    if found.attachments is not None:
        yield "attachments", _attachments(found.attachments)
    for stop in Stop:
        wanted = found.stop(stop)
        if wanted is not Disposition.DELIVER or stop is Stop.CANARIES:
            yield stop.value, f"mail {_FOUND[stop]} {_LEAVES[wanted]}"
    limits = (
        ("rateLimit.perRecipient", found.per_recipient),
        ("rateLimit.perDomain", found.per_domain),
        ("rateLimit.perAgent", found.per_agent),
        ("repliesPerThread", found.replies or Limit()),
    )
    for name, limit in limits:
        if limit != Limit():
            yield name, _limit(limit)
    if found.replies is None:
        yield "repliesPerThread", f"the house's own brake, {_limit(BRAKE)}"
    if found.wait is not None:
        yield "hold", f"what waits for a person does so for {lasting(found.wait)}"
    if found.footer:
        yield "footer", f"below each message stands: {' / '.join(found.footer.splitlines())}"


def _limit(limit: Limit) -> str:
    spans = ((limit.hour, "hour"), (limit.day, "day"))
    return " and ".join(f"at most {most} per {span}" for most, span in spans if most is not None)


def _recipients(found: Recipients) -> str:
    named = [_names(sorted(found.parties))] if found.parties else []
    named += ["whoever wrote in the thread"] if found.thread else []
    named += ["whoever it exchanged proven mail with"] if found.contacts else []
    return (
        f"the agent may write to {', to '.join(named)}, and to nobody else" if named else "the agent writes to nobody"
    )


def _attachments(found: Attachments) -> str:
    asked = [f"of the types {', '.join(sorted(found.types))}"] if found.types is not None else []
    asked += ["named as attachments.names says"] if found.names is not None else []
    asked += [f"of at most {counted(found.octets, 'octet')}"] if found.octets is not None else []
    asked += [f"at most {found.count} of them"] if found.count is not None else []
    return f"mail with other files than {', '.join(asked) or 'any'} {_LEAVES[found.otherwise]}"
