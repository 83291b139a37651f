"""Mail about an endpoint in trouble: each owner of the tenant reads of it once for each time it falls silent.

The event (``webhook.failing``, ``webhook.stopped``) goes to the mailbox's other endpoints; where there is none, nobody
would hear of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost import access
from gatepost.access.paper import Account, Person, Role
from gatepost.act import store
from gatepost.act.paper import EventKind, Webhook
from gatepost.act.retry import STOP_AFTER
from gatepost.db import Transaction
from gatepost.deliver.ask import Means, Question, approvers, put, whom
from gatepost.ids import WebhookId
from gatepost.jobs import Job, Promise

ALERT = "act.webhook_alert"
TRIED_FOR = timedelta(days=3)
"""How long the mail is tried: as long as the endpoint is."""


def is_owner(person: Person) -> bool:
    """Return whether people of this role hear of endpoints."""
    return person.role is Role.OWNER


async def alerts(tx: Transaction, webhook: WebhookId, kind: EventKind, reason: str, at: datetime) -> list[Promise]:
    """Return the promises to tell each owner of the tenant."""
    body = {"webhook": webhook, "kind": kind.value, "reason": reason, "at": at.isoformat()}
    return [
        Promise(ALERT, f"{webhook} {each.id}", {**body, "person": each.id}) for each in await approvers(tx, is_owner)
    ]


@dataclass(frozen=True, slots=True)
class Alerter:
    """Keeps the promises to tell."""

    house: Means

    async def alert(self, job: Job) -> None:
        """Mail one owner, unless the endpoint fares otherwise by now.

        Raises:
            TryAgainError: their server did not take it yet.
        """
        kind, at = EventKind(str(job.body["kind"])), datetime.fromisoformat(str(job.body["at"]))
        async with self.house.db.transaction(job.tenant) as tx:
            person = await whom(tx, job)
            endpoint = await store.endpoint(tx, WebhookId(str(job.body["webhook"])), self.house.clock())
            account = None if endpoint is None else await access.account(tx, endpoint.webhook.account)
        if person is None or endpoint is None or account is None or not is_owner(person):
            return
        if _is_still(endpoint.webhook, kind, at):
            await put(self.house, job, _question(account, endpoint.webhook, kind, str(job.body["reason"]), at), person)


def _is_still(webhook: Webhook, kind: EventKind, at: datetime) -> bool:
    """Tell whether what happened then is how the endpoint fares now."""
    then = webhook.stopped_at if kind is EventKind.STOPPED else webhook.health.warned_at
    return then == at and webhook.is_stopped == (kind is EventKind.STOPPED)


def _question(account: Account, webhook: Webhook, kind: EventKind, reason: str, at: datetime) -> Question:
    since = webhook.health.failing_since or at
    facts = [
        f"Mailbox:  {account.address}",
        f"Webhook:  {webhook.id}",
        f"Failing:  since {since:%Y-%m-%d %H:%M} UTC, {webhook.health.failures} attempts in a row",
        f"Reason:   {reason}",
    ]
    if kind is EventKind.STOPPED:
        says = "A webhook was switched off: its receiver is told nothing any more."
        facts += ["", "Mend the receiver, set the webhook going (PATCH, is_stopped false), and have it told", *_REPLAY]
    else:
        says = "A webhook's receiver has not answered for an hour."
        facts += [
            f"Ends:     {since + STOP_AFTER:%Y-%m-%d %H:%M} UTC, then the webhook is switched off",
            "",
            "Mend the receiver. It is asked every five minutes, and told of all that waits once it",
            "answers. Nothing else need be done.",
        ]
    return Question(
        action="webhook.alert",
        account=account,
        ref=webhook.id,
        id=f"{webhook.id}-{kind.value}-{at:%Y%m%d%H%M%S}",
        asked_at=at,
        ends_at=at + TRIED_FOR,
        subject="A webhook was switched off" if kind is EventKind.STOPPED else "A webhook's receiver is silent",
        says=says,
        facts=tuple(facts),
        path="",
    )


_REPLAY = ("again of what it missed: gatepost webhook replay, or POST .../replay.",)
