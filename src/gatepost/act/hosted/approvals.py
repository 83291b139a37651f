"""Calls that wait for a person: approved, denied, or denied by time."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from gatepost.act.hosted import store
from gatepost.act.hosted.entries import called
from gatepost.act.hosted.paper import Step, StepState, Turn
from gatepost.act.hosted.steps import digest_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, TurnId
from gatepost.jobs import Promise
from gatepost.keys import ErasedError

LAPSE = "act.turn_lapse"
HELD_MAX = timedelta(hours=20)
"""So long a call waits for a person; well within what a turn may take."""

BY_TIME = "house"


class NotHeldError(LookupError):
    """There is no such call that waits, or it is not the one that was shown."""


def lapse(turn: Turn) -> Promise:
    """Promise to deny what still waits when its time is over."""
    return Promise(LAPSE, turn.id, {"turn": turn.id})


class Held(NamedTuple):
    """A call that waits for a person, and whose turn it belongs to."""

    turn: TurnId
    email: EmailId
    step: Step


async def held_calls(tx: Transaction, account: AccountId, *, limit: int) -> list[Held]:
    """Return an account's calls that wait for a person, the oldest first; those nobody can read any more left out."""
    found: list[Held] = []
    for turn, email in await store.held_turns(tx, account, limit=limit):
        with suppress(ErasedError):
            steps = await store.listed_steps(tx, turn)
            found += [Held(turn, email, step) for step in steps if step.state is StepState.HELD]
    return found[:limit]


async def held_call(tx: Transaction, identifier: TurnId, digest: str) -> tuple[Turn, Step]:
    """Return the call of a turn that has this digest, held or settled meanwhile.

    Raises:
        NotHeldError: there is none.
        ErasedError: nobody can read it any more.
    """
    return await _call(tx, identifier, lambda step: digest_of(step) == digest)


async def call_at(tx: Transaction, identifier: TurnId, step: int, place: int) -> tuple[Turn, Step]:
    """Return a call by where it stands in its turn, held or settled meanwhile; errors as those of ``held_call``."""
    return await _call(tx, identifier, lambda each: (each.step, each.place) == (step, place))


async def _call(tx: Transaction, identifier: TurnId, is_meant: Callable[[Step], bool]) -> tuple[Turn, Step]:
    turn = await store.find_turn(tx, identifier)
    if turn is not None:
        for step in await store.steps(tx, identifier):
            if step.place and is_meant(step):
                return turn, step
    raise NotHeldError(identifier)


def lapses_at(step: Step) -> datetime:
    """Return when a held call is denied at the earliest."""
    return step.at + HELD_MAX


async def settle_held(
    tx: Transaction,
    account: AccountId,
    identifier: TurnId,
    *,
    digest: str,
    is_approved: bool,
    actor: str,
    at: datetime,
    entropy: Entropy,
) -> tuple[Turn, Step]:
    """Write a person's word on the held call of these arguments; return the turn, to be carried on, and the call.

    Args:
        tx: of the tenant.
        account: whose turn it is.
        identifier: the turn.
        digest: of the tool and the arguments that the person was shown.
        is_approved: what they said.
        actor: their key; an agent's never comes this far.
        at: when.
        entropy: salts the record.

    Raises:
        NotHeldError: no call of the turn waits that has this digest, or a yes comes after its time.
    """
    turn = await store.lock_turn(tx, identifier)
    if turn is None or turn.account != account or turn.state.is_over:
        raise NotHeldError(identifier)
    for step in await store.steps(tx, identifier):
        is_late = is_approved and lapses_at(step) <= at  # however late the house itself denies it
        if step.state is StepState.HELD and not is_late and digest_of(step) == digest:
            return turn, await _settle(tx, turn, step, is_approved=is_approved, actor=actor, at=at, entropy=entropy)
    raise NotHeldError(identifier)


async def deny_all(tx: Transaction, identifier: TurnId, *, at: datetime, entropy: Entropy) -> Turn | None:
    """Deny what still waits in a turn; return it where something did."""
    turn = await store.lock_turn(tx, identifier)
    if turn is None or turn.state.is_over:
        return None
    held = [step for step in await store.steps(tx, identifier) if step.state is StepState.HELD]
    for step in held:
        await _settle(tx, turn, step, is_approved=False, actor=BY_TIME, at=at, entropy=entropy)
    return turn if held else None


async def _settle(
    tx: Transaction, turn: Turn, step: Step, *, is_approved: bool, actor: str, at: datetime, entropy: Entropy
) -> Step:
    state = StepState.APPROVED if is_approved else StepState.DENIED
    reason = step.reason if is_approved else "approval.denied" if actor != BY_TIME else "approval.lapsed"
    settled = replace(step, state=state, reason=reason, actor=actor, at=at)
    await store.put_step(tx, turn, settled)
    await called(tx, turn, settled, at=at, entropy=entropy)
    return settled
