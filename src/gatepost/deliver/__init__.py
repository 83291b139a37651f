"""Carry the decision out: into a mailbox, onto hold, or to the remote MX."""

from gatepost.deliver.carry import (
    AlreadySubmittedError,
    body_of,
    carry_out_all,
    conversation_of,
    conversations,
    email_from,
    email_of,
    submission_of,
    submitted,
    threads_of,
)
from gatepost.deliver.paper import CarriedOut, Held, Kept, Queued, Refused
from gatepost.deliver.send import FAILED, attempt, attempts, handlers
from gatepost.deliver.store import KeyReusedError
from gatepost.deliver.store import by_id as submission_by_id
from gatepost.deliver.traffic import CONVERSATIONS, Traffic

__all__ = [
    "CONVERSATIONS",
    "FAILED",
    "AlreadySubmittedError",
    "CarriedOut",
    "Held",
    "Kept",
    "KeyReusedError",
    "Queued",
    "Refused",
    "Traffic",
    "attempt",
    "attempts",
    "body_of",
    "carry_out_all",
    "conversation_of",
    "conversations",
    "email_from",
    "email_of",
    "handlers",
    "submission_by_id",
    "submission_of",
    "submitted",
    "threads_of",
]
