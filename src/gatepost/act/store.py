"""The SQL of webhooks and of what they were told."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from gatepost.act.paper import Delivery, Endpoint, State, Webhook
from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, WebhookId
from gatepost.keys import Vault


async def insert_webhook(tx: Transaction, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    query = (
        "insert into webhook (tenant, id, account, sealed, wrapped_secret, created_at)"
        " values (%(tenant)s, %(id)s, %(account)s, %(sealed)s, %(wrapped_secret)s, %(created_at)s)"
    )
    webhook = endpoint.webhook
    await tx.run(
        query,
        id=webhook.id,
        account=webhook.account,
        sealed=tx.vault.seal_lasting(f"webhook/{webhook.id}", webhook.url.encode()),  # a URL may carry a token
        wrapped_secret=endpoint.wrapped_secret,
        created_at=webhook.created_at,
    )


async def webhooks(tx: Transaction, account: AccountId) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    query = (
        "select id, account, sealed, created_at from webhook where tenant = %(tenant)s and account = %(account)s"
        " order by created_at, id"
    )
    return [_webhook(tx.vault, row) for row in await tx.all(query, account=account)]


async def listening(tx: Transaction, accounts: Collection[AccountId]) -> frozenset[AccountId]:
    """Return which of these accounts have an endpoint, or a hosted agent while its tenant has them on."""
    query = (
        "select account from webhook where tenant = %(tenant)s and account = any(%(accounts)s::bigint[])"
        " union select account from hosted_agent join hosting using (tenant)"
        " where tenant = %(tenant)s and account = any(%(accounts)s::bigint[]) and hosting.is_on"
    )
    return frozenset(AccountId(row.account) for row in await tx.all(query, accounts=list(accounts)))


async def endpoint(tx: Transaction, webhook: WebhookId) -> Endpoint | None:
    """Return one endpoint with its wrapped secret."""
    row = await tx.maybe("select * from webhook where tenant = %(tenant)s and id = %(webhook)s", webhook=webhook)
    return None if row is None else Endpoint(_webhook(tx.vault, row), bytes(row.wrapped_secret))


async def delete_webhook(tx: Transaction, account: AccountId, webhook: WebhookId) -> bool:
    """Forget an endpoint; False where the account has none of this id."""
    query = "delete from webhook where tenant = %(tenant)s and account = %(account)s and id = %(webhook)s"
    return await tx.run(query, account=account, webhook=webhook) > 0


async def promise_deliveries(tx: Transaction, email: EmailId, account: AccountId, at: datetime) -> list[WebhookId]:
    """Note that each endpoint of the account is to be told; return those that were not noted before."""
    query = (
        "insert into webhook_delivery (tenant, email, webhook, promised_at)"
        " select tenant, %(email)s, id, %(at)s from webhook where tenant = %(tenant)s and account = %(account)s"
        " on conflict (tenant, email, webhook) do nothing returning webhook"
    )
    return [WebhookId(row.webhook) for row in await tx.all(query, email=email, account=account, at=at)]


async def delivery(tx: Transaction, email: EmailId, webhook: WebhookId) -> Delivery | None:
    """Return where telling one email to one webhook stands."""
    query = (
        "select email, webhook, state, attempts from webhook_delivery"
        " where tenant = %(tenant)s and email = %(email)s and webhook = %(webhook)s"
    )
    row = await tx.maybe(query, email=email, webhook=webhook)
    if row is None:
        return None
    return Delivery(
        email=EmailId(row.email), webhook=WebhookId(row.webhook), state=State(row.state), attempts=row.attempts
    )


async def settle_delivery(
    tx: Transaction, told: Delivery, *, status_code: int, reason: str, settled_at: datetime | None
) -> bool:
    """Write what the latest attempt came to; False where it was settled already."""
    query = (
        "update webhook_delivery set state = %(state)s, attempts = %(attempts)s, status_code = %(status_code)s,"
        " reason = %(reason)s, settled_at = %(settled_at)s where tenant = %(tenant)s and email = %(email)s"
        " and webhook = %(webhook)s and state = 'waiting'"
    )
    changed = await tx.run(
        query,
        email=told.email,
        webhook=told.webhook,
        state=told.state.value,
        attempts=told.attempts,
        status_code=status_code,
        reason=reason,
        settled_at=settled_at,
    )
    return changed > 0


def _webhook(vault: Vault, row: Any) -> Webhook:
    url = vault.open(f"webhook/{row.id}", bytes(row.sealed)).decode()
    return Webhook(WebhookId(row.id), AccountId(row.account), url, row.created_at)
