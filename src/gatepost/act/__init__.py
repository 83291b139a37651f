"""What a kept message sets in motion: a webhook, or one turn of a hosted agent."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, ThreadId, WebhookId
from gatepost.jobs import Promise
from gatepost.keys import Keyring

__all__ = ["Webhook", "add_webhook", "list_webhooks", "remove_webhook", "wake"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registered endpoint, as it may be shown: never its secret."""

    id: WebhookId
    account: AccountId
    url: str
    created_at: datetime


def wake(email: EmailId, thread: ThreadId) -> Promise:
    """Promise to tell the account's agents of a kept message."""
    raise NotImplementedError


async def add_webhook(
    tx: Transaction, account: AccountId, url: str, *, keyring: Keyring, at: datetime, entropy: Entropy
) -> tuple[Webhook, str]:
    """Register an endpoint; return it with its secret (64 hex characters), which is shown this once.

    Raises:
        ValueError: the URL is not an absolute http or https URL.
    """
    raise NotImplementedError


async def list_webhooks(tx: Transaction, account: AccountId) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    raise NotImplementedError


async def remove_webhook(tx: Transaction, account: AccountId, webhook: WebhookId) -> bool:
    """Forget an endpoint; False where there is none."""
    raise NotImplementedError
