"""Deciding once more what was decided, from what the entry and its opening say. Pure.

The opening holds evidence and facts, never the answer of a rule: what is read back is only what the first decision saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gatepost.arrive.paper import Direction
from gatepost.decide import departure
from gatepost.decide.gates import TextGoneError
from gatepost.decide.language import Policy
from gatepost.decide.paper import Counted, Facts, Ruling, Seen, Step, Waiting
from gatepost.decide.rules import judge_both, judge_leaving
from gatepost.verify import stored
from gatepost.verify.paper import Content, Verified

ENGINE = 3
"""Raised whenever equal evidence, facts and policy could be decided otherwise than before."""


class Verdict(StrEnum):
    """What a replay comes to."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says was decided; ``trace`` is empty where it was erased."""

    disposition: str
    outcome: str
    reason: str
    trace: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it; ``why`` says in a sentence what could not be decided or is different, and is empty otherwise."""

    verdict: Verdict
    why: str = ""
    again: Told | None = None


def spell(seen: Seen, verified: Verified) -> dict[str, Any]:
    """Return what a decision saw, as JSON for the opening of its entry."""
    facts, ruling = seen.facts, seen.facts.ruling
    return {
        "engine": ENGINE,
        "evidence": stored.spell(verified.evidence),
        "is_whole": stored.is_whole(verified.evidence),
        "size": seen.size_octets,
        "tls": seen.is_encrypted,
        "counts": [
            facts.messages_hour,
            facts.messages_day,
            facts.tokens_thread,
            facts.tokens_day,
            facts.tokens_sender,
        ],
        "windows": {name: [count.hour, count.day] for name, count in facts.windows.items()},
        "past": [facts.is_first_time, facts.answers_us, facts.is_replayed],
        "ruling": None if ruling is None else _ruling(ruling),
        **_waiting(facts.waiting),
        **_leaving(verified, facts),
    }


def _ruling(ruling: Ruling) -> list[Any]:
    at = [] if ruling.at is None else [ruling.at.isoformat()]
    return [ruling.is_approved, ruling.by, ruling.is_expiry, *at]


def _waiting(waiting: Waiting | None) -> dict[str, Any]:
    return {} if waiting is None else {"waiting": [waiting.author, waiting.domain, waiting.mailbox]}


def _read_ruling(told: list[Any]) -> Ruling:
    is_approved, by, is_expiry, *at = told
    return Ruling(is_approved, by, is_expiry, *map(datetime.fromisoformat, at))


def _leaving(verified: Verified, facts: Facts) -> dict[str, Any]:
    if verified.arrived.direction is Direction.INBOUND:
        return {}
    return {"leaving": departure.spell(verified.arrived, verified.evidence, facts)}


def read(told: dict[str, Any], *, received_at: datetime, said: Content | None) -> Seen:
    """Return what a decision saw; ``said``: the message's words, None where they were not kept.

    Raises:
        LookupError, TypeError, ValueError: this is not what ``spell`` writes.
    """
    hour, day, tokens_thread, tokens_day, tokens_sender = told["counts"]
    is_first_time, answers_us, is_replayed = told["past"]
    ruling = told["ruling"]
    facts = Facts(
        messages_hour=hour,
        messages_day=day,
        tokens_thread=tokens_thread,
        tokens_day=tokens_day,
        tokens_sender=tokens_sender,
        windows={name: Counted(*counts) for name, counts in told["windows"].items()},
        is_first_time=is_first_time,
        answers_us=answers_us,
        is_replayed=is_replayed,
        ruling=None if ruling is None else _read_ruling(ruling),
        waiting=Waiting(*told["waiting"]) if "waiting" in told else None,
    )
    evidence, envelope = stored.read(told["evidence"], said), None
    if "leaving" in told:
        left = departure.read(told["leaving"], evidence, facts)
        evidence, envelope, facts = left.evidence, left.envelope, left.facts
    return Seen(
        evidence=evidence,
        facts=facts,
        received_at=received_at,
        size_octets=told["size"],
        is_encrypted=told["tls"],
        has_text=said is not None,
        envelope=envelope,
    )


def replay(seen: Seen, policy: Policy | None, above: Policy | None, told: Told) -> Replayed:
    """Decide once more, and compare."""
    try:
        judge = judge_both if seen.envelope is None else judge_leaving
        ending, trace = judge(seen, policy, above)
    except TextGoneError:
        return Replayed(Verdict.UNDECIDABLE, "its text was not kept, and a guard would have to read it")
    again = Told(ending.disposition.value, ending.outcome.value, ending.reason.value, trace)
    if (again.disposition, again.outcome, again.reason) != (told.disposition, told.outcome, told.reason):
        return Replayed(Verdict.DIFFERENT, f"{told.reason} was recorded, {again.reason} comes of it", again)
    if told.trace and again.trace != told.trace:
        return Replayed(Verdict.DIFFERENT, f"the trace parts at {_first_difference(told.trace, again.trace)}", again)
    return Replayed(Verdict.SAME, again=again)


def _first_difference(one: Sequence[Step], other: Sequence[Step]) -> str:
    pairs = zip(one, other, strict=False)
    return next((first.check for first, second in pairs if first != second), "its end")
