"""What an operator says a hosted agent is: instructions, model, tools, budgets, when a person is asked."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gatepost.act.hosted.faults import faults_of, unnamed
from gatepost.decide.shape import Fault
from gatepost.ids import AccountId, AgentId

INSTRUCTIONS_MAX_CHARS = 100_000
TOOLS_MAX = 64
_FAULTS_MAX = 50


def _sayable(text: str) -> str:
    if "\x00" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
        raise ValueError("NUL and lone surrogates are no text")
    return text


Text = Annotated[str, AfterValidator(_sayable)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,120}$")]
Tokens = Annotated[int, Field(ge=1, le=10**12, strict=True)]
Approval = Literal["never", "always"] | Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
"""When a person is asked before a tool runs: never, always, or for its first N calls."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Budget(_Part):
    """What its turns may spend, in tokens and calls of the model; a day is the last 24 hours."""

    calls_per_turn: Annotated[int, Field(ge=1, le=100, strict=True)] = 12
    tokens_per_turn: Tokens = 200_000
    tokens_per_thread: Tokens = 1_000_000
    tokens_per_sender_and_day: Tokens = 1_000_000
    tokens_per_day: Tokens = 5_000_000
    turns_per_thread_and_day: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 20
    turns_per_sender_and_day: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 100


class Limits(_Part):
    """What the arguments of its tools may name; what is not listed may not be named.

    Amounts are of all calls of one tool together, in the unit of the tool; a day is the last 24 hours.

    Attributes:
        recipients: addresses, or ``*@example.org``.
        calendars: as their tools name them.
        amount_max: of a turn.
        amount_per_thread: of all turns of a thread; as ``amount_max`` where nothing is said.
        amount_per_sender_and_day: of all turns about one sender's mail; likewise.
        amount_per_day: of all its turns; without a bound where nothing is said.
        strangers: what becomes of an answer to somebody who is neither in ``recipients`` nor among the people of all
            that the turn has read: a person is asked, it is refused, or it runs.
    """

    recipients: tuple[Annotated[Text, Field(max_length=320)], ...] = Field(default=(), max_length=1_000)
    calendars: tuple[Annotated[Text, Field(max_length=2_000)], ...] = Field(default=(), max_length=100)
    amount_max: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    amount_per_thread: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    amount_per_sender_and_day: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    amount_per_day: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    strangers: Literal["ask", "refuse", "allow"] = "ask"

    @property
    def per_thread(self) -> float:
        """What the calls of a tool in all turns of a thread may amount to."""
        return self.amount_max if self.amount_per_thread is None else self.amount_per_thread

    @property
    def per_sender_and_day(self) -> float:
        """What they may amount to in a day's turns about one sender's mail."""
        return self.amount_max if self.amount_per_sender_and_day is None else self.amount_per_sender_and_day


class Document(_Part):
    """One version of an agent, as its operator wrote it."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    instructions: Annotated[Text, Field(min_length=1, max_length=INSTRUCTIONS_MAX_CHARS)]
    model: Name
    output_tokens_max: Annotated[int, Field(ge=1, le=64_000, strict=True)] = 4_096
    tools: tuple[Name, ...] = Field(default=("reply", "handover"), max_length=TOOLS_MAX)
    approval: dict[Name, Approval] = Field(default={}, max_length=TOOLS_MAX)
    budget: Budget = Budget()
    limits: Limits = Limits()

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON, lowercase hex."""
        return hashlib.sha256(orjson.dumps(self.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One version of a mailbox's agent. ``is_on`` False: it was taken away with this version."""

    id: AgentId
    account: AccountId
    version: int
    is_on: bool
    document: Document
    at: datetime
    actor: str


class AgentError(ValueError):
    """The document is no agent; ``errors`` has a sentence for each of the ``faults``, without the values."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        self.errors = tuple(f"{each.path} {each.reason}" for each in self.faults)
        super().__init__("; ".join(self.errors))


def parse(document: object) -> Document:
    """Read what JSON or TOML held.

    Raises:
        AgentError: it does not describe an agent.
    """
    try:
        octets = orjson.dumps(document)
    except TypeError as error:
        raise AgentError([Fault("the document", "is no JSON")]) from error
    agent = read(octets)
    if found := [*unnamed(agent.tools, agent.approval)]:
        raise AgentError(found)
    return agent


def read(octets: bytes) -> Document:
    """Read JSON, what was stored by an earlier release too; raises ``AgentError``."""
    try:
        return Document.model_validate_json(octets)
    except ValidationError as error:
        raise AgentError(faults_of(Document, error.errors(include_url=False)[:_FAULTS_MAX])) from None
