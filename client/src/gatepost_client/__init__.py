"""A Gatepost mail gate from Python: ``Client`` and ``AsyncClient``, ``verify`` for webhooks, ``follow`` for events."""

from gatepost_client.asynchronous import AsyncClient
from gatepost_client.errors import (
    AccessError,
    AnswerError,
    GatepostError,
    MissingError,
    RefusedError,
    SignatureError,
    UnreachableError,
)
from gatepost_client.retry import Patience
from gatepost_client.shapes import (
    Event,
    HeldCall,
    Hold,
    Mailbox,
    Message,
    Petition,
    Sent,
    Summary,
    Thread,
    Waiting,
    Webhook,
    Whoami,
)
from gatepost_client.synchronous import Client
from gatepost_client.webhook import verify

__all__ = [
    "AccessError",
    "AnswerError",
    "AsyncClient",
    "Client",
    "Event",
    "GatepostError",
    "HeldCall",
    "Hold",
    "Mailbox",
    "Message",
    "MissingError",
    "Patience",
    "Petition",
    "RefusedError",
    "Sent",
    "SignatureError",
    "Summary",
    "Thread",
    "UnreachableError",
    "Waiting",
    "Webhook",
    "Whoami",
    "verify",
]
