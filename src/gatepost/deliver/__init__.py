"""Carry the decision out: into a mailbox, onto hold, or to the remote MX."""

from gatepost.deliver.carry import (
    AlreadySubmittedError,
    body_of,
    carry_out_all,
    conversation_of,
    email_of,
    submission_of,
    submitted,
    threads_of,
)
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused
from gatepost.deliver.send import attempt, attempts, handlers

__all__ = [
    "AlreadySubmittedError",
    "CarriedOut",
    "Held",
    "Kept",
    "Queued",
    "Refused",
    "attempt",
    "attempts",
    "body_of",
    "carry_out_all",
    "conversation_of",
    "email_of",
    "handlers",
    "submission_of",
    "submitted",
    "threads_of",
]
