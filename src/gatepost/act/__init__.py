"""What a kept message sets in motion: a webhook, or one turn of a hosted agent."""

from datetime import datetime

from gatepost.act import store
from gatepost.act.paper import Endpoint, Webhook
from gatepost.act.tell import handlers, purpose_of, wake, wakes
from gatepost.act.webhook import check_url, standard_secret
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import AccountId, WebhookId, token
from gatepost.keys import Keyring

__all__ = ["Webhook", "add_webhook", "handlers", "list_webhooks", "remove_webhook", "standard_secret", "wake", "wakes"]


async def add_webhook(
    tx: Transaction, account: AccountId, url: str, *, keyring: Keyring, at: datetime, entropy: Entropy
) -> tuple[Webhook, str]:
    """Register an endpoint; return it with its secret (64 hex characters), which is shown this once.

    Raises:
        ValueError: the URL is not an absolute http or https URL.
    """
    webhook = Webhook(WebhookId(token("wh", entropy(10))), account, check_url(url), at)
    secret = entropy(32).hex()
    wrapped = keyring.wrap(purpose_of(webhook.id), secret.encode("ascii"))
    await store.insert_webhook(tx, Endpoint(webhook, wrapped))
    return webhook, secret


async def list_webhooks(tx: Transaction, account: AccountId) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    return await store.webhooks(tx, account)


async def remove_webhook(tx: Transaction, account: AccountId, webhook: WebhookId) -> bool:
    """Forget an endpoint; False where there is none. What still waited for it is given up."""
    return await store.delete_webhook(tx, account, webhook)
