"""What a turn of a hosted agent is made of. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gatepost.act.hosted.audience import Audience
from gatepost.act.hosted.labels import Label
from gatepost.ids import AccountId, AgentId, EmailId, TenantId, ThreadId, TurnId
from gatepost.mail.address import Address
from gatepost.record.paper import Json


class TurnState(StrEnum):
    """Where a turn stands."""

    RUNNING = "running"
    WAITING = "waiting"  # for the model's endpoint
    HELD = "held"  # for a person's word on one of its calls
    DONE = "done"
    HANDED_OVER = "handed_over"
    STOPPED = "stopped"  # by rule; ``reason`` says which

    @property
    def is_over(self) -> bool:
        """Nothing happens any more."""
        return self in {TurnState.DONE, TurnState.HANDED_OVER, TurnState.STOPPED}


class StepState(StrEnum):
    """Where one step stands: what a model said, or one call it asked for."""

    SAID = "said"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    HELD = "held"
    APPROVED = "approved"
    DENIED = "denied"

    @property
    def is_over(self) -> bool:
        """It has a result."""
        return self in {StepState.SAID, StepState.DONE, StepState.FAILED, StepState.REFUSED, StepState.DENIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One run of an agent about one email.

    Attributes:
        sender: a keyed token of the author's mailbox: a tag (RFC 5233) makes no other person.
        subject: the key of the author's address, whose keys seal what the turn says.
        label: the lowest it has read.
        capabilities: what the grants of all it has read have in common.
        audience: who wrote or was sent each of all it has read.
        failures: of the model's endpoint, in a row.
    """

    id: TurnId
    tenant: TenantId
    account: AccountId
    agent: AgentId
    version: int
    email: EmailId
    thread: ThreadId
    sender: str
    subject: str
    state: TurnState
    reason: str
    label: Label
    capabilities: frozenset[str]
    audience: Audience
    failures: int
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; ``place`` 0 is the model's, the calls it asked for come after. ``label``: the turn's at that time.

    ``content``: the blocks the model said; or the call's ``arguments``, and its ``result`` once it has one. ``tokens``
    and ``cost_microusd``: of a call, its part of the answer that asked for it (``meter.part_of``). ``amount``: of a
    call, in the unit of its tool. ``is_unreadable``: of a list: its row is damaged, and ``content`` is empty.
    """

    step: int
    place: int
    tool: str
    state: StepState
    reason: str
    label: Label
    content: Mapping[str, Json]
    actor: str
    at: datetime
    tokens: int = 0
    cost_microusd: int | None = None
    amount: Decimal = Decimal()
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the API's answer counts them."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.input + self.output + self.cache_write + self.cache_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the calls of one tool amount to so far: of a turn, of its thread, of its sender's last day, of the day."""

    turn: Decimal = Decimal()
    thread: Decimal = Decimal()
    sender: Decimal = Decimal()
    day: Decimal = Decimal()


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call a model asks for; ``arguments`` is None where what it wrote is no JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of a model."""

    blocks: tuple[Mapping[str, Json], ...]
    calls: tuple[ToolUse, ...]
    stop: str
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool that may run.

    ``key`` is the same in every attempt at it, and no other call's: by it whoever is called knows a repetition.
    """

    turn: Turn
    arguments: Mapping[str, Json]
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a call: material for the model, never instruction.

    Attributes:
        value: what it found.
        reason: why it failed, a stable code of ours; empty where its own words say so.
        label: whose words are in it, the lowest.
        capabilities: what those words' grants have in common; None where they add no bound.
        audience: the people of all those words; None where they add no bound.
        is_error: it failed.
        ends: the turn ends with it, in this state.
    """

    value: Json
    reason: str = ""
    label: Label = Label.OPERATOR
    capabilities: frozenset[str] | None = None
    audience: Audience | None = None
    is_error: bool = False
    ends: TurnState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What a turn wants to say in answer to a message; it sets out on the journey as a submission."""

    tenant: TenantId
    account: AccountId
    agent: AgentId
    parent: EmailId
    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A message that a turn passes on; it sets out on the journey as a letter."""

    tenant: TenantId
    account: AccountId
    agent: AgentId
    to: tuple[Address, ...]
    subject: str
    text: str
    key: str
