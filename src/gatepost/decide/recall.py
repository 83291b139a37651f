"""What a decision needs to know: the policy in force, and the facts that can change the outcome."""

import structlog

from gatepost import mailbox
from gatepost.arrive.paper import Arrived, Direction
from gatepost.db import Transaction
from gatepost.decide import rules, store
from gatepost.decide.language import Policy, PolicyError, Rule, parse
from gatepost.decide.paper import Answered, Facts
from gatepost.decide.shelf import Shelf
from gatepost.ids import AccountId
from gatepost.verify.paper import Verified

log = structlog.get_logger(__name__)
_SHELF = Shelf()


class PolicyUnreadableError(Exception):
    """The stored policy is none to this release. Nothing is decided without it, so the door answers 451."""


async def recall(tx: Transaction, verified: Verified) -> tuple[Policy | None, Facts]:
    """Read the policy in force and the facts it may need, locking the windows it counts in.

    Two round trips at most for mail that arrives under a known policy, three where a thread's budget is asked; one
    for an answer; none for postmaster.

    Raises:
        PolicyUnreadableError: the stored document cannot be used.
    """
    arrived = verified.arrived
    if arrived.direction is Direction.OUTBOUND:
        return None, Facts(answered=await _answered(tx, arrived))
    if arrived.is_postmaster:
        return None, Facts()
    policy = await _policy(tx, arrived.account)
    rule = rules.counting_rule(verified.evidence, policy) if policy else None
    return policy, await _counted(tx, verified, rule) if rule else Facts()


async def _policy(tx: Transaction, account: AccountId) -> Policy | None:
    current = await store.in_force(tx, account)
    if current is None:
        return None
    known = _SHELF.take(current.digest, current.version)
    if known is not None:
        return known
    try:
        policy, _ = parse(await store.document(tx, account, current.version), version=current.version)
    except PolicyError as error:
        facts = {"account": account, "version": current.version, "faults": len(error.errors)}
        log.error("policy.unreadable", **facts)
        raise PolicyUnreadableError from error
    _SHELF.put(policy)
    return policy


async def _counted(tx: Transaction, verified: Verified, rule: Rule) -> Facts:
    arrived, content, author = verified.arrived, verified.evidence.content, verified.evidence.author
    thread = None
    if rule.tokens_thread is not None:
        thread = await mailbox.thread_for(
            tx, arrived.account, email=arrived.email, message_id=content.message_id, references=content.references
        )
    sender = author.key if author else ""
    windows = await store.count_windows(tx, arrived.account, sender=sender, thread=thread, at=arrived.received_at)
    return Facts(
        messages_hour=windows.messages_hour,
        messages_day=windows.messages_day,
        tokens_thread=windows.tokens_thread,
        tokens_day=windows.tokens_day,
    )


async def _answered(tx: Transaction, arrived: Arrived) -> Answered | None:
    if arrived.in_reply_to is None:
        return None
    parent = await mailbox.get(tx, arrived.account, arrived.in_reply_to)
    if parent is None:
        return None
    return Answered(
        email=parent.id,
        author=parent.author,
        was_proven=parent.is_proven,
        was_automatic=parent.is_automatic,
        reply_to=parent.reply_to,
    )
