"""Tokens are metered, not reported: reserved before a call of a model, settled by what the API's answer says."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from gatepost import record
from gatepost.act.hosted import meter_store
from gatepost.act.hosted.agent import Budget, Document
from gatepost.act.hosted.paper import Said, Turn, Usage
from gatepost.act.hosted.price import Prices, price_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide import budget
from gatepost.decide.grants import Grant
from gatepost.ids import ReservationId
from gatepost.record.paper import Consequence, Kind
from gatepost.record.spending import exhausted

OCTETS_PER_TOKEN_MAX = 1_024
"""More than any tokenizer puts into one token: who counts fewer tokens for what it wrote has not counted."""

OCTETS_PER_TOKEN_LEAST = 8
"""Fewer stand for a token on average in any language and in JSON: by it budgets count what an endpoint plays down."""

BEYOND_MAX = 16
"""How many times what a call could cost is still a count: an endpoint may put words of its own before ours."""

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


def believed(said: Said, *, set_aside: int) -> Usage:
    """Return what an answer counts; nothing where it wrote more than that many tokens can hold, or they cannot be.

    ``set_aside``: the most that the call could cost (``bound``).
    """
    is_enough = said.usage.output * OCTETS_PER_TOKEN_MAX >= _written(said)
    return said.usage if is_enough and said.usage.total <= set_aside * BEYOND_MAX else Usage()


def least(body: bytes, said: Said) -> int:
    """Return how many tokens a call cost at the least, by what was sent and what came back."""
    return (len(body) + _written(said)) // OCTETS_PER_TOKEN_LEAST


def _written(said: Said) -> int:
    return sum(len(orjson.dumps(dict(block))) for block in said.blocks)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Tokens set aside for one call: which attempt at which step, and what the policy's budgets know it by."""

    step: int
    attempt: int
    reservation: ReservationId
    tokens: int


def part_of(whole: int, place: int, among: int) -> int:
    """Return what of a whole falls to one of the calls an answer asks for: equal parts, which sum up to the whole."""
    return whole // among + (1 if place <= whole % among else 0)


async def reserve(
    tx: Transaction,
    turn: Turn,
    step: int,
    document: Document,
    grant: Grant,
    *,
    tokens: int,
    at: datetime,
    entropy: Entropy,
) -> Ticket:
    """Reserve tokens for one call, under the tenant's lock, from the agent's budgets and from the policy's.

    Raises:
        ExhaustedError: what was spent and reserved, with this call, might exceed one of them.
    """
    reason = _exceeded(document.budget, await meter_store.spent(tx, turn, at), tokens)
    if reason:
        raise ExhaustedError(reason)
    made = await budget.reserve(tx, grant, tokens, at=at, entropy=entropy)
    if isinstance(made, budget.Exhausted):
        await record.note(tx, exhausted(grant, made, wanted=tokens, actor=turn.agent, at=at), entropy=entropy)
        raise ExhaustedError(made.reason.value)
    attempt = await meter_store.reserve(tx, turn, step, model=document.model, tokens=tokens, at=at)
    return Ticket(step, attempt, made.id, tokens)


async def unanswered(tx: Transaction, turn: Turn, ticket: Ticket, *, is_asked: bool, at: datetime) -> None:
    """Give a reservation back, or let it count as it stands where the call was made and no answer came."""
    if is_asked:
        await meter_store.lose(tx, turn, ticket.step, ticket.attempt)
    else:
        await meter_store.release(tx, turn, ticket.step, ticket.attempt)
    await budget.settle(tx, ticket.reservation, ticket.tokens if is_asked else 0, at=at)


def _exceeded(limits: Budget, found: object, tokens: int) -> str:
    if getattr(found, "calls") >= limits.calls_per_turn:  # noqa: B009  # a row of the database
        return "budget.calls_per_turn"
    for name, most in (
        ("turn", limits.tokens_per_turn),
        ("thread", limits.tokens_per_thread),
        ("sender", limits.tokens_per_sender_and_day),
        ("day", limits.tokens_per_day),
    ):
        if getattr(found, name) + tokens > most:
            return f"budget.tokens_per_{name}"
    return ""


async def settle(
    tx: Transaction,
    turn: Turn,
    ticket: Ticket,
    *,
    model: str,
    usage: Usage,
    least: int,
    prices: Prices,
    at: datetime,
    entropy: Entropy,
) -> None:
    """Put what the API's answer counted in place of the reservation, charge the sender's budget, and record it.

    What is shown, priced and charged is the answer's count. The agent's budgets count ``least`` tokens even so: an
    endpoint that plays down what it read gets no longer turn by it.

    An answer that counts nothing was not free: what was set aside for it stands, or budgets would never end its turn.
    """
    if not usage.total:
        await unanswered(tx, turn, ticket, is_asked=True, at=at)
        return
    price = price_of(prices, model)
    cost = None if price is None else price.of(usage)
    await meter_store.settle(tx, turn, ticket.step, ticket.attempt, usage, cost, least=least)
    await budget.settle(tx, ticket.reservation, usage.total, at=at)
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
            "step": ticket.step,
        },
        subject=turn.subject,
    )
    await record.note(tx, metered, entropy=entropy)
