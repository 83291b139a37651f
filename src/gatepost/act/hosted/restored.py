"""A turn of which the restored tables know less than the record: it is not taken again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost import mailbox
from gatepost.act.hosted import store
from gatepost.act.hosted.audience import audience_of
from gatepost.act.hosted.entries import rested
from gatepost.act.hosted.labels import label_of
from gatepost.act.hosted.paper import Turn, TurnState
from gatepost.act.hosted.worker import turn_of
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import AgentId, EmailId
from gatepost.keys import ErasedError

REASON = "house.restored"
_ENDS = {f"turn.{state.value}": state for state in TurnState if state.is_over}
_TOUCHED = frozenset({"tool.done", "tool.failed", "tool.approved", "tool.denied"})
"""After one of these nobody knows what the turn has set going: it cannot be taken from an earlier step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An entry about a turn; ``version`` is the agent's, 0 where it does not say."""

    action: str
    actor: str
    reason: str
    version: int
    at: datetime


async def settle(tx: Transaction, about: EmailId, noted: Sequence[Noted], *, at: datetime, entropy: Entropy) -> bool:
    """End the turn about a message as its entries, oldest first, say; return whether it went on, or would have begun.

    One that had called tools and had not ended is stopped, and the record says so.
    """
    ended = next((each for each in reversed(noted) if each.action in _ENDS), None)
    touched = next((each for each in reversed(noted) if each.action in _TOUCHED), None)
    last = ended or touched
    if last is None:
        return False  # it waited, or asked a person: nothing came of it yet
    try:
        turn = await store.find_turn(tx, turn_of(about)) or await _begun(tx, about, last)
    except ErasedError:  # whose mail it was is nobody's to know any more: no turn is taken
        return False
    if turn is None or turn.state.is_over:
        return False
    over = replace(turn, state=_ENDS.get(last.action, TurnState.STOPPED), reason=ended.reason if ended else REASON)
    await store.insert_turn(tx, over)  # or it is there
    await store.change_turn(tx, over, last.at if ended else at)
    if ended is None:
        await rested(tx, over, at=at, entropy=entropy)
    return True


async def _begun(tx: Transaction, about: EmailId, last: Noted) -> Turn | None:
    """Return a turn that began after the moment the tables are of; None where its message came after it, too."""
    email = await mailbox.find(tx, about)
    if email is None or email.is_erased:
        return None
    return Turn(
        id=turn_of(email.id),
        tenant=tx.tenant,
        account=email.account,
        agent=AgentId(last.actor),
        version=last.version,
        email=email.id,
        thread=email.thread,
        sender=tx.vault.blind_text("hosted/sender", email.author.untagged.key),
        subject=email.author.key,
        state=TurnState.RUNNING,
        reason="",
        label=label_of(email),
        capabilities=frozenset(),
        audience=audience_of(email),
        failures=0,
        began_at=last.at,
    )
