"""Events, the webhooks that are told of them, and how far each telling is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from gatepost.ids import AccountId, EmailId, EntryId, EventId, WebhookId

Word = str | int
"""A word of ours, an id or a number: nothing personal."""


class EventKind(StrEnum):
    """What can happen; endpoints are told of the first unless they ask for more."""

    RECEIVED = "email.received"
    REJECTED = "email.rejected"
    HELD = "email.held"
    SENT = "email.sent"
    BOUNCED = "email.bounced"
    TURN_HELD = "turn.held"
    TURN_WAITING = "turn.waiting"
    TURN_STOPPED = "turn.stopped"
    FAILING = "webhook.failing"
    STOPPED = "webhook.stopped"
    TEST = "webhook.test"


EVERYBODYS = (EventKind.RECEIVED,)
"""What is told to who asked for nothing else: all that clients of the Mailbuttons contract know."""

CHOICES = tuple(kind for kind in EventKind if kind is not EventKind.TEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        email: the email it is about, if any.
        lane: events of one lane are told in order.
        ref: the submission or webhook it is about.
        detail: words of ours.
        place: its position in the account's stream; None until it has one.
    """

    id: EventId
    account: AccountId
    kind: EventKind
    email: EmailId | None
    lane: str
    at: datetime
    ref: str = ""
    detail: Mapping[str, Word] = field(default_factory=dict)
    place: int | None = None


def event_id(kind: EventKind, about: str) -> EventId:
    """Return the name of what happened to ``about``: the same whoever asks, so that nothing is announced twice."""
    return EventId(f"ev_{hashlib.sha256(f'{kind} {about}'.encode()).digest()[:15].hex()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an endpoint fares.

    Attributes:
        failures: attempts in a row that were not heard.
        failing_since: when the first of them was.
        warned_at: when somebody was told of it.
        due_at: the endpoint is left alone until then.
    """

    failures: int = 0
    failing_since: datetime | None = None
    warned_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A registered endpoint, as it may be shown: never its secret.

    Attributes:
        events: what it is told of.
        stop_reason: why it is told nothing any more; empty while it is.
    """

    id: WebhookId
    account: AccountId
    url: str
    created_at: datetime
    events: tuple[EventKind, ...] = EVERYBODYS
    stop_reason: str = ""
    stopped_at: datetime | None = None
    health: Health = Health()

    @property
    def is_stopped(self) -> bool:
        """True where nothing is sent to it."""
        return bool(self.stop_reason)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an endpoint's messages are signed with, wrapped.

    Attributes:
        seed: of the Ed25519 key; None for endpoints of a release that had none, until they rotate.
        retired: secrets that were replaced and still sign, oldest first.
    """

    secret: bytes
    seed: bytes | None = None
    retired: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """What an attempt depends on; while it stays the same, an endpoint read before need not be read again."""

    sealed_url: bytes
    secret: bytes
    retiring: int
    failures: int
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered endpoint with its secrets; ``sealed_url`` is empty until it was stored."""

    webhook: Webhook
    secrets: Secrets
    sealed_url: bytes = field(default=b"", compare=False)

    @property
    def edition(self) -> Edition:
        """What to compare."""
        return Edition(
            self.sealed_url,
            self.secrets.secret,
            len(self.secrets.retired),
            self.webhook.health.failures,
            self.webhook.is_stopped,
        )


class State(StrEnum):
    """Where telling stands. ``DELIVERED`` and ``DEAD`` are the end, until somebody asks for a replay."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event told to one webhook.

    Attributes:
        attempts: those that ended.
        number: the order in which tellings were promised.
        is_followed: another one of its lane waits behind it.
        due_at: when it was due; None: at once.
    """

    webhook: WebhookId
    event: Event
    state: State = State.WAITING
    attempts: int = 0
    number: int = 0
    is_followed: bool = False
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """A telling that was promised a moment ago, to an endpoint that the process which promised it tells.

    Attributes:
        is_first: nothing else of its lane waited then.
        edition: the endpoint's then.
        leased_until: until when the endpoint is that process's to tell.
    """

    telling: Telling
    is_first: bool
    edition: Edition
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the delivery log."""

    at: datetime
    status_code: int
    reason: str
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A telling as the delivery log shows it: with its attempts, and the entry of the record it led to."""

    telling: Telling
    reason: str
    status_code: int
    promised_at: datetime
    due_at: datetime
    settled_at: datetime | None
    entry: EntryId | None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status code, 0 where it said none; ``reason`` is ours, ``subject.fact``.

    ``retry_after`` is the field of that name, as it came.
    """

    status_code: int
    reason: str
    took_ms: int = 0
    retry_after: str = ""

    @property
    def is_done(self) -> bool:
        """Any 2xx."""
        return HTTPStatus.OK <= self.status_code < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_gone(self) -> bool:
        """The receiver says that it wants to hear no more."""
        return self.status_code == HTTPStatus.GONE

    @property
    def is_moot(self) -> bool:
        """There is nothing left to tell; the receiver was not asked."""
        return self.reason == "email.erased"
