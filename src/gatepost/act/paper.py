"""Webhooks, and one email told to one of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from gatepost.ids import AccountId, EmailId, WebhookId


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registered endpoint, as it may be shown: never its secret."""

    id: WebhookId
    account: AccountId
    url: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered endpoint with its secret, still wrapped."""

    webhook: Webhook
    wrapped_secret: bytes


class State(StrEnum):
    """Where telling stands. ``DELIVERED`` and ``DEAD`` are the end."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One email told to one webhook; ``attempts`` counts those that ended."""

    email: EmailId
    webhook: WebhookId
    state: State
    attempts: int


_HOPELESS = frozenset({"egress.refused", "webhook.removed", "email.erased"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status code, 0 where it said none; ``reason`` is ours, ``subject.fact``."""

    status_code: int
    reason: str

    @property
    def is_done(self) -> bool:
        """Any 2xx."""
        return HTTPStatus.OK <= self.status_code < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_hopeless(self) -> bool:
        """No later attempt can help: the receiver is gone (410, or removed) or closed to us, or the mail is erased."""
        return self.status_code == HTTPStatus.GONE or self.reason in _HOPELESS
