"""What a turn leaves in the record: each call with its label and digests, and each time it comes to rest."""

from datetime import datetime

from gatepost import record
from gatepost.act import store
from gatepost.act.hosted.paper import Step, StepState, Turn, TurnState
from gatepost.act.hosted.steps import digest_of_value
from gatepost.act.paper import Event, EventKind, event_id
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.record.paper import Consequence, Json, Kind


async def called(tx: Transaction, turn: Turn, step: Step, *, at: datetime, entropy: Entropy) -> None:
    """Record where one call stands: ``tool.done``, ``tool.refused``, ``tool.held``, ``tool.approved`` and so on.

    The digests of arguments and result are committed, not shown: a text that can be guessed can be found by its hash.
    """
    digests: dict[str, Json] = {
        "arguments_sha256": digest_of_value(step.content.get("arguments")),
        "tool": step.content.get("name", step.tool),
    }
    if "result" in step.content:
        digests["result_sha256"] = digest_of_value(step.content["result"])
    public: dict[str, Json] = {
        "reason": step.reason,
        "label": step.label.word,
        "step": step.step,
        "place": step.place,
    }
    if step.state in {StepState.DONE, StepState.FAILED}:
        public["tools"] = [step.tool]
    if step.state.is_over:
        public |= {"tokens": step.tokens, "cost_microusd": step.cost_microusd}
    entry = Consequence(
        kind=Kind.TURN,
        action=f"tool.{step.state.value}",
        actor=step.actor or turn.agent,
        at=at,
        account=turn.account,
        email=turn.email,
        object_ref=turn.id,
        public=public,
        private=digests,
        subject=turn.subject,
    )
    await record.note(tx, entry, entropy=entropy)


async def rested(tx: Transaction, turn: Turn, *, at: datetime, entropy: Entropy) -> None:
    """Record that a turn is over or waits, with the lowest label it has read: ``turn.done``, ``turn.held``..."""
    entry = Consequence(
        kind=Kind.TURN,
        action=f"turn.{turn.state.value}",
        actor=turn.agent,
        at=at,
        account=turn.account,
        email=turn.email,
        object_ref=turn.id,
        public={"reason": turn.reason, "label": turn.label.word, "agent_version": turn.version},
        subject=turn.subject,
    )
    await record.note(tx, entry, entropy=entropy)
    if turn.state in _TOLD:
        store.announce(tx, [_event(turn, _TOLD[turn.state], at)], hint=True)


_TOLD = {
    TurnState.HELD: EventKind.TURN_HELD,
    TurnState.WAITING: EventKind.TURN_WAITING,
    TurnState.STOPPED: EventKind.TURN_STOPPED,
}
"""What somebody may want to do something about is an event too, for whoever asked for it."""


def _event(turn: Turn, kind: EventKind, at: datetime) -> Event:
    return Event(
        id=event_id(kind, f"{turn.id} {at.isoformat()}"),
        account=turn.account,
        kind=kind,
        email=turn.email,
        lane=turn.thread,
        at=at,
        ref=turn.id,
        detail={"turn_id": turn.id, "thread_id": turn.thread, "reason": turn.reason},
    )
