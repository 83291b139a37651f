"""The endpoints that are told of a mailbox's accepted mail."""

from fastapi import APIRouter, status

from gatepost import act, record
from gatepost.act import Webhook
from gatepost.doors.rest.auth import HouseDep, WebhooksReader, WebhooksWriter, mailbox_of
from gatepost.doors.rest.parameters import MailboxId, WebhookId
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.shapes import NewWebhook, WebhookList, WebhookMade, WebhookShown
from gatepost.ids import WebhookId as HookId
from gatepost.record.paper import Consequence, Kind

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/webhooks", tags=["webhooks"])


def _shown(hook: Webhook) -> WebhookShown:
    return WebhookShown(id=hook.id, mailbox_id=hook.account, url=hook.url, created_at=hook.created_at)


@router.get("", summary="List the endpoints")
async def every(mailbox_id: MailboxId, house: HouseDep, principal: WebhooksReader) -> WebhookList:
    """Return every endpoint, oldest first, without its secret."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        hooks = await act.list_webhooks(tx, account)
    return WebhookList(items=[_shown(hook) for hook in hooks])


@router.post("", summary="Register an endpoint", status_code=status.HTTP_201_CREATED)
async def add(mailbox_id: MailboxId, body: NewWebhook, house: HouseDep, principal: WebhooksWriter) -> WebhookMade:
    """Register an endpoint and return its signing secret, which is shown this once."""
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        try:
            hook, secret = await act.add_webhook(
                tx, account, body.url, keyring=house.keyring, at=at, entropy=house.entropy
            )
        except ValueError as error:
            fault = "url must be an absolute http or https URL"
            raise Problem(Code.WEBHOOK_INVALID, errors=[fault]) from error
        done = Consequence(
            kind=Kind.ACT,
            action="webhook.add",
            actor=principal.key,
            at=at,
            account=account,
            object_ref=hook.id,
            private={"url": hook.url},
        )
        await record.note(tx, done, entropy=house.entropy)
    return WebhookMade(**_shown(hook).model_dump(), secret=secret, standard_secret=act.standard_secret(secret))


@router.delete("/{webhook_id}", summary="Remove an endpoint", status_code=status.HTTP_204_NO_CONTENT)
async def remove(mailbox_id: MailboxId, webhook_id: WebhookId, house: HouseDep, principal: WebhooksWriter) -> None:
    """Forget an endpoint; mail accepted from now on is not told to it."""
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        if not await act.remove_webhook(tx, account, HookId(webhook_id)):
            raise missing("webhook")
        done = Consequence(
            kind=Kind.ACT,
            action="webhook.remove",
            actor=principal.key,
            at=at,
            account=account,
            object_ref=webhook_id,
        )
        await record.note(tx, done, entropy=house.entropy)
