"""The wire's JSON for the workbench."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from gatepost.decide.paper import Disposition, Outcome
from gatepost.decide.widening import Verdict
from gatepost.doors.rest.hold_shapes import Digest, Word
from gatepost.doors.rest.policy_shapes import CamelShape, PolicyDocument
from gatepost.doors.rest.record_shapes import TraceStep
from gatepost.doors.rest.shapes import Utc
from gatepost.workbench import ProposalState, RunState


class Checked(CamelShape):
    """A draft that is a policy."""

    digest: str = Field(description="SHA-256 of the normal form: equal where equal things are decided.")
    rules: int
    guards: int
    warnings: list[str]


class Judged(CamelShape):
    """What would become of one mail, and every question on the way."""

    disposition: Disposition
    outcome: Outcome
    reason: str
    detail: str
    labels: list[str]
    capabilities: list[str]
    trace: list[TraceStep]


class Explained(CamelShape):
    """What a draft does, a sentence each in the order of asking; and what becomes of a mail, where one was given."""

    sentences: list[str]
    judged: Judged | None


class TestRun(CamelShape):
    """One test; each fault is an expectation that does not hold."""

    name: str
    passed: bool
    faults: list[str]


class Tested(CamelShape):
    """What came of a draft's tests."""

    passed: int
    failed: int
    items: list[TestRun]


class Remark(CamelShape):
    """One thing that is probably not meant."""

    code: str
    path: str
    sentence: str


class Remarks(CamelShape):
    """All of them, in the order of the document."""

    items: list[Remark]


class Changed(CamelShape):
    """One member that is not the same, in canonical JSON; empty where it is not there."""

    path: str = Field(description="Where it stands now, or where it stood if it is gone.")
    before: str
    after: str
    stood: str = Field(
        "",
        description="Where its rule or guard stood, if that was elsewhere. One that was moved among the others has a"
        " change of its own, the same before and after.",
    )


class WideningShown(CamelShape):
    """Whether more would be let in; `mail` is a test's mail that shows it."""

    verdict: Verdict
    why: str
    mail: dict[str, Any] | None


class Difference(CamelShape):
    """What changes from one policy to another."""

    changes: list[Changed]
    widening: WideningShown


class TemplateShown(CamelShape):
    """A policy to begin with."""

    name: str
    sentence: str = Field(description="What it is for.")


class TemplateList(CamelShape):
    """All templates; `GET .../{name}` has the text."""

    items: list[TemplateShown]


class Counts(CamelShape):
    """How many decisions would be the same, others, or cannot be told."""

    same: int
    changed: int
    changed_since: int = Field(
        description="Would be others than then, but by the policy in force now just as well: the draft changes nothing."
    )
    undecidable_without_text: int
    undecidable: int


class ReplayShown(CamelShape):
    """A draft that is, or was, judged on past mail."""

    id: str
    mailbox_id: int = Field(description="0: the tenant's policy, on the mail of all mailboxes.")
    state: RunState
    reason: str = Field(description="Why it failed.")
    since: Utc
    started_at: Utc
    started_by: str
    done: int
    total: int = Field(description="As many as there were when it began.")
    counts: Counts


class ChangedDecision(CamelShape):
    """One decision that would be another, and what the mail was."""

    entry: int
    mailbox_id: int
    message_id: str
    received_at: Utc | None = Field(description="Null where its entry is gone.")
    direction: Literal["inbound", "outbound"] | None = Field(description="Null where its entry is gone.")
    author: str | None = Field(description="Null where it was erased.")
    subject: str | None = Field(description="Null where it was not kept, and to keys without `mail:read`.")
    was: str
    was_reason: str
    was_rule: str = Field(description="Which rule spoke, such as `senders[0]`; empty where none did.")
    would_be: str
    would_be_reason: str
    would_be_rule: str
    was_terms: str = Field(description="What it granted, its labels, its wait, in words; empty where that is equal.")
    would_be_terms: str


class ReplayDetail(ReplayShown):
    """The same with the decisions that would be others, so far, oldest first."""

    changes: list[ChangedDecision]
    next_cursor: int | None


class ReplayList(CamelShape):
    """The newest replays; each is kept for a week."""

    items: list[ReplayShown]


class ProposalShown(CamelShape):
    """A policy that lets in more, or might, and waits, or waited, for a second person."""

    id: str
    mailbox_id: int = Field(description="0: the tenant's policy.")
    state: ProposalState
    is_outdated: bool = Field(
        description="Another version is in force than it was compared with: nobody can approve it; propose it again."
    )
    live_version: int = Field(description="The version in force that it was compared with; 0: there was none.")
    digest: str = Field(description="What an approval is bound to: send it with one.")
    widening: WideningShown
    why: str
    proposed_at: Utc
    proposed_by: str
    replay_id: str = Field(description="What it would have made of the last week's mail.")
    settled_at: Utc | None
    settled_by: str | None
    version: int | None = Field(description="The version that came of it.")


class ProposalDetail(ProposalShown):
    """The same with the document, what changes, and its replay, as far as that is."""

    policy: PolicyDocument
    changes: list[Changed] = Field(description="Against the version it was compared with.")
    replay: ReplayShown | None = Field(description="Null where somebody has ended it.")


class ProposalRuling(CamelShape):
    """A second person's word on a proposal."""

    decision: Word
    digest: Digest | None = Field(default=None, description="As the proposal shows it; needed to approve.")
    without_replay: bool = Field(
        default=False,
        description="Approve though the replay runs, failed or is gone, and nobody knows what past mail would become.",
    )


class ProposalList(CamelShape):
    """Proposals, newest first."""

    items: list[ProposalShown]


class Signature(StrEnum):
    """Whether a version's signature holds."""

    GENUINE = "genuine"
    FORGED = "forged"
    UNSIGNED = "unsigned"


class SignedShown(CamelShape):
    """What anybody needs to check a version's signature (Ed25519, RFC 8032): `docs/policy.md` says how."""

    statement: str = Field(
        description="What is signed, to the octet: a JSON list of what it is, tenant, mailbox, version, digest, time,"
        " who made it, and the SHA-256 of why."
    )
    public_key: str = Field(description="Of whoever made it, in Base64: the same in each of their versions.")
    signature: str = Field(description="64 octets in Base64.")


class VersionShown(CamelShape):
    """One version of a policy; none is ever changed."""

    version: int
    digest: str
    at: Utc
    by: str = Field(description="The id of the key that made it; operator for the command line.")
    why: str
    signature: Signature = Field(description="Unsigned: made before there were signatures.")
    signed: SignedShown | None = Field(description="To check the signature without the house; null where unsigned.")


class VersionDetail(VersionShown):
    """The same with the document, as its author wrote it."""

    policy: PolicyDocument


class VersionPage(CamelShape):
    """Versions, newest first."""

    items: list[VersionShown]
    next_cursor: int | None
