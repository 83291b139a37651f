"""Frozen values of the workbench: a draft being replayed, a policy that waits for a second person, and what fails."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gatepost.decide.trial import Change
from gatepost.decide.widening import Verdict
from gatepost.ids import AccountId, DraftReplayId, EntryId, KeyId, ProposalId

STALLED_AFTER = timedelta(hours=1)
"""A replay that nobody has worked on for so long is not being worked on."""


class RunState(StrEnum):
    """Where a replay stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A draft that is, or was, judged on past mail; ``last`` is the entry judged last, ``reason`` why it failed."""

    id: DraftReplayId
    account: AccountId
    since: datetime
    state: RunState
    reason: str
    started_at: datetime
    started_by: KeyId
    touched_at: datetime
    total: int
    last: EntryId
    counts: dict[Change, int]
    document: object

    @property
    def done(self) -> int:
        """How many decisions were judged."""
        return sum(self.counts.values())

    def as_of(self, now: datetime) -> tuple[RunState, str]:
        """Return where it stands and why: one that nobody works on any more has failed."""
        if self.state is RunState.RUNNING and now - self.touched_at > STALLED_AFTER:
            return RunState.FAILED, "it ended without an end: start another"
        return self.state, self.reason


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One decision that would be another: dispositions, reason codes, and which rules spoke, empty where none did.

    ``was_terms`` and ``now_terms`` say what came, or would come, with it (``decide.trial``): empty where that is equal.
    """

    entry: EntryId
    account: AccountId
    email: str
    was: str
    was_reason: str
    was_rule: str
    now: str
    now_reason: str
    now_rule: str
    was_terms: str = ""
    now_terms: str = ""


class ProposalState(StrEnum):
    """Where a proposal stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A policy that would let in more, or might, and waits for a second person.

    Attributes:
        live_version: the version in force that it was compared with; 0 where there was none.
        digest: what an approval is bound to.
        why: what its proposer says; ``doubt``: what the comparison says.
        mail: one that shows the widening, where one was found.
        replay: what it would have made of past mail.
        version: the one that came of it.
    """

    id: ProposalId
    account: AccountId
    state: ProposalState
    live_version: int
    digest: str
    verdict: Verdict
    doubt: str
    mail: dict[str, Any] | None
    document: object
    why: str
    replay: DraftReplayId
    proposed_at: datetime
    proposed_by: KeyId
    settled_at: datetime | None = None
    settled_by: str | None = None
    version: int | None = None


class TooManyError(Exception):
    """So many of them are open already that another may not be added."""


class ProposalError(Exception):
    """A proposal cannot be ruled on so."""


class SettledError(ProposalError):
    """Somebody ruled on it already."""


class ChangedError(ProposalError):
    """It is not what the approver saw."""


class OutdatedError(ProposalError):
    """Another version is in force than it was compared with: propose it again."""


class UnjudgedError(ProposalError):
    """Its replay has not told what past mail would have become: to approve it all the same needs a word of its own.

    Attributes:
        replay: where that stands: ``running``, ``failed`` or ``missing``.
    """

    def __init__(self, replay: str) -> None:
        super().__init__(replay)
        self.replay = replay


class SamePersonError(ProposalError):
    """Neither an agent approves, nor whoever proposed it."""
