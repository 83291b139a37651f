"""Writing down what attempts came to: the tellings, how their endpoints fare, the record; many in one commit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from gatepost import record
from gatepost.act import store, telling_store
from gatepost.act.paper import Answer, Attempt, Event, EventKind, Health, State, Telling, event_id
from gatepost.act.retry import STRIKES, heard, is_hopeless, next_attempt_at, unheard
from gatepost.act.telling_store import Ending
from gatepost.act.trouble import alerts
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.egress import seconds_asked
from gatepost.ids import AccountId, EventId, WebhookId
from gatepost.jobs import Jobs, Promise
from gatepost.record.paper import Consequence, Json, Kind

log = structlog.get_logger()

UNREADABLE = "email.unreadable"
"""The message's row is damaged, so that nothing was sent; it may be mended."""

_HOPELESS = frozenset({"email.erased"})


@dataclass(frozen=True, slots=True)
class Told:
    """One attempt that ended; ``chance`` spreads the next one."""

    telling: Telling
    answer: Answer
    at: datetime
    chance: float


def ending_of(told: Told) -> Ending:
    """Return what an attempt leads to: one made before its time, to ask whether the receiver is back, uses up none.

    Pure.
    """
    answer, before = told.answer, told.telling
    is_early = before.due_at is not None and before.due_at > told.at and not answer.is_done
    attempts = before.attempts + (not is_early)
    due_at = None
    if not (answer.is_done or answer.is_gone or answer.reason in _HOPELESS):
        asked_s = seconds_asked(answer.retry_after, told.at)
        later = next_attempt_at(attempts, told.at, chance=told.chance, asked_s=asked_s)
        due_at = before.due_at if is_early else later
    state = State.WAITING if due_at else State.DELIVERED if answer.is_done else State.DEAD
    return Ending(
        telling=replace(told.telling, attempts=attempts, state=state),
        attempt=Attempt(told.at, answer.status_code, answer.reason, answer.took_ms),
        due_at=due_at,
    )


async def settle(tx: Transaction, told: Sequence[Told], *, entropy: Entropy, jobs: Jobs) -> list[Ending | None]:
    """Write down what attempts of one tenant came to; None for what somebody else has settled or removed meanwhile."""
    waiting = await telling_store.waiting(tx, [one.telling for one in told])
    known = [(one.telling.webhook, one.telling.event.id) in waiting for one in told]
    endings = [ending_of(one) if is_known else None for one, is_known in zip(told, known, strict=True)]
    over = [one for one in endings if one is not None and one.due_at is None]
    entries = await record.note_all(tx, [_consequence(one) for one in over], entropy=entropy)
    of_record = {id(ending): entry for ending, entry in zip(over, entries, strict=True)}
    written = [None if one is None else replace(one, entry=of_record.get(id(one))) for one in endings]
    telling_store.settle(tx, [one for one in written if one is not None])
    judged = [one for one, is_known in zip(told, known, strict=True) if is_known]
    await jobs.enqueue_all(tx, await _judge(tx, judged, entropy=entropy))
    return written


def _consequence(ending: Ending) -> Consequence:
    """Return the entry of the record: it names the event, by which the delivery log is asked."""
    telling, attempt = ending.telling, ending.attempt
    return Consequence(
        kind=Kind.WEBHOOK,
        action=f"webhook.{telling.state.value}",
        actor="house",
        at=attempt.at,
        account=telling.event.account,
        email=telling.event.email,
        object_ref=telling.webhook,
        public={
            "event": telling.event.id,
            "event_kind": telling.event.kind.value,
            "attempts": telling.attempts,
            "status_code": attempt.status_code,
            "reason": attempt.reason,
        },
    )


async def _judge(tx: Transaction, told: Sequence[Told], *, entropy: Entropy) -> list[Promise]:
    """Write down how the endpoints fare: warn of one that fails for an hour, stop one that fails for three days.

    Return the promises to tell people of it.
    """
    promises: list[Promise] = []
    by_webhook: dict[WebhookId, list[Told]] = defaultdict(list)
    for one in told:
        if one.answer.reason != "email.erased":  # the receiver was not asked
            by_webhook[one.telling.webhook].append(one)
    if not by_webhook:
        return promises
    again = [one.telling for one in told if one.telling.attempts and not one.answer.is_done]
    first_at = await telling_store.first_tried(tx, again) if again else {}
    for webhook, (account, before) in (await store.health_of(tx, by_webhook)).items():
        last = by_webhook[webhook][-1]
        after = _fares(before, by_webhook[webhook], first_at)
        if after != before:
            store.put_health(tx, webhook, after)
        if before.failures >= STRIKES and after.failures == 0:
            telling_store.hurry(tx, webhook, last.at, silent_since=before.failing_since)
        is_gone = any(one.answer.is_gone for one in by_webhook[webhook])
        reason = "receiver.gone" if is_gone else "receiver.silent" if is_hopeless(after, last.at) else ""
        if reason:
            store.stop_webhook(tx, webhook, reason=reason, at=last.at)
            promises += await _say(tx, account, webhook, EventKind.STOPPED, reason, last.at, after, entropy=entropy)
        elif after.warned_at is not None and before.warned_at is None:
            why = last.answer.reason
            promises += await _say(
                tx, account, webhook, EventKind.FAILING, why, after.warned_at, after, entropy=entropy
            )
    return promises


def _fares(before: Health, told: Sequence[Told], first_at: Mapping[tuple[WebhookId, EventId], datetime]) -> Health:
    """Return how an endpoint fares after attempts to tell it, given when what was tried before was tried first.

    What was refused while others were heard says nothing of the receiver: a few events that it will never take would
    pass for silence, and keep all others back. A receiver that is silent is silent to them, too.
    """
    after = before
    for one in told:
        if one.answer.is_done:
            after = heard()
            continue
        first = first_at.get((one.telling.webhook, one.telling.event.id), one.at)
        is_its_own = first < (after.failing_since or one.at) or one.answer.reason == UNREADABLE
        if after.failures >= STRIKES or not is_its_own:
            asked_s = seconds_asked(one.answer.retry_after, one.at)
            after = unheard(after, one.at, chance=one.chance, asked_s=asked_s)
    return after


async def _say(
    tx: Transaction,
    account: AccountId,
    webhook: WebhookId,
    kind: EventKind,
    reason: str,
    at: datetime,
    health: Health,
    *,
    entropy: Entropy,
) -> list[Promise]:
    """Say in the record, in the log and to the account's other listeners that an endpoint is in trouble.

    Return the promises to tell its owners.
    """
    log.warning(kind.value, webhook=webhook, reason=reason, failures=health.failures)
    public: dict[str, Json] = {"reason": reason, "failures": health.failures}
    about = Consequence(
        kind=Kind.ACT, action=kind.value, actor="house", at=at, account=account, object_ref=webhook, public=public
    )
    await record.note(tx, about, entropy=entropy)
    event = Event(
        id=event_id(kind, f"{webhook} {at.isoformat()}"),
        account=account,
        kind=kind,
        email=None,
        lane=webhook,
        at=at,
        ref=webhook,
        detail={"webhook_id": webhook, "reason": reason, "failures": health.failures},
    )
    store.announce(tx, [event], hint=True)
    return await alerts(tx, webhook, kind, reason, at)
