"""What is told of policies and of what people decided where a policy asks them. Pure."""

from msgspec import UNSET, UnsetType

from gatepost.record.vocabulary.said import Act, Private


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
    replay: str | UnsetType = UNSET
    replay_counts: Private[dict[str, int]] | UnsetType = UNSET


class PolicyRefuse(Act, frozen=True, kw_only=True, tag="policy.refuse"):
    """A proposed policy was refused, or taken back by its proposer."""

    proposal: str
    proposer: str


class HoldApprove(Act, frozen=True, kw_only=True, tag="hold.approve"):
    """Somebody let a held message go."""

    is_approved: bool
    digest: Private[str] | UnsetType = UNSET


class HoldDeny(HoldApprove, frozen=True, kw_only=True, tag="hold.deny"):
    """Somebody refused a held message."""


class HoldExpire(HoldApprove, frozen=True, kw_only=True, tag="hold.expire"):
    """Nobody ruled on a held message in time."""


class HoldAbandon(HoldApprove, frozen=True, kw_only=True, tag="hold.abandon"):
    """Nobody can let a held message go: changed, too old for the plan, or its author erased or its mailbox removed."""


class HoldAsk(Act, frozen=True, kw_only=True, tag="hold.ask"):
    """A person was mailed the link to rule on a held message, or their server would not take it."""

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


class PolicyRevoke(Act, frozen=True, kw_only=True, tag="policy.revoke"):
    """What a policy version granted counts no more."""
