"""Keeping the promise to tell: one job per email fans out to one job per webhook, each until it is heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from gatepost import mailbox, record
from gatepost.act import hosted, store, webhook
from gatepost.act.client import post
from gatepost.act.paper import Answer, Delivery, Endpoint, State
from gatepost.act.retry import next_attempt_at
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.deliver.paper import CarriedOut, Kept
from gatepost.egress import Egress, Errand, Purpose
from gatepost.ids import EmailId, TenantId, ThreadId, WebhookId
from gatepost.jobs import Handler, Job, Jobs, Promise, TryAgainError
from gatepost.keys import Keyring
from gatepost.mailbox.paper import Email
from gatepost.record.paper import Consequence, Kind

WAKE = "act.wake"
WEBHOOK = "act.webhook"

log = structlog.get_logger()


def wake(email: EmailId, thread: ThreadId) -> Promise:
    """Promise to tell the account's agents of a kept message."""
    return Promise(WAKE, thread, {"email": email})


async def wakes(tx: Transaction, done: Sequence[CarriedOut]) -> list[Promise]:
    """Return the promises to tell of what was kept: none where nobody listens, for a job costs as much as a mail."""
    kept = [
        (one.recorded.arrived.account, wake(one.outcome.email, one.outcome.thread))
        for one in done
        if isinstance(one.outcome, Kept) and one.outcome.wakes
    ]
    if not kept:
        return []
    listening = await store.listening(tx, {account for account, _ in kept})
    return [promise for account, promise in kept if account in listening]


def purpose_of(identifier: WebhookId) -> str:
    """Return what a webhook's secret is wrapped for."""
    return f"webhook:{identifier}"


class Means(Protocol):
    """The part of the house that telling stands on."""

    @property
    def db(self) -> Database:
        """Where webhooks lie, and what they were told."""

    @property
    def jobs(self) -> Jobs:
        """Takes one promise per webhook."""

    @property
    def keyring(self) -> Keyring:
        """Opens the webhooks' secrets."""

    @property
    def egress(self) -> Egress:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """Tells when an attempt was made."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""


def handlers(house: Means) -> dict[str, Handler]:
    """Return what keeps this room's promises, by kind."""
    herald = Herald(house)
    return {WAKE: herald.wake, WEBHOOK: herald.tell}


@dataclass(frozen=True, slots=True)
class Herald:
    """Tells agents of kept mail."""

    house: Means

    async def wake(self, job: Job) -> None:
        """Promise each of the account's webhooks its event, and its agent a turn, all in one transaction.

        A second run promises no event again, and a turn that was taken is not taken again.
        """
        identifier = EmailId(str(job.body["email"]))
        async with self.house.db.transaction(job.tenant) as tx:
            email = await mailbox.find(tx, identifier)
            if email is None:
                return
            for found in await store.promise_deliveries(tx, email.id, email.account, self.house.clock()):
                promise = Promise(WEBHOOK, f"{identifier} {found}", {"email": identifier, "webhook": found})
                await self.house.jobs.enqueue(tx, promise)
            await self.house.jobs.enqueue_all(tx, await hosted.promises(tx, email))

    async def tell(self, job: Job) -> None:
        """Post one event once, unless the receiver has confirmed it already.

        If the house dies between the receiver's 2xx and its record, the event goes out again under the same
        ``webhook-id``, by which the receiver knows it.

        Raises:
            TryAgainError: not yet heard; the next attempt is due then.
        """
        async with self.house.db.transaction(job.tenant) as tx:
            told = await store.delivery(tx, EmailId(str(job.body["email"])), WebhookId(str(job.body["webhook"])))
            if told is None or told.state is not State.WAITING:
                return
            email = await mailbox.find(tx, told.email)
            endpoint = await store.endpoint(tx, told.webhook)
        if email is None:
            return
        answer = Answer(0, "webhook.removed") if endpoint is None else await self._post(job.tenant, email, endpoint)
        now = self.house.clock()
        told = replace(told, attempts=told.attempts + 1)
        again_at = None if answer.is_done or answer.is_hopeless else next_attempt_at(told.attempts, now)
        if again_at is None:
            told = replace(told, state=State.DELIVERED if answer.is_done else State.DEAD)
        async with self.house.db.transaction(job.tenant) as tx:
            await self._settle(tx, email, told, answer, now)
        log.info(
            "webhook.told",
            webhook=told.webhook,
            email=told.email,
            state=told.state.value,
            reason=answer.reason,
        )
        if again_at is not None:
            raise TryAgainError(again_at, answer.reason)

    async def _post(self, tenant: TenantId, email: Email, endpoint: Endpoint) -> Answer:
        if email.is_erased:
            return Answer(0, "email.erased")
        identifier = endpoint.webhook.id
        secret = self.house.keyring.unwrap(purpose_of(identifier), endpoint.wrapped_secret).decode("ascii")
        body = webhook.payload(email)
        event = webhook.event_id(email.id, identifier)
        errand = Errand(Purpose.WEBHOOK, identifier, tenant)
        headers = webhook.headers(body, event=event, secret=secret, at=self.house.clock())
        return await post(endpoint.webhook.url, body, headers, errand=errand, egress=self.house.egress)

    async def _settle(self, tx: Transaction, email: Email, told: Delivery, answer: Answer, now: datetime) -> None:
        """Write the attempt, and where it was the last one, its entry of the record with it."""
        is_over = told.state is not State.WAITING
        settled_at = now if is_over else None
        changed = await store.settle_delivery(
            tx, told, status_code=answer.status_code, reason=answer.reason, settled_at=settled_at
        )
        if not (changed and is_over):
            return
        consequence = Consequence(
            kind=Kind.WEBHOOK,
            action=f"webhook.{told.state.value}",
            actor="house",
            at=now,
            account=email.account,
            email=email.id,
            object_ref=told.webhook,
            public={"attempts": told.attempts, "status_code": answer.status_code, "reason": answer.reason},
        )
        await record.note(tx, consequence, entropy=self.house.entropy)
