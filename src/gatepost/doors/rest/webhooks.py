"""The endpoints that are told what happens to a mailbox's mail: how they fare, what they were told, tests, replays."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, status

from gatepost import act
from gatepost.access.paper import Principal
from gatepost.act import Made
from gatepost.db import Transaction
from gatepost.doors.rest.auth import HouseDep, WebhooksReader, WebhooksWriter, mailbox_of
from gatepost.doors.rest.parameters import Limit, MailboxId, OfMessage, WebhookId
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.webhook_shapes import (
    ChangedWebhook,
    DeliveryPage,
    EventName,
    NewWebhook,
    Replayed,
    ReplayOrder,
    Rotation,
    Tested,
    WebhookList,
    WebhookMade,
    WebhookShown,
    delivery_of,
    fields_of,
)
from gatepost.ids import AccountId, EmailId, EventId
from gatepost.ids import WebhookId as HookId
from gatepost.journey import House

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/webhooks", tags=["webhooks"])

Cursor = Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Continue below this delivery.")]
InState = Annotated[act.State | None, Query(description="Only deliveries that stand so; `dead`: given up.")]
OfEvent = Annotated[EventName | None, Query(description="Only the delivery of this event.")]


@contextmanager
def _answered() -> Iterator[None]:
    """Answer 404 where there is no such endpoint and 422 where it cannot be as asked."""
    try:
        yield
    except LookupError:
        raise missing("webhook") from None
    except act.WebhookError as error:
        raise Problem(Code.WEBHOOK_INVALID, errors=[str(error)]) from error


@asynccontextmanager
async def _opened(house: House, principal: Principal, mailbox_id: int) -> AsyncIterator[tuple[Transaction, AccountId]]:
    """Open a transaction on the mailbox, and answer what cannot be done there."""
    with _answered():
        async with mailbox_of(house, principal, mailbox_id) as (tx, account):
            yield tx, account


def _made(made: Made) -> WebhookMade:
    return WebhookMade(
        **fields_of(made.webhook),
        secret=made.secret,
        standard_secret=act.standard_secret(made.secret),
        public_key=made.public_key,
    )


@router.get("", summary="List the endpoints")
async def every(mailbox_id: MailboxId, house: HouseDep, principal: WebhooksReader) -> WebhookList:
    """Return every endpoint and how it fares, oldest first, without its secret."""
    async with _opened(house, principal, mailbox_id) as (tx, account):
        hooks = await act.list_all(tx, account)
    return WebhookList(items=[WebhookShown(**fields_of(hook)) for hook in hooks])


@router.post("", summary="Register an endpoint", status_code=status.HTTP_201_CREATED)
async def add(mailbox_id: MailboxId, body: NewWebhook, house: HouseDep, principal: WebhooksWriter) -> WebhookMade:
    """Register an endpoint and return its signing secret, which is shown this once."""
    async with _opened(house, principal, mailbox_id) as (tx, account):
        made = await act.add(tx, house, account, body.url, events=body.events, actor=principal.key)
    return _made(made)


@router.get("/{webhook_id}", summary="Read how an endpoint fares")
async def show(
    mailbox_id: MailboxId, webhook_id: WebhookId, house: HouseDep, principal: WebhooksReader
) -> WebhookShown:
    """Return one endpoint."""
    async with _opened(house, principal, mailbox_id) as (tx, account):
        found = await act.find(tx, house, account, HookId(webhook_id))
    return WebhookShown(**fields_of(found.webhook))


@router.patch("/{webhook_id}", summary="Change an endpoint")
async def change(
    mailbox_id: MailboxId, webhook_id: WebhookId, body: ChangedWebhook, house: HouseDep, principal: WebhooksWriter
) -> WebhookShown:
    """Change where it lies or what it is told of, pause it, or set it going again after it was stopped."""
    changes = act.Changes(url=body.url, events=body.events, is_stopped=body.is_stopped)
    async with _opened(house, principal, mailbox_id) as (tx, account):
        changed = await act.change(tx, house, account, HookId(webhook_id), changes, actor=principal.key)
    return WebhookShown(**fields_of(changed))


@router.delete("/{webhook_id}", summary="Remove an endpoint", status_code=status.HTTP_204_NO_CONTENT)
async def remove(mailbox_id: MailboxId, webhook_id: WebhookId, house: HouseDep, principal: WebhooksWriter) -> None:
    """Forget an endpoint with its delivery log; what still waited for it is given up."""
    async with _opened(house, principal, mailbox_id) as (tx, account):
        if not await act.remove(tx, house, account, HookId(webhook_id), actor=principal.key):
            raise missing("webhook")


@router.post("/{webhook_id}/rotate", summary="Replace the secret")
async def rotate(
    mailbox_id: MailboxId, webhook_id: WebhookId, body: Rotation, house: HouseDep, principal: WebhooksWriter
) -> WebhookMade:
    """Return a new secret and public key. Until the overlap is over `webhook-signature` carries both secrets'.

    `X-Mailbuttons-Signature` has room for one: it is the old secret's until the overlap is over.
    """
    async with _opened(house, principal, mailbox_id) as (tx, account):
        made = await act.rotate(tx, house, account, HookId(webhook_id), overlap=body.overlap, actor=principal.key)
    return _made(made)


@router.post("/{webhook_id}/test", summary="Test an endpoint")
async def test(mailbox_id: MailboxId, webhook_id: WebhookId, house: HouseDep, principal: WebhooksWriter) -> Tested:
    """Send one signed `webhook.test` now, also to a stopped endpoint, and say what the receiver answered."""
    async with _opened(house, principal, mailbox_id) as (_, account):
        pass
    with _answered():
        answer = await act.test(house, principal.tenant, account, HookId(webhook_id), actor=principal.key)
    return Tested(
        is_accepted=answer.is_done, status_code=answer.status_code, reason=answer.reason, took_ms=answer.took_ms
    )


@router.post("/{webhook_id}/replay", summary="Tell events again")
async def replay(
    mailbox_id: MailboxId, webhook_id: WebhookId, body: ReplayOrder, house: HouseDep, principal: WebhooksWriter
) -> Replayed:
    """Tell events of the last 30 days again, by id or by time, under their old `webhook-id`."""
    async with _opened(house, principal, mailbox_id) as (tx, account):
        hook = (await act.find(tx, house, account, HookId(webhook_id))).webhook
        wanted = act.Wanted(
            kinds=hook.events,
            events=None if body.event_ids is None else [EventId(each) for each in body.event_ids],
            since=body.since,
            until=body.until,
            only_dead=body.only_dead,
        )
        count = await act.replay(tx, house, account, hook.id, wanted, actor=principal.key)
    return Replayed(count=count)


@router.get("/{webhook_id}/deliveries", summary="Read the delivery log")
async def deliveries(
    mailbox_id: MailboxId,
    webhook_id: WebhookId,
    house: HouseDep,
    principal: WebhooksReader,
    state: InState = None,
    event_id: OfEvent = None,
    message_id: OfMessage = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """Return what the endpoint was told or is to be told, newest first, with every attempt.

    An entry `webhook.delivered` or `webhook.dead` of the record names the event: ask for its `event_id`.
    """
    wanted = act.Filter(
        limit=limit + 1,
        before=cursor,
        state=state,
        event=None if event_id is None else EventId(event_id),
        email=None if message_id is None else EmailId(message_id),
    )
    async with _opened(house, principal, mailbox_id) as (tx, account):
        found = await act.deliveries(tx, house, account, HookId(webhook_id), wanted)
    shown = found[:limit]
    return DeliveryPage(
        items=[delivery_of(each) for each in shown],
        next_cursor=shown[-1].telling.number if len(found) > limit else None,
    )
