"""Everything an entry may tell: one struct for each action, and nothing else is recorded. Pure.

A field is public, and stands in the leaf, or ``Private``: then the leaf holds a commitment and the opening the value.
``docs/record.md`` is written from here. Whoever adds a verb that changes something adds its action; the suite drives
every verb there is and fails where one leaves no leaf.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gatepost.record.canonical import UnrecordableError
from gatepost.record.paper import Consequence, Json, Kind

T = TypeVar("T")

_PRIVATE = "private"
Private = Annotated[T, Meta(extra={_PRIVATE: True})]
"""A value that may say something about a person."""

Counts = dict[str, int]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """What an entry tells; ``kind`` is the family it belongs to."""

    kind: ClassVar[Kind]


class Act(Said, frozen=True, kw_only=True):
    """What a person, a key or the operator did to the house."""

    kind: ClassVar[Kind] = Kind.ACT


# --- decisions ----------------------------------------------------------------------------------------------------


class MessageDecided(Said, frozen=True, kw_only=True, tag="message.decided"):
    """A message was judged, for one recipient: what became of it, why, and the evidence."""

    kind: ClassVar[Kind] = Kind.DECISION

    arc: str
    auth: bool
    capabilities: list[str] | None
    direction: str
    disposition: str
    dkim: str
    dmarc: str
    door: str
    in_reply_to: str | None
    injection: list[Any]
    is_aligned: bool
    outcome: str
    reason: str
    rule_index: int | None
    scans: list[list[str]]
    size_octets: int
    spf: str
    thread: str | None
    tls: str | None
    trace: list[list[str]]
    labels: list[str] | UnsetType = UNSET
    tenant_policy: list[Any] | UnsetType = UNSET
    blob: Private[str]
    seen: Private[Any] | UnsetType = UNSET
    evidence: Private[dict[str, Any]]
    recipient: Private[str]
    body_hash: Private[str] | UnsetType = UNSET
    detail: Private[str] | UnsetType = UNSET
    helo: Private[str] | UnsetType = UNSET
    mail_from: Private[str] | UnsetType = UNSET
    message_id: Private[str] | UnsetType = UNSET
    policy_digest: Private[str]
    tenant_policy_digest: Private[str] | UnsetType = UNSET
    remote_address: Private[str] | UnsetType = UNSET
    sender: Private[str] | UnsetType = UNSET


# --- consequences -------------------------------------------------------------------------------------------------


class ReplyQueued(Said, frozen=True, kw_only=True, tag="reply.queued"):
    """The gate let an agent's answer pass; it waits for the next hop."""

    kind: ClassVar[Kind] = Kind.REPLY

    submission: str
    email: str
    to: Private[str]
    body: Private[str]


class BounceQueued(ReplyQueued, frozen=True, kw_only=True, tag="bounce.queued"):
    """The same of a bounce."""

    kind: ClassVar[Kind] = Kind.BOUNCE


class AttemptAccepted(Said, frozen=True, kw_only=True, tag="attempt.accepted"):
    """One try at a remote MX: it took the message."""

    kind: ClassVar[Kind] = Kind.ATTEMPT

    reply_code: int
    attempt: int = 1
    status: str = ""
    reason: str = ""
    is_encrypted: bool = False
    state: str = ""


class AttemptDeferred(AttemptAccepted, frozen=True, kw_only=True, tag="attempt.deferred"):
    """It did not answer, or asked us to come again."""


class AttemptFailed(AttemptAccepted, frozen=True, kw_only=True, tag="attempt.failed"):
    """It refused for good."""


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


class RefusalsCounted(Said, frozen=True, kw_only=True, tag="refusals.counted"):
    """Mail refused before there was a decision: how often in an hour, by reason."""

    kind: ClassVar[Kind] = Kind.REFUSALS

    hour: str
    counts: Counts


class EgressRefused(Said, frozen=True, kw_only=True, tag="egress.refused"):
    """Connections to somewhere the register does not allow were refused."""

    kind: ClassVar[Kind] = Kind.EGRESS

    purpose: str
    rule: str
    count: int
    first_at: str


class PersonErased(Said, frozen=True, kw_only=True, tag="person.erased"):
    """What these entries opened about somebody was erased; their leaves and proofs stay."""

    kind: ClassVar[Kind] = Kind.ERASURE

    rule: str
    entries: list[Any] | UnsetType = UNSET
    reason: Private[str] | UnsetType = UNSET


class RecordExpired(PersonErased, frozen=True, kw_only=True, tag="record.expired"):
    """What these entries opened was kept as long as plan or policy say, and is erased."""

    through: int | UnsetType = UNSET
    days: int | UnsetType = UNSET
    accounts: list[int] | UnsetType = UNSET


class KeysExpired(PersonErased, frozen=True, kw_only=True, tag="keys.expired"):
    """The keys of these months were destroyed: nothing they sealed opens any more."""

    months: list[str]
    days: int


# --- administrative acts ------------------------------------------------------------------------------------------


class PolicySet(Act, frozen=True, kw_only=True, tag="policy.set"):
    """A mailbox has another policy."""

    policy_version: int
    policy_digest: Private[str]


class PolicyPropose(Act, frozen=True, kw_only=True, tag="policy.propose"):
    """A policy that lets in more, or might, waits for a second person."""

    proposal: str
    digest: Private[str]
    live_version: int
    verdict: str


class PolicyApprove(Act, frozen=True, kw_only=True, tag="policy.approve"):
    """A second person put a proposed policy in force; `policy.set` stands beside it."""

    proposal: str
    proposer: str
    policy_version: int
    policy_digest: Private[str]


class PolicyRefuse(Act, frozen=True, kw_only=True, tag="policy.refuse"):
    """A proposed policy was refused, or taken back by its proposer."""

    proposal: str
    proposer: str


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


class HoldApprove(Act, frozen=True, kw_only=True, tag="hold.approve"):
    """Somebody let a held message go."""

    is_approved: bool
    digest: Private[str] | UnsetType = UNSET


class HoldDeny(HoldApprove, frozen=True, kw_only=True, tag="hold.deny"):
    """Somebody refused a held message."""


class HoldExpire(HoldApprove, frozen=True, kw_only=True, tag="hold.expire"):
    """Nobody ruled on a held message in time."""


class HoldAbandon(HoldApprove, frozen=True, kw_only=True, tag="hold.abandon"):
    """A held message could not be let go: it is not what was held."""


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


class HoldAsk(Act, frozen=True, kw_only=True, tag="hold.ask"):
    """A person was mailed the link to rule on a held message, or their server would not take it."""

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


class HoldPlace(Act, frozen=True, kw_only=True, tag="hold.place"):
    """A legal hold: what it covers is kept until it is released."""

    scope: str
    reason: Private[str]
    person: Private[str] | UnsetType = UNSET


class HoldRelease(Act, frozen=True, kw_only=True, tag="hold.release"):
    """A legal hold was released."""

    scope: str


class WebhookRemove(Act, frozen=True, kw_only=True, tag="webhook.remove"):
    """An endpoint is told nothing more."""


class TenantAdd(Act, frozen=True, kw_only=True, tag="tenant.add"):
    """A tenant was made."""

    plan: str
    name: Private[str]


class TenantPlan(Act, frozen=True, kw_only=True, tag="tenant.plan"):
    """A tenant came onto another plan."""

    plan: str
    was: str


class TenantSecondPerson(Act, frozen=True, kw_only=True, tag="tenant.second_person"):
    """Policies that let in more need a second person from now on, or need none any more."""

    is_needed: bool


class TenantRemove(Act, frozen=True, kw_only=True, tag="tenant.remove"):
    """A tenant was forgotten; its record stays for as long as its plan says."""


class DomainAdd(Act, frozen=True, kw_only=True, tag="domain.add"):
    """The house answers for a domain."""


class DomainRemove(Act, frozen=True, kw_only=True, tag="domain.remove"):
    """The house answers for a domain no more."""


class MailboxAdd(Act, frozen=True, kw_only=True, tag="mailbox.add"):
    """A mailbox was made."""

    address: Private[str]


class MailboxRemove(Act, frozen=True, kw_only=True, tag="mailbox.remove"):
    """A mailbox was closed."""


class MailboxSandbox(Act, frozen=True, kw_only=True, tag="mailbox.sandbox"):
    """Whatever a mailbox sends waits for a person."""


class MailboxPromote(Act, frozen=True, kw_only=True, tag="mailbox.promote"):
    """A mailbox left its sandbox."""


class PolicyRevoke(Act, frozen=True, kw_only=True, tag="policy.revoke"):
    """What a policy version granted counts no more."""


class SubprocessorAnnounced(Act, frozen=True, kw_only=True, tag="subprocessor.announced"):
    """This tenant was told of a sub-processor to come, or of a change of one."""

    digest: str
    region: str
    purpose: str


class SubprocessorObjected(Act, frozen=True, kw_only=True, tag="subprocessor.objected"):
    """This tenant objected to a sub-processor."""

    objection: str


class SubprocessorSettled(Act, frozen=True, kw_only=True, tag="subprocessor.settled"):
    """This tenant's objection ended; `how`: the alternative it was offered."""

    objection: str
    outcome: str
    how: Private[str] = ""


class SubprocessorWithdrawn(Act, frozen=True, kw_only=True, tag="subprocessor.withdrawn"):
    """This tenant was told that a sub-processor does not come, or is no more."""

    digest: str


class TermsAnnounced(Act, frozen=True, kw_only=True, tag="terms.announced"):
    """This tenant was told of a version of a text it is to agree to, and whether and why it is material."""

    version: str
    sha256: str
    effective_on: str
    material: bool
    rule: str
    reason: str
    decided_by: str


class TermsAccepted(Act, frozen=True, kw_only=True, tag="terms.accepted"):
    """This tenant agreed to a text, by its SHA-256."""

    version: str
    sha256: str
    by_role: str = ""


class TermsRejected(Act, frozen=True, kw_only=True, tag="terms.rejected"):
    """This tenant does not agree to a text: it takes an export and leaves."""

    version: str
    sha256: str
    by_role: str = ""


class TermsLeft(Act, frozen=True, kw_only=True, tag="terms.left"):
    """A step of leaving: the export was handed over, or the tenant was closed."""

    step: str
    sha256: str = ""


class InstructionGiven(Act, frozen=True, kw_only=True, tag="instruction.given"):
    """This tenant instructed us, as its processor, by a text that the opening holds."""

    sha256: str
    text: Private[str]


class NoticeMailed(Act, frozen=True, kw_only=True, tag="notice.mailed"):
    """What became of the mail by which one owner was told what another entry says."""

    person: str
    result: str
    reason: str


class RoomPublished(Act, frozen=True, kw_only=True, tag="room.published"):
    """Papers were put into the document room, in place of what lay there; by id, the SHA-256 of each."""

    papers: dict[str, str]


class RoomDecided(Act, frozen=True, kw_only=True, tag="room.decided"):
    """A person let somebody into the document room, or refused or revoked it."""

    decision: str


class RoomAgreed(Act, frozen=True, kw_only=True, tag="room.agreed"):
    """A visitor of the document room agreed to the text they were shown."""

    sha256: str
    name: Private[str]
    address: Private[str]


class RoomViewed(Act, frozen=True, kw_only=True, tag="room.viewed"):
    """A visitor was shown a document of the document room."""

    file: str
    sha256: str


class PersonAdd(Act, frozen=True, kw_only=True, tag="person.add"):
    """A human was let in."""

    role: str
    address: Private[str]


class PersonRemove(Act, frozen=True, kw_only=True, tag="person.remove"):
    """A human was shut out."""


class KeyAdd(Act, frozen=True, kw_only=True, tag="key.add"):
    """An API key was made."""

    role: str
    scopes: list[str]
    label: Private[str]


class KeyRemove(Act, frozen=True, kw_only=True, tag="key.remove"):
    """An API key was made worthless."""


class KeysRotate(Act, frozen=True, kw_only=True, tag="keys.rotate"):
    """A new master key is in force."""


class ExportAdd(Act, frozen=True, kw_only=True, tag="export.add"):
    """The record is sent on to another destination."""

    spelled: str | UnsetType = msgspec.field(default=UNSET, name="format")
    receiver: str | UnsetType = msgspec.field(default=UNSET, name="kind")
    personal: int = 0
    ack: int = 0
    region: str = ""


class ExportChange(ExportAdd, frozen=True, kw_only=True, tag="export.change"):
    """A destination has another place, credential or format."""


class ExportRemove(Act, frozen=True, kw_only=True, tag="export.remove"):
    """A destination gets nothing more."""


class ExportReplay(Act, frozen=True, kw_only=True, tag="export.replay"):
    """Entries are sent to a destination once more."""

    letters: int
    from_index: int | None = None


class ExportTest(Act, frozen=True, kw_only=True, tag="export.test"):
    """The newest entry was sent to a destination to see whether it is taken."""

    reason: str


class RecordExport(Act, frozen=True, kw_only=True, tag="record.export"):
    """Somebody took entries of the record out of the house: in which form, and which ones."""

    form: str
    filters: list[str]
    asked: Private[dict[str, Any]] | UnsetType = UNSET


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


class LogRecover(Act, frozen=True, kw_only=True, tag="log.recover"):
    """Entries came back from the second store, after a restore to an older point; others had to be renumbered."""

    entries: int
    renumbered: int


class ErrorsClear(Act, frozen=True, kw_only=True, tag="errors.clear"):
    """A kind of unexpected error was forgotten, as after it was mended."""

    fingerprint: str


class HouseStart(Act, frozen=True, kw_only=True, tag="house.start"):
    """The house began to serve: which release, and which settings are others than when it last did."""

    release: str
    changed: list[str]


class HouseStop(Act, frozen=True, kw_only=True, tag="house.stop"):
    """The house stopped in order; a start without a stop before it follows a crash."""


class HouseReload(Act, frozen=True, kw_only=True, tag="house.reload"):
    """The house read its settings and certificates anew."""

    outcome: str
    changed: list[str]
    waiting: list[str]
    certificates: dict[str, str]


class HouseMigrate(Act, frozen=True, kw_only=True, tag="house.migrate"):
    """The database's schema was brought up to a release."""

    applied: list[str]


class PostgresRestart(Act, frozen=True, kw_only=True, tag="postgres.restart"):
    """The house's own PostgreSQL had died and was started again."""

    code: int


def _subclasses(of: type[Said]) -> Iterator[type[Said]]:
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)


VOCABULARY: Mapping[str, type[Said]] = {
    str(each.__struct_config__.tag): each for each in _subclasses(Said) if each is not Act
}
"""Every action, and what an entry of it tells."""


def private_fields(of: type[Said]) -> frozenset[str]:
    """Return which fields are committed to, by the names they are written under."""
    hints = get_type_hints(of, include_extras=True)
    fields = msgspec.structs.fields(of)
    return frozenset(field.encode_name for field in fields if _PRIVATE in repr(hints[field.name]))


_FIELDS = {action: private_fields(each) for action, each in VOCABULARY.items()}


def check(consequence: Consequence) -> None:
    """See that the vocabulary knows what is to be recorded, and that no person is told of in public.

    Raises:
        UnrecordableError: it does not; the text names action and field, and no value.
    """
    struct, private = VOCABULARY.get(consequence.action), _FIELDS.get(consequence.action, frozenset())
    if struct is None or struct.kind is not consequence.kind:
        raise UnrecordableError(f"the vocabulary has no {consequence.kind} {consequence.action}")
    if private & consequence.public.keys() or not consequence.private.keys() <= private:
        raise UnrecordableError(f"{consequence.action}: a field stands on the wrong side of public and private")
    values: dict[str, Json] = {**consequence.public, **consequence.private}
    try:
        msgspec.convert(values, struct)
    except msgspec.ValidationError as error:
        raise UnrecordableError(f"{consequence.action}: {error}") from error


def reference() -> str:
    """Return ``docs/record.md``'s tables: every action by kind."""
    lines: list[str] = []
    for kind in (each for each in Kind if each is not Kind.TRUST):  # whose facts are public, and not a tenant's
        some = {action: each for action, each in VOCABULARY.items() if each.kind is kind}
        lines += [f"### {kind.value}", "", "| action | tells | in the leaf | committed |", "|---|---|---|---|"]
        for action, each in some.items():
            names = [field.encode_name for field in msgspec.structs.fields(each)]
            public = ", ".join(f"`{name}`" for name in names if name not in _FIELDS[action])
            private = ", ".join(f"`{name}`" for name in names if name in _FIELDS[action])
            lines.append(f"| `{action}` | {' '.join((inspect.getdoc(each) or '').split())} | {public} | {private} |")
        lines.append("")
    return "\n".join(lines)
