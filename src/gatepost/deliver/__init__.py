"""Carry the decision out: into a mailbox, onto hold, or to the remote MX."""

from gatepost.db import Transaction
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused
from gatepost.ids import SubmissionId
from gatepost.jobs import Promise
from gatepost.record.paper import Recorded

__all__ = ["AlreadySubmittedError", "CarriedOut", "Held", "Kept", "Queued", "Refused", "attempt", "carry_out"]


class AlreadySubmittedError(Exception):
    """The same submission was accepted within the last 24 hours; this one changed nothing."""

    def __init__(self, submission: SubmissionId) -> None:
        super().__init__("already submitted")
        self.submission = submission


async def carry_out(tx: Transaction, recorded: Recorded) -> CarriedOut:
    """Do what was decided, inside the same transaction; raises ``AlreadySubmittedError``."""
    raise NotImplementedError


def attempt(submission: SubmissionId) -> Promise:
    """Promise to try the remote MX."""
    raise NotImplementedError
