"""Tokens are metered, not reported: reserved before a call of a model, settled by what the API's answer says."""

from datetime import datetime

from gatepost import decide, record
from gatepost.act.hosted import meter_store
from gatepost.act.hosted.agent import Budget, Document
from gatepost.act.hosted.paper import Turn, Usage
from gatepost.act.hosted.price import Prices, price_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.record.paper import Consequence, Kind

TOOL_PROMPT_TOKENS = 1_000
"""What the API adds by itself where tools are given; it says some 350, and that it may change."""


class ExhaustedError(Exception):
    """The next call might exceed a budget; ``reason`` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def bound(body: bytes, document: Document) -> int:
    """Return what a call can cost at the most: a token is at least one octet, and the answer's length is bounded."""
    return len(body) + TOOL_PROMPT_TOKENS + document.output_tokens_max


async def reserve(tx: Transaction, turn: Turn, step: int, document: Document, *, tokens: int, at: datetime) -> int:
    """Reserve tokens for one call, under the tenant's lock; return which attempt at this step it is.

    Raises:
        ExhaustedError: what was spent and reserved, with this call, might exceed a budget.
    """
    found = await meter_store.spent(tx, turn, at)
    reason = _exceeded(document.budget, found, tokens)
    if reason:
        raise ExhaustedError(reason)
    return await meter_store.reserve(tx, turn, step, model=document.model, tokens=tokens, at=at)


def _exceeded(budget: Budget, found: object, tokens: int) -> str:
    if getattr(found, "calls") >= budget.calls_per_turn:  # noqa: B009  # a row of the database
        return "budget.calls_per_turn"
    for name, most in (
        ("turn", budget.tokens_per_turn),
        ("thread", budget.tokens_per_thread),
        ("sender", budget.tokens_per_sender_and_day),
        ("day", budget.tokens_per_day),
    ):
        if getattr(found, name) + tokens > most:
            return f"budget.tokens_per_{name}"
    return ""


async def settle(
    tx: Transaction,
    turn: Turn,
    step: int,
    attempt: int,
    *,
    model: str,
    usage: Usage,
    prices: Prices,
    at: datetime,
    entropy: Entropy,
) -> None:
    """Put what the API's answer counted in place of the reservation, charge the sender's budget, and record it."""
    price = price_of(prices, model)
    cost = None if price is None else price.of(usage)
    await meter_store.settle(tx, turn, step, attempt, usage, cost)
    if not usage.total:
        return
    await decide.charge_tokens(
        tx, account=turn.account, sender=turn.subject, thread=turn.thread, tokens=usage.total, at=at
    )
    metered = Consequence(
        kind=Kind.USAGE,
        action="usage.metered",
        actor=turn.agent,
        at=at,
        account=turn.account,
        email=turn.email,
        object_ref=turn.id,
        public={
            "tokens": usage.total,
            "input": usage.input,
            "output": usage.output,
            "cache_write": usage.cache_write,
            "cache_read": usage.cache_read,
            "cost_microusd": cost,
            "model": model,
            "step": step,
        },
        subject=turn.subject,
    )
    await record.note(tx, metered, entropy=entropy)
