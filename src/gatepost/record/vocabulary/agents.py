"""What is told of agents: what they were told and what they used, did, asked for and were given. Pure."""

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from gatepost.record.paper import Kind
from gatepost.record.vocabulary.said import Act, Private, Said


class WebhookDelivered(Said, frozen=True, kw_only=True, tag="webhook.delivered"):
    """A receiver confirmed an event."""

    kind: ClassVar[Kind] = Kind.WEBHOOK

    event: str
    event_kind: str
    attempts: int
    status_code: int
    reason: str = ""


class WebhookDead(WebhookDelivered, frozen=True, kw_only=True, tag="webhook.dead"):
    """A receiver confirmed nothing for so long that we gave up, or is gone."""


class UsageReported(Said, frozen=True, kw_only=True, tag="usage.reported"):
    """Tokens and tool calls an agent used for a message; a mere claim where the house has metered them itself.

    The names of the tools are the agent's words, and an agent may have been talked into them.
    """

    kind: ClassVar[Kind] = Kind.USAGE

    tokens: int | UnsetType = UNSET
    tokens_claimed: int | UnsetType = UNSET
    tokens_metered: int | UnsetType = UNSET
    tools: Private[list[Any]]
    is_signed: bool = False


class UsageMetered(Said, frozen=True, kw_only=True, tag="usage.metered"):
    """One call of a model by a hosted agent, as the API counted it."""

    kind: ClassVar[Kind] = Kind.USAGE

    tokens: int
    input: int
    output: int
    cache_write: int
    cache_read: int
    cost_microusd: int | None
    model: str
    step: int


class ToolDone(Said, frozen=True, kw_only=True, tag="tool.done"):
    """A hosted agent called a tool, and it did what it does; tokens are its part of the answer that asked for it."""

    kind: ClassVar[Kind] = Kind.TURN

    reason: str
    label: str
    step: int
    place: int
    tools: list[str] | UnsetType = UNSET
    tokens: int | UnsetType = UNSET
    cost_microusd: int | UnsetType | None = UNSET
    tool: Private[str]
    arguments_sha256: Private[str]
    result_sha256: Private[str] | UnsetType = UNSET


class ToolFailed(ToolDone, frozen=True, kw_only=True, tag="tool.failed"):
    """It was called, and did not do it, or nobody knows whether it did."""


class ToolRefused(ToolDone, frozen=True, kw_only=True, tag="tool.refused"):
    """The model asked for a call that grant, limits or schema do not cover."""


class ToolHeld(ToolDone, frozen=True, kw_only=True, tag="tool.held"):
    """A call waits for a person."""


class ToolApproved(ToolDone, frozen=True, kw_only=True, tag="tool.approved"):
    """A person let a held call run."""


class ToolDenied(ToolDone, frozen=True, kw_only=True, tag="tool.denied"):
    """A person, or time, denied a held call."""


class TurnDone(Said, frozen=True, kw_only=True, tag="turn.done"):
    """A hosted agent's turn about a message ended; `label` is the lowest it has read."""

    kind: ClassVar[Kind] = Kind.TURN

    reason: str
    label: str
    agent_version: int


class TurnHandedOver(TurnDone, frozen=True, kw_only=True, tag="turn.handed_over"):
    """It left the message to a person."""


class TurnHeld(TurnDone, frozen=True, kw_only=True, tag="turn.held"):
    """It waits for a person's word on a call."""


class TurnWaiting(TurnDone, frozen=True, kw_only=True, tag="turn.waiting"):
    """It waits for the model's endpoint."""


class TurnStopped(TurnDone, frozen=True, kw_only=True, tag="turn.stopped"):
    """A rule ended it: a loop, a budget, its age, or agents switched off."""


class BudgetExhausted(Said, frozen=True, kw_only=True, tag="budget.exhausted"):
    """An agent asked for more tokens than a budget has left, and got none."""

    kind: ClassVar[Kind] = Kind.USAGE

    outcome: str
    reason: str
    limit: int
    used: int
    wanted: int


class WebhookAdd(Act, frozen=True, kw_only=True, tag="webhook.add"):
    """A mailbox's mail is told to another endpoint."""

    events: list[str]
    url: Private[str]


class WebhookChange(Act, frozen=True, kw_only=True, tag="webhook.change"):
    """An endpoint is told other events, at another place, or again after it was stopped."""

    events: list[str]
    is_stopped: bool
    url: Private[str] | UnsetType = UNSET


class WebhookRotate(Act, frozen=True, kw_only=True, tag="webhook.rotate"):
    """An endpoint has a new signing secret; the old one counts for a while."""

    overlap_s: int


class WebhookReplay(Act, frozen=True, kw_only=True, tag="webhook.replay"):
    """Events are told to an endpoint once more."""

    count: int
    only_dead: bool


class WebhookTest(Act, frozen=True, kw_only=True, tag="webhook.test"):
    """An endpoint was told a test event, and answered so."""

    status_code: int
    reason: str
    event: str


class WebhookFailing(Act, frozen=True, kw_only=True, tag="webhook.failing"):
    """An endpoint has not answered for an hour."""

    reason: str
    failures: int


class WebhookStopped(WebhookFailing, frozen=True, kw_only=True, tag="webhook.stopped"):
    """An endpoint did not answer for so long that it is told nothing more."""


class PetitionMake(Act, frozen=True, kw_only=True, tag="petition.make"):
    """An agent asked that somebody may write to its mailbox, or to leave its sandbox."""

    asks: str
    digest: Private[str]


class PetitionApprove(PetitionMake, frozen=True, kw_only=True, tag="petition.approve"):
    """Somebody said yes to what an agent asked for; what was done about it is an entry of its own."""


class PetitionDeny(PetitionMake, frozen=True, kw_only=True, tag="petition.deny"):
    """Somebody said no to what an agent asked for."""


class PetitionAsk(Act, frozen=True, kw_only=True, tag="petition.ask"):
    """A person was mailed the link to rule on what an agent asked for, or their server would not take it."""

    person: str
    result: str
    reason: str


class WebhookAlert(Act, frozen=True, kw_only=True, tag="webhook.alert"):
    """An owner was mailed that a webhook is silent or was switched off, or their server would not take it."""

    person: str
    result: str
    reason: str


class CallAsk(Act, frozen=True, kw_only=True, tag="call.ask"):
    """A person was mailed the link to rule on a held call of a hosted agent, or their server would not take it."""

    person: str
    result: str
    reason: str


class WebhookRemove(Act, frozen=True, kw_only=True, tag="webhook.remove"):
    """An endpoint is told nothing more."""


class HostingOn(Act, frozen=True, kw_only=True, tag="hosting.on"):
    """Hosted agents were switched on."""


class HostingOff(HostingOn, frozen=True, kw_only=True, tag="hosting.off"):
    """Hosted agents were switched off."""


class AgentSet(Act, frozen=True, kw_only=True, tag="agent.set"):
    """A mailbox has another version of its hosted agent."""

    version: int
    document_sha256: Private[str]


class AgentRemove(AgentSet, frozen=True, kw_only=True, tag="agent.remove"):
    """A mailbox's hosted agent was taken away."""


class AgentKey(Act, frozen=True, kw_only=True, tag="agent.key"):
    """The house has another key, or none, for the endpoint of its hosted agents' model."""


class AgentToolAccept(Act, frozen=True, kw_only=True, tag="agent.tool_accept"):
    """What an MCP server says of a tool now was accepted: as of this digest the house's agents may call it."""

    server: str
    tool: str
    sha256: str
