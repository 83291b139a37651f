"""What a decision needs to know: the policy in force, and the facts that can change the outcome."""

from collections.abc import Collection, Mapping, Sequence

import structlog

from gatepost import mailbox
from gatepost.arrive.paper import Direction
from gatepost.db import Transaction
from gatepost.decide import outbound, rules, store
from gatepost.decide.correspondents import recall_leaving
from gatepost.decide.language import Policy, PolicyError, Rule, parse
from gatepost.decide.paper import Answered, Facts
from gatepost.decide.shelf import Shelf
from gatepost.decide.together import Recalled
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.mailbox.paper import Email
from gatepost.verify.paper import Verified

log = structlog.get_logger(__name__)
_SHELF = Shelf()


class PolicyUnreadableError(Exception):
    """The stored policy is none to this release. Nothing is decided without it, so the door answers 451."""


async def recall_all(tx: Transaction, verified: Sequence[Verified]) -> list[Recalled]:
    """Read the policies in force and the facts each decision may need, locking the windows it counts in.

    Two round trips at most for mail that arrives under known policies, three where a thread's budget is asked; none
    for postmaster; for outbound mail see ``correspondents``. The facts of each know nothing of the others
    (``together``).

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
    """
    judged = [one for one in verified if one.arrived.direction is Direction.INBOUND and not one.arrived.is_unruled]
    policies = await _policies(tx, {one.arrived.account for one in judged})
    counted = await _counted(tx, [(one, rule) for one in judged if (rule := _counting_rule(one, policies))])
    recalled = []
    for one in verified:
        arrived = one.arrived
        if arrived.direction is Direction.OUTBOUND:
            recalled.append(await _outbound(tx, one))
        elif arrived.is_unruled:
            recalled.append(Recalled(None, Facts()))
        else:
            facts = counted.get(arrived.email)
            recalled.append(Recalled(policies.get(arrived.account), facts or Facts(), is_counted=facts is not None))
    return recalled


def _counting_rule(verified: Verified, policies: Mapping[AccountId, Policy]) -> Rule | None:
    policy = policies.get(verified.arrived.account)
    return rules.counting_rule(verified.evidence, policy) if policy else None


async def _policies(tx: Transaction, accounts: Collection[AccountId]) -> dict[AccountId, Policy]:
    """Return the policies in force; accounts without one are not in the answer."""
    if not accounts:
        return {}
    policies = {}
    for account, current in (await store.in_force(tx, accounts)).items():
        policies[account] = _SHELF.take(current.digest, current.version) or await _read(tx, account, current.version)
    return policies


async def _read(tx: Transaction, account: AccountId, version: int) -> Policy:
    try:
        policy, _ = parse(await store.document(tx, account, version), version=version)
    except PolicyError as error:
        facts = {"account": account, "version": version, "faults": len(error.errors)}
        log.error("policy.unreadable", **facts)
        raise PolicyUnreadableError from error
    _SHELF.put(policy)
    return policy


async def _counted(tx: Transaction, ruled: Sequence[tuple[Verified, Rule]]) -> dict[EmailId, Facts]:
    if not ruled:
        return {}
    threads = await _threads(tx, [one for one, rule in ruled if rule.tokens_thread is not None])
    asked = [
        store.Asked(
            account=one.arrived.account,
            sender=one.evidence.author.key if one.evidence.author else "",
            thread=threads.get(one.arrived.email),
            at=one.arrived.received_at,
        )
        for one, _ in ruled
    ]
    windows = await store.count_windows(tx, asked)
    return {
        one.arrived.email: Facts(
            messages_hour=found.messages_hour,
            messages_day=found.messages_day,
            tokens_thread=found.tokens_thread,
            tokens_day=found.tokens_day,
        )
        for (one, _), found in zip(ruled, windows, strict=True)
    }


async def _threads(tx: Transaction, verified: Sequence[Verified]) -> dict[EmailId, ThreadId]:
    if not verified:
        return {}
    newcomers = [
        mailbox.Newcomer(
            one.arrived.account, one.arrived.email, one.evidence.content.message_id, one.evidence.content.references
        )
        for one in verified
    ]
    found = await mailbox.threads_for(tx, newcomers)
    return {newcomer.email: thread for newcomer, thread in zip(newcomers, found, strict=True)}


async def _outbound(tx: Transaction, verified: Verified) -> Recalled:
    arrived = verified.arrived
    policy = (await _policies(tx, {arrived.account})).get(arrived.account)
    parent = await mailbox.get(tx, arrived.account, arrived.in_reply_to) if arrived.in_reply_to else None
    speaks = policy.outbound if policy and policy.outbound else outbound.BUILT_IN
    leaving = await recall_leaving(tx, verified, speaks, parent)
    return Recalled(policy, Facts(answered=_answered(parent) if parent else None, leaving=leaving))


async def footer_of(tx: Transaction, account: AccountId) -> str:
    """Return the lines that the policy in force wants below each message; empty where it wants none.

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
    """
    policy = (await _policies(tx, {account})).get(account)
    return policy.outbound.footer if policy and policy.outbound else ""


def _answered(parent: Email) -> Answered:
    return Answered(
        email=parent.id,
        author=parent.author,
        was_proven=parent.is_proven,
        was_automatic=parent.is_automatic,
        reply_to=parent.reply_to,
    )
