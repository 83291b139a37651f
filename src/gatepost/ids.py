"""One type per identifier, so that no two can be swapped.

Text ids carry a prefix that names their kind; an id is opaque behind its prefix. Integers stay integers where the
public contract demands it (a REST mailbox id, an audit row id).
"""

import base64
from datetime import datetime
from typing import NewType

TenantId = NewType("TenantId", str)
"""A customer: ``tn_...``; bound in every query, enforced by row-level security."""
AccountId = NewType("AccountId", int)
"""The owner of mail. The REST door calls it a mailbox id."""
PersonId = NewType("PersonId", str)
"""A human: ``pe_...``."""
KeyId = NewType("KeyId", str)
"""An API key's public half: ``ky_...``; the secret half is never an id."""
EmailId = NewType("EmailId", str)
"""One arrival, whatever became of it: ``em_...`` (JMAP Email id when it was kept)."""
ThreadId = NewType("ThreadId", str)
"""A conversation (RFC 8621 section 3): ``th_...``."""
BlobId = NewType("BlobId", str)
"""SHA-256 of the octets, lowercase hex."""
EntryId = NewType("EntryId", int)
"""A record entry, known inside the transaction that wrote it; the log index comes later."""
LeafIndex = NewType("LeafIndex", int)
"""Position in a tenant's log, from 0, given by the sequencer."""
JobId = NewType("JobId", int)
"""Work promised inside a transaction."""
WebhookId = NewType("WebhookId", str)
"""A registered webhook endpoint: ``wh_...``."""
EventId = NewType("EventId", str)
"""One thing that happened to an account's mail: ``ev_...``; the ``webhook-id`` of every telling of it."""
ExportId = NewType("ExportId", str)
"""A destination of the record's export: ``ex_...``."""
HoldId = NewType("HoldId", str)
"""A message that waits for a person: ``ho_...``."""
DraftReplayId = NewType("DraftReplayId", str)
"""A draft judged on past mail: ``dr_...``."""
ProposalId = NewType("ProposalId", str)
"""A policy that waits for a second person: ``pp_...``."""
ReservationId = NewType("ReservationId", str)
"""Tokens set aside: ``rs_...``."""
SubmissionId = NewType("SubmissionId", str)
"""A request to send (RFC 8621 section 7): ``su_...``."""

AgentId = NewType("AgentId", str)
"""A hosted agent: ``ag_...``."""
PetitionId = NewType("PetitionId", str)
"""What an agent asks of people: ``pt_...``."""
TurnId = NewType("TurnId", str)
"""One run of a hosted agent, about one email: ``tu_...``."""


def token(prefix: str, octets: bytes) -> str:
    """Spell ``octets`` as an id: prefix, underscore, lowercase base32 without padding.

    Args:
        prefix: the kind, two letters.
        octets: at least 10 random or digest octets; ten octets make sixteen characters.
    """
    return f"{prefix}_{base64.b32encode(octets).decode('ascii').rstrip('=').lower()}"


_SLOT_S = 64
"""How long ids of emails begin alike."""


def email_id(at: datetime, octets: bytes) -> EmailId:
    """Return the id of an arrival: what came at one time lies together in every index, as it is stored.

    It begins with the minute or so in three octets, which come round again after 34 years; the id of its thread begins
    alike (docs/adr/0126).

    Args:
        at: when it came; aware.
        octets: at least 10 that nobody can guess: they alone make it unique.
    """
    slot = int(at.timestamp()) // _SLOT_S % 2**24
    return EmailId(token("em", slot.to_bytes(3, "big") + octets))
