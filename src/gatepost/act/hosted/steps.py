"""A turn's steps as they are kept, and what they were made of. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import orjson

from gatepost.act.hosted.paper import Said, Step, StepState, ToolUse, Turn, Usage
from gatepost.record.paper import Json


def number_of(steps: Sequence[Step]) -> int:
    """Return the number of the last step; 0 where nothing was said yet."""
    return max((step.step for step in steps), default=0)


def spelled(turn: Turn, said: Said, number: int, *, at: datetime) -> Step:
    """Return an answer of the model as a step."""
    return Step(
        step=number,
        place=0,
        tool="",
        state=StepState.SAID,
        reason=said.stop,
        label=turn.label,
        content={
            "blocks": [dict(block) for block in said.blocks],
            "unreadable": [call.id for call in said.calls if call.arguments is None],
        },
        actor="",
        at=at,
    )


def answer_of(step: Step) -> Said:
    """Return the answer a step was made of; what it cost is the meter's."""
    blocks = cast("list[Mapping[str, Any]]", step.content["blocks"])
    unreadable = cast("list[str]", step.content["unreadable"])
    calls = tuple(
        ToolUse(block["id"], block["name"], None if block["id"] in unreadable else block["input"])
        for block in blocks
        if block["type"] == "tool_use"
    )
    return Said(tuple(blocks), calls, step.reason, Usage())


UNKNOWN = "unknown"
"""Stands for a tool there is none of: what a model calls it may be anybody's words, and lies sealed."""


def begun(
    turn: Turn, asked: ToolUse, number: int, place: int, *, tool: str, state: StepState, reason: str, at: datetime
) -> Step:
    """Return a call as a step, judged and not yet run; ``tool`` is one of ours, or ``UNKNOWN``."""
    arguments = None if asked.arguments is None else dict(asked.arguments)
    return Step(
        step=number,
        place=place,
        tool=tool,
        state=state,
        reason=reason,
        label=turn.label,
        content={"id": asked.id, "name": asked.name, "arguments": arguments},
        actor="",
        at=at,
    )


def arguments_of(step: Step) -> Mapping[str, Json]:
    """Return the arguments of a call."""
    return cast("Mapping[str, Json]", step.content["arguments"] or {})


def digest_of(step: Step) -> str:
    """Return what a person approves: a digest of the tool and of its arguments, lowercase hex.

    Empty where nobody can read them, and so nobody can approve them.
    """
    if step.is_unreadable:
        return ""
    shown = orjson.dumps([step.tool, step.step, step.place, step.content["arguments"]], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(shown).hexdigest()


def result_digest_of(step: Step) -> str | None:
    """Return the digest of what came of a call, as the record commits to it; None while nothing has."""
    return digest_of_value(step.content["result"]) if "result" in step.content else None


def digest_of_value(value: Json) -> str:
    """Return SHA-256, lowercase hex, of JSON in its canonical spelling."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def key_of(turn: Turn, step: Step) -> str:
    """Return the name of one call, the same in every attempt at it and no other call's."""
    return hashlib.sha256(f"{turn.id} {step.step} {step.place}".encode()).hexdigest()
