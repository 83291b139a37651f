"""What a draft would have made of a message that was decided already. Pure.

A draft may ask for what nobody looked up then. That is said, never guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatepost.decide.gates import TextGoneError
from gatepost.decide.language import Policy
from gatepost.decide.paper import Seen, Step
from gatepost.decide.replay import Told
from gatepost.decide.rules import judge_both, needs

_COUNTED = ("rateLimit.", "tokenBudget.")
_PAST = {"firstTime": "is_first_time", "answersUs": "answers_us", "replayed": "is_replayed"}


class Change(StrEnum):
    """What a draft comes to for one message."""

    SAME = "same"
    CHANGED = "changed"
    NO_TEXT = "undecidable without text"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class Tried:
    """The change; ``why`` says what cannot be told, ``disposition`` and ``reason`` what would come of it.

    ``rule`` would speak, and ``rule_then`` spoke then; each empty where none of the mailbox's does.
    """

    change: Change
    why: str = ""
    disposition: str = ""
    reason: str = ""
    rule: str = ""
    rule_then: str = ""


def attempt(seen: Seen, own: Policy | None, above: Policy | None, told: Told) -> Tried:
    """Judge under a draft, which is one of both policies, and compare with what was decided."""
    missing = _missing(seen, [each for each in (own, above) if each])
    if missing:
        return Tried(Change.UNDECIDABLE, missing)
    try:
        ending, trace = judge_both(seen, own, above)
    except TextGoneError:
        return Tried(Change.NO_TEXT, "its text was not kept, and a guard would have to read it")
    if _counts(trace) - _counts(told.trace):
        return Tried(Change.UNDECIDABLE, "it was not counted then, and a limit would have to know")
    disposition, reason = ending.disposition.value, ending.reason.value
    is_same = (disposition, reason) == (told.disposition, told.reason)
    change = Change.SAME if is_same else Change.CHANGED
    return Tried(change, "", disposition, reason, _rule(trace), _rule(told.trace))


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


def _counts(trace: tuple[Step, ...]) -> set[str]:
    return {
        step.check.removeprefix("tenant.") for step in trace if step.check.removeprefix("tenant.").startswith(_COUNTED)
    }
