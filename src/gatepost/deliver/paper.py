"""``CarriedOut``: what carrying the decision out came to."""

from dataclasses import dataclass

from gatepost.ids import EmailId, SubmissionId, ThreadId
from gatepost.record.paper import Recorded


@dataclass(frozen=True, slots=True)
class Kept:
    """It lies in the account's mailbox. ``wakes``: an agent is to be told."""

    email: EmailId
    thread: ThreadId
    wakes: bool


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for a human; its body is withheld from every agent."""

    email: EmailId


@dataclass(frozen=True, slots=True)
class Queued:
    """A job will try the remote MX; each attempt is an entry of its own."""

    submission: SubmissionId


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was kept but the entry. The door answers as the decision's disposition says."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The end of the road inside the transaction."""

    recorded: Recorded
    outcome: Kept | Held | Queued | Refused
