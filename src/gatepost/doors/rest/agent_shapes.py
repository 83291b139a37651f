"""The wire's JSON of hosted agents: what they are, their turns, and what they cost."""

from typing import Any

from pydantic import Field

from gatepost.act.hosted import By, Document
from gatepost.doors.rest.shapes import Shape, Unreadable, Utc


class HostingShown(Shape):
    """Whether this tenant has hosted agents on."""

    is_on: bool


class AgentShown(Shape):
    """One version of a mailbox's agent."""

    agent_id: str
    mailbox_id: int
    version: int
    is_on: bool = Field(description="False: the agent was taken away with this version.")
    digest: str = Field(description="SHA-256 of the document, to which the log's entry is committed.")
    set_at: Utc
    set_by: str
    document: Document


class AgentVersions(Shape):
    """Every version, newest first."""

    items: list[AgentShown]


class TurnShown(Shape):
    """One run of an agent, without what was said in it."""

    turn_id: str
    agent_id: str
    agent_version: int
    message_id: str
    thread_id: str
    state: str = Field(description="`running`, `waiting`, `held`, `done`, `handed_over` or `stopped`.")
    reason: str = Field(description="Why it waits or was stopped: a stable code.")
    label: str = Field(description="The lowest it has read: `operator`, `sender` or `anybody`.")
    failures: int = Field(description="Of the model's endpoint, in a row.")
    began_at: Utc
    changed_at: Utc


class TurnPage(Shape):
    """Turns, newest first."""

    items: list[TurnShown]


class CallShown(Shape):
    """One call of a tool."""

    step: int
    place: int
    tool: str
    state: str = Field(description="`begun`, `done`, `failed`, `refused`, `held`, `approved` or `denied`.")
    reason: str
    label: str = Field(description="Of the turn when it was asked for.")
    arguments: Any
    result: Any
    digest: str = Field(description="Names tool and arguments: what an approval is about. Empty if unreadable.")
    result_digest: str | None = Field(description="SHA-256 of the result; null while there is none.")
    tokens: int = Field(description="Its part of the tokens of the answer that asked for it.")
    cost_microusd: int | None = Field(description="Its part of their cost; null where the model has no price.")
    settled_by: str = Field(description="The key that approved or denied it; empty where nobody was asked.")
    at: Utc
    is_unreadable: Unreadable


class HeldCall(CallShown):
    """A call that waits for a person; what it would do is shown to whoever may rule on it."""

    turn_id: str
    message_id: str
    expires_at: Utc = Field(description="Then it is denied.")


class HeldCalls(Shape):
    """What waits, the oldest first."""

    items: list[HeldCall]


class TurnWithCalls(TurnShown):
    """One run of an agent, with every call it asked for."""

    calls: list[CallShown]


class NewVerdict(Shape):
    """What a person says to a held call."""

    is_approved: bool


class NewHosting(Shape):
    """Whether hosted agents are to be on."""

    is_on: bool


class ToolUsage(Shape):
    """Calls of one tool among them."""

    tool: str = Field(description="One of the house's, or `unknown`: a name that a model made up.")
    calls: int = Field(description="Asked for.")
    made: int = Field(description="Of them, those that ran.")
    tokens: int = Field(description="Their part of the tokens of the answers that asked for them.")
    cost_microusd: int | None


class UsageShown(Shape):
    """What was metered for one message, thread, sender, agent or day."""

    name: str = Field(description="Its id, the sender's address, or the day (UTC).")
    calls: int
    input_tokens: int
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    unsettled_tokens: int = Field(description="Reserved for calls whose answer is under way, or never came.")
    cost_microusd: int | None = Field(description="Millionths of a dollar; null where no call's model has a price.")
    first_at: Utc
    last_at: Utc
    tools: list[ToolUsage] = Field(description="The tools it went to; what no call was asked for with is in none.")


class UsageList(Shape):
    """Metered usage, summed up."""

    by: By
    items: list[UsageShown]
