"""Token budgets: set aside before a model is called, settled after (docs/adr/0034).

What is set aside counts like what is spent, so calls side by side cannot spend a budget twice: reservations of one
account are made one after the other, in as many processes as there are. A reservation whose holder died lapses at its
time and gives its tokens back. Settling counts what was really used, also where that is more than was set aside: the
model has been paid, and the next reservation sees it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide import budget_store
from gatepost.decide.budget_store import Row
from gatepost.decide.grants import Grant
from gatepost.decide.paper import TokenBudget
from gatepost.decide.reasons import Reason
from gatepost.ids import EmailId, ReservationId, token

LASTS = timedelta(minutes=15)
"""How long a reservation counts without being settled: longer than any call of a model we wait for."""

TOKENS_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens set aside until ``expires_at``; the tightest budget has ``left`` beyond them, None for no limit."""

    id: ReservationId
    tokens: int
    expires_at: datetime
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No budget for it: ``used`` of ``limit`` tokens are spent or set aside; ``reason`` names which."""

    reason: Reason
    limit: int
    used: int

    @property
    def left(self) -> int:
        """How many could still be had."""
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Spent:
    """What counts against the four budgets, in the order of ``TokenBudget``."""

    message: int
    thread: int
    sender: int
    day: int


def judge(limits: TokenBudget, spent: Spent, tokens: int) -> Exhausted | int | None:
    """Return the first budget that ``tokens`` more do not fit in, or what the tightest has left after them. Pure."""
    budgets = (
        (Reason.BUDGET_PER_MESSAGE, limits.per_message, spent.message),
        (Reason.BUDGET_PER_THREAD, limits.per_thread, spent.thread),
        (Reason.BUDGET_PER_SENDER, limits.per_sender, spent.sender),
        (Reason.BUDGET_PER_DAY, limits.per_day, spent.day),
    )
    left = None
    for reason, limit, used in budgets:
        if limit is None:
            continue
        if used + tokens > limit:
            return Exhausted(reason, limit, used)
        left = min(limit - used - tokens, limit if left is None else left)
    return left


async def reserve(
    tx: Transaction, grant: Grant, tokens: int, *, at: datetime, entropy: Entropy, lasts: timedelta = LASTS
) -> Reservation | Exhausted:
    """Set tokens aside for work on the granted message, or say which budget is exhausted.

    Args:
        tx: a transaction that ends soon: others of this account wait for it.
        grant: what counts for the message now (``grants.of_message``); its limits bind.
        tokens: the most the call may use, input and output together.
        at: aware time of now.
        entropy: names the reservation.
        lasts: how long it counts if nobody settles it.

    Raises:
        ValueError: ``tokens`` is not between 1 and a thousand million.
    """
    if not 1 <= tokens <= TOKENS_MAX:
        raise ValueError("reserve between 1 and 1,000,000,000 tokens")
    await budget_store.lock(tx, grant.account)
    counted = await budget_store.count(
        tx, grant.account, message=grant.message, thread=grant.thread, sender=grant.sender, at=at
    )
    found = judge(grant.limits, Spent(*counted), tokens)
    if isinstance(found, Exhausted):
        return found
    made = Reservation(ReservationId(token("rs", entropy(10))), tokens, at + lasts, found)
    await budget_store.insert(
        tx,
        Row(
            id=made.id,
            account=grant.account,
            message=grant.message,
            thread=grant.thread,
            sender=grant.sender,
            tokens=tokens,
            at=at,
            expires_at=made.expires_at,
        ),
    )
    return made


async def settle(
    tx: Transaction, reservation: ReservationId, used: int, *, at: datetime, message: EmailId | None = None
) -> bool:
    """Count what was really used in place of what was set aside; also after it lapsed. A second time does nothing.

    Args:
        tx: a transaction of the tenant that reserved.
        reservation: its id.
        used: tokens, 0 where the call never happened.
        at: aware time of now.
        message: settle only what was set aside for this message.

    Returns:
        False where it was settled already, or there is none.

    Raises:
        ValueError: ``used`` is negative: spending cannot be taken back.
    """
    if used < 0:
        raise ValueError("tokens spent cannot be negative")
    return await budget_store.settle(tx, reservation, used=used, at=at, message=message)
