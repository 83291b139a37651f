"""Whether a call may run: asked outside the model, before each one. Pure and total, whatever the model wrote."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from gatepost.act.hosted.agent import Document
from gatepost.act.hosted.audience import Audience
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Spent, ToolUse
from gatepost.act.hosted.schema import fits
from gatepost.act.hosted.tools import Tool, Toolbox, is_covered
from gatepost.mail.address import Address, AddressError
from gatepost.record.paper import Json


class Word(StrEnum):
    """What the gate says."""

    RUN = "run"
    ASK = "ask"  # a person approves it first
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's word and its reason code, stable words of the record."""

    word: Word
    reason: str


States = Callable[[str, Mapping[str, Json]], bool]
"""Tells of a tool and its arguments whether the operator's words say them (``derive.py``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the gate knows of the turn.

    Attributes:
        document: the agent's version in force.
        capabilities: what the grants of all it has read have in common.
        label: the lowest it has read.
        approved: how many calls of each tool persons have approved for this agent.
        spent: what calls of the tool amount to so far: many small ones are a large one.
        hearer: whom an answer to the turn's message goes to.
        audience: who wrote or was sent each of all the texts it has read.
        states: whether the operator's own words ask for a call as it stands; such a call rests on nothing the turn has
            read, so it runs whatever its label is. By default they ask for none.
    """

    document: Document
    capabilities: frozenset[str]
    label: Label
    approved: Mapping[str, int]
    spent: Spent = field(default_factory=Spent)
    hearer: Address | None = None
    audience: Audience = frozenset()
    states: States = lambda _tool, _arguments: False


Judge = Callable[[Toolbox, ToolUse, Standing], Verdict]


def judge(tools: Toolbox, asked: ToolUse, standing: Standing) -> Verdict:
    """Judge one call."""
    tool = tools.get(asked.name)
    if tool is None or tool.name not in standing.document.tools:
        return Verdict(Word.REFUSE, "tool.unknown")
    if not is_covered(tool, standing.capabilities):
        return Verdict(Word.REFUSE, "tool.not_granted")
    if asked.arguments is None or not fits(tool.schema, dict(asked.arguments)):
        return Verdict(Word.REFUSE, "arguments.invalid")
    if outside := _outside(tool, asked.arguments, standing):
        return Verdict(Word.REFUSE, outside)
    if standing.label < tool.accepts and not standing.states(tool.name, asked.arguments):
        return Verdict(Word.ASK, f"label.{standing.label.word}")
    return _scheduled(tool, standing)


def _is_told_outside(tool: Tool, standing: Standing) -> bool:
    """Tell whether an answer goes to somebody who is neither among the people of all that was read nor named."""
    if not tool.answers:
        return False
    hearer = standing.hearer
    return hearer is None or not (hearer.key in standing.audience or _may_receive(standing.document, str(hearer)))


def amount_of(tool: Tool, arguments: Mapping[str, Json]) -> Decimal:
    """Return the sum of a call's amounts; what is none is refused before."""
    given = (arguments.get(name) for name in tool.amounts)
    return sum((Decimal(str(value)) for value in given if value is not None), Decimal())


def _scheduled(tool: Tool, standing: Standing) -> Verdict:
    if _is_told_outside(tool, standing) and standing.document.limits.strangers == "ask":
        return Verdict(Word.ASK, "audience.outside")
    match standing.document.approval.get(tool.name, "never"):
        case "never":
            return Verdict(Word.RUN, "tool.granted")
        case "always":
            return Verdict(Word.ASK, "approval.always")
        case first:
            is_new = standing.approved.get(tool.name, 0) < first
            return Verdict(Word.ASK, "approval.first") if is_new else Verdict(Word.RUN, "tool.granted")


def _outside(tool: Tool, arguments: Mapping[str, Json], standing: Standing) -> str:
    """Return which limit the call would exceed, with what was spent before; empty where it stays within all."""
    document = standing.document
    if _is_told_outside(tool, standing) and document.limits.strangers == "refuse":
        return "audience.outside"
    if not all(_is_within(document, limit, arguments.get(name)) for name, limit in tool.bounds.items()):
        return "arguments.outside_limits"
    amount = amount_of(tool, arguments)
    if not amount:
        return ""
    limits, spent = document.limits, standing.spent
    for before, most, reason in (
        (spent.turn, limits.amount_max, "arguments.outside_limits"),
        (spent.thread, limits.per_thread, "limits.amount_per_thread"),
        (spent.sender, limits.per_sender_and_day, "limits.amount_per_sender"),
        (spent.day, limits.amount_per_day, "limits.amount_per_day"),
    ):
        if most is not None and before + amount > Decimal(str(most)):
            return reason
    return ""


def _is_within(document: Document, limit: str, value: Json) -> bool:
    """Tell whether an argument stays within a limit; an absent one names nothing."""
    if value is None:
        return True
    match limit:
        case "recipients":
            wanted = value if isinstance(value, list) else [value]
            return all(isinstance(one, str) and _may_receive(document, one) for one in wanted)
        case "calendars":
            return value in document.limits.calendars
        case "amount_max":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            return 0 <= value <= document.limits.amount_max
        case _:
            return False


def _may_receive(document: Document, text: str) -> bool:
    try:
        address = Address.parse(text)
    except AddressError:
        return False
    known = document.limits.recipients
    return f"*@{address.domain}" in known or any(_key(each) == address.key for each in known)


def _key(text: str) -> str | None:
    try:
        return Address.parse(text).key
    except AddressError:
        return None
