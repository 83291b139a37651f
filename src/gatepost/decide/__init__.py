"""What may happen to it: policy language, facts, one pure decision."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction
from gatepost.decide.language import Policy, PolicyError
from gatepost.decide.paper import Decided, Facts
from gatepost.ids import AccountId, KeyId, ThreadId
from gatepost.verify.paper import Verified

__all__ = [
    "Policy",
    "PolicyError",
    "Stored",
    "charge_message",
    "charge_tokens",
    "get_policy",
    "put_policy",
    "recall",
    "settle",
]


@dataclass(frozen=True, slots=True)
class Stored:
    """A policy document as it was stored."""

    account: AccountId
    version: int
    digest: str
    document: dict[str, object]
    warnings: list[str]


async def recall(tx: Transaction, verified: Verified) -> tuple[Policy | None, Facts]:
    """Read the policy in force and the facts it may need, locking the windows it counts in."""
    raise NotImplementedError


def settle(verified: Verified, policy: Policy | None, facts: Facts) -> Decided:
    """Decide: pure and total."""
    raise NotImplementedError


async def charge_message(tx: Transaction, decided: Decided, thread: ThreadId) -> None:
    """Count one delivered message in the sender's windows."""
    raise NotImplementedError


async def charge_tokens(
    tx: Transaction, *, account: AccountId, sender: str, thread: ThreadId, tokens: int, at: datetime
) -> None:
    """Count tokens an agent spent on a sender and a thread."""
    raise NotImplementedError


async def put_policy(tx: Transaction, account: AccountId, document: object, *, at: datetime, actor: KeyId) -> Stored:
    """Store a new version; raises ``PolicyError``."""
    raise NotImplementedError


async def get_policy(tx: Transaction, account: AccountId) -> Stored | None:
    """Return the version in force, or None."""
    raise NotImplementedError
