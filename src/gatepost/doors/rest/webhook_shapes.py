"""The JSON of webhooks, deliveries and events."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gatepost.act import CHOICES, EVERYBODYS, EventKind, Logged, State, Webhook
from gatepost.doors.rest.shapes import Shape, Text, Utc

Url = Annotated[Text, StringConstraints(min_length=1, max_length=2000)]
Kinds = Annotated[list[EventKind], Field(min_length=1, max_length=len(CHOICES))]
EventName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,80}$")]

_EVENTS = "What the endpoint is told of. Only `email.received` unless you ask for more."


class NewWebhook(Shape):
    """An endpoint to register."""

    url: Url = Field(examples=["https://agent.example/hooks/mail"])
    events: Kinds = Field(default=list(EVERYBODYS), description=_EVENTS)


class ChangedWebhook(Shape):
    """What to change about an endpoint; what is left out stays."""

    url: Url | None = None
    events: Kinds | None = Field(default=None, description=_EVENTS)
    is_stopped: bool | None = Field(default=None, description="`false` sets a stopped endpoint going again.")


class WebhookShown(Shape):
    """A registered endpoint and how it fares."""

    id: str
    mailbox_id: int
    url: str
    events: list[EventKind]
    created_at: Utc
    state: Literal["working", "failing", "stopped"] = Field(
        description="`failing`: attempts are not heard; one at a time goes out. `stopped`: it is told nothing."
    )
    reason: str = Field(description="Why it was stopped, such as `receiver.silent`; empty otherwise.")
    stopped_at: Utc | None
    failures: int = Field(description="Attempts in a row that were not heard.")
    failing_since: Utc | None
    next_attempt_at: Utc | None = Field(description="The endpoint is left alone until then.")


class WebhookMade(WebhookShown):
    """An endpoint with its new signing secret, which is shown this once."""

    secret: str = Field(description="64 hex characters, the key of X-Mailbuttons-Signature.")
    standard_secret: str = Field(description="The same secret for Standard Webhooks libraries: whsec_...")
    public_key: str = Field(description="Of the Ed25519 key (`v1a`): whpk_... Whoever has it can check, not forge.")


class WebhookList(Shape):
    """Every endpoint of a mailbox, oldest first."""

    items: list[WebhookShown]


class Rotation(Shape):
    """How to replace a secret."""

    overlap_s: int = Field(default=86_400, ge=0, le=604_800, description="How long the old secret signs as well.")

    @property
    def overlap(self) -> timedelta:
        """The same, as a duration."""
        return timedelta(seconds=self.overlap_s)


class Tested(Shape):
    """What the receiver said to one `webhook.test`."""

    is_accepted: bool
    status_code: int = Field(description="0 where it said nothing.")
    reason: str
    took_ms: int


class ReplayOrder(Shape):
    """Which events to tell again: those named, or those of a time; all that are still known where nothing is said."""

    event_ids: Annotated[list[EventName], Field(min_length=1, max_length=1000)] | None = None
    since: Utc | None = None
    until: Utc | None = None
    only_dead: bool = Field(default=False, description="Only those that were given up.")


class Replayed(Shape):
    """How many events will be told again."""

    count: int


class AttemptShown(Shape):
    """One attempt."""

    at: Utc
    status_code: int
    reason: str
    took_ms: int


class DeliveryShown(Shape):
    """One event told to one endpoint. `entry_id` is the record's, once it is settled."""

    id: int
    event_id: str
    event: EventKind
    message_id: str | None
    order_key: str
    state: State
    status_code: int
    reason: str
    promised_at: Utc
    next_attempt_at: Utc | None
    settled_at: Utc | None
    entry_id: int | None
    attempts: list[AttemptShown]


class DeliveryPage(Shape):
    """The delivery log, newest first."""

    items: list[DeliveryShown]
    next_cursor: int | None


class EventPage(Shape):
    """Events in order, each as a webhook tells it, with its `cursor`."""

    items: list[dict[str, Any]]
    next_cursor: int = Field(description="Continue after this place; the same where there was nothing.")
    is_whole: bool = Field(description="False where events before the first of these are gone.")


def fields_of(hook: Webhook) -> dict[str, Any]:
    """Return what is shown of an endpoint."""
    health = hook.health
    return {
        "id": hook.id,
        "mailbox_id": hook.account,
        "url": hook.url,
        "events": list(hook.events),
        "created_at": hook.created_at,
        "state": "stopped" if hook.is_stopped else "failing" if health.failures else "working",
        "reason": hook.stop_reason,
        "stopped_at": hook.stopped_at,
        "failures": health.failures,
        "failing_since": health.failing_since,
        "next_attempt_at": health.due_at,
    }


def delivery_of(one: Logged) -> DeliveryShown:
    """Return what is shown of a telling."""
    told = one.telling
    return DeliveryShown(
        id=told.number,
        event_id=told.event.id,
        event=told.event.kind,
        message_id=told.event.email,
        order_key=told.event.lane,
        state=told.state,
        status_code=one.status_code,
        reason=one.reason,
        promised_at=one.promised_at,
        next_attempt_at=one.due_at if told.state is State.WAITING else None,
        settled_at=one.settled_at,
        entry_id=one.entry,
        attempts=[
            AttemptShown(at=each.at, status_code=each.status_code, reason=each.reason, took_ms=each.took_ms)
            for each in one.attempts
        ],
    )
