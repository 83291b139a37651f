"""What a draft would have made of a message that was decided already. Pure.

A draft may ask for what nobody looked up then. That is said, never guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gatepost.decide import capabilities
from gatepost.decide.ending import Ending, Judged
from gatepost.decide.gates import TextGoneError
from gatepost.decide.language import Policy
from gatepost.decide.outbound_language import OutboundPolicy, Stop
from gatepost.decide.paper import Disposition, Seen, Step
from gatepost.decide.replay import Told
from gatepost.decide.rules import judge_both, judge_leaving, needs
from gatepost.decide.told import lasting, told_budget

_COUNTED = ("rateLimit.", "tokenBudget.")
_PAST = {"firstTime": "is_first_time", "answersUs": "answers_us", "replayed": "is_replayed"}


class Change(StrEnum):
    """What a draft comes to for one message; ``SINCE``: another than then, but so would the policy in force by now."""

    SAME = "same"
    CHANGED = "changed"
    SINCE = "changed already"
    NO_TEXT = "undecidable without text"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class Tried:
    """The change; ``why`` says what cannot be told, ``disposition`` and ``reason`` what would come of it.

    ``rule`` would speak, and ``rule_then`` spoke then; each empty where none of the mailbox's does. ``terms`` is what
    the message would grant, how it would be labelled and how long it would wait, ``terms_then`` what they were: both
    empty where they are the same, or where nobody can tell what they were.
    """

    change: Change
    why: str = ""
    disposition: str = ""
    reason: str = ""
    rule: str = ""
    rule_then: str = ""
    terms: str = ""
    terms_then: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The mailbox's policy and the tenant's above it, as they stand, or stood, together."""

    own: Policy | None
    above: Policy | None

    @property
    def policies(self) -> list[Policy]:
        """Those that are there."""
        return [each for each in (self.own, self.above) if each]

    @property
    def outbound(self) -> list[OutboundPolicy]:
        """What those say of mail that leaves."""
        return [each.outbound for each in self.policies if each.outbound]


def attempt(seen: Seen, draft: Pair, told: Told, then: Pair | None = None) -> Tried:
    """Judge under a draft, which is one of a pair, and compare with what was decided.

    Args:
        seen: what the decision saw.
        draft: the draft, and what stood beside it.
        told: what the entry says of the decision: not what it granted.
        then: the policies it was decided under, for what it granted; None where they cannot be had.
    """
    missing = _missing_leaving(seen, draft, then) if seen.envelope else _missing(seen, draft.policies)
    if missing:
        return Tried(Change.UNDECIDABLE, missing)
    try:
        ending, trace = _judge(seen, draft)
    except TextGoneError:
        return Tried(Change.NO_TEXT, "its text was not kept, and a guard would have to read it")
    if _counts(trace) - _counts(told.trace):
        return Tried(Change.UNDECIDABLE, "it was not counted then, and a limit would have to know")
    disposition, reason = ending.disposition.value, ending.reason.value
    terms, terms_then = _terms(ending), _terms_then(seen, then)
    if terms_then is None or terms == terms_then:
        terms = terms_then = ""
    is_same = (disposition, reason) == (told.disposition, told.reason) and terms == terms_then
    change = Change.SAME if is_same else Change.CHANGED
    return Tried(change, "", disposition, reason, _rule(trace), _rule(told.trace), terms, terms_then)


def credit(tried: Tried, by_now: Tried) -> Tried:
    """Return what a draft comes to, told apart from what the policy in force by now comes to for the same message."""
    told, told_now = ((each.disposition, each.reason, each.terms) for each in (tried, by_now))
    is_since = tried.change is by_now.change is Change.CHANGED and told == told_now
    return replace(tried, change=Change.SINCE) if is_since else tried


def _terms_then(seen: Seen, then: Pair | None) -> str | None:
    if then is None:
        return None
    try:
        return _terms(_judge(seen, then)[0])
    except TextGoneError:
        return None


def _terms(ending: Ending) -> str:
    """Return in words what comes with an ending: what it grants, its labels, its wait; empty where nothing is kept."""
    words: list[str] = []
    if ending.disposition in {Disposition.DELIVER, Disposition.HOLD} and ending.grant is not None:
        granted = sorted(set(map(capabilities.canonical, ending.grant.capabilities)) - capabilities.IMPLIED)
        words = [f"may {', '.join(granted)}" if granted else "may answer", *told_budget(ending.grant.budget)]
        words += [f"labelled {', '.join(ending.labels)}"] if ending.labels else []
    words += [f"waits {lasting(ending.wait)}"] if ending.disposition is Disposition.HOLD else []
    return "; ".join(words)


def _rule(trace: Iterable[Step]) -> str:
    return next((step.result for step in trace if step.check == "rule" and step.result != "none"), "")


def _missing(seen: Seen, policies: list[Policy]) -> str:
    for policy in policies:
        needed = needs(seen, policy)
        for name in sorted(needed.asks):
            if getattr(seen.facts, _PAST[name]) is None:
                return f"{name} was not looked up then"
        if needed.windows - seen.facts.windows.keys():
            return "it was not counted then, and a limit would have to know"
    return ""


def _missing_leaving(seen: Seen, draft: Pair, then: Pair | None) -> str:
    """Return what a draft asks of mail that left, and the policies of that time did not."""
    asked = then.outbound if then else []
    if any(map(_asks_others, draft.outbound)) and not any(map(_asks_others, asked)):
        return "whose addresses it tells was not looked up then"
    is_answer = seen.facts.answered is not None
    if is_answer and any(map(_asks_thread, draft.outbound)) and not any(map(_asks_thread, asked)):
        return "who wrote in its thread was not looked up then"
    return ""


def _asks_others(policy: OutboundPolicy) -> bool:
    return policy.stop(Stop.OTHER_CORRESPONDENTS) is not Disposition.DELIVER


def _asks_thread(policy: OutboundPolicy) -> bool:
    return policy.recipients is not None and policy.recipients.thread


def _judge(seen: Seen, pair: Pair) -> Judged:
    judge = judge_leaving if seen.envelope else judge_both
    return judge(seen, pair.own, pair.above)


def _counts(trace: tuple[Step, ...]) -> set[str]:
    return {
        step.check.removeprefix("tenant.") for step in trace if step.check.removeprefix("tenant.").startswith(_COUNTED)
    }
