"""What a decision needs to know: the policy in force, and the facts that can change the outcome."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from types import MappingProxyType

import structlog

from gatepost import access, mailbox
from gatepost.arrive.paper import Direction
from gatepost.db import Database, Plans, Transaction
from gatepost.decide import ahead, past_store, rules, store
from gatepost.decide.above import TENANT_WIDE
from gatepost.decide.correspondents import recall_leaving
from gatepost.decide.language import Policy, PolicyError, parse
from gatepost.decide.paper import NOT_ASKED, Answered, Counted, Facts, Findings, Mark, Ruling
from gatepost.decide.rules import Needs
from gatepost.decide.shelf import Shelf
from gatepost.decide.together import Recalled
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.mailbox.paper import Email
from gatepost.verify.paper import Verified

log = structlog.get_logger(__name__)
_SHELF = Shelf()
_WARMER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guards")
"""Compiles guards for Hyperscan beside the mail; until it has, they take the slower way."""


class PolicyUnreadableError(Exception):
    """The stored policy is none to this release. Nothing is decided without it, so the door answers 451."""


class UnforeseenError(Exception):
    """Guards in force now would have to read a large message: ``foresee`` anew, for no transaction waits for that.

    It would hold its locks, and the commits of everybody behind it, for as long as strangers' mail is read before it.
    """


async def foresee(db: Database, verified: Verified, *, ruling: Ruling | None = None) -> Findings:
    """Return what the guards in force find in a large message, before its transaction; of a small one, nothing.

    ``ruling`` is what ``recall_all`` will be given.

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
    """
    arrived = verified.arrived
    if not ahead.is_large(verified) or arrived.direction is Direction.OUTBOUND or arrived.is_unruled:
        return NOT_ASKED
    async with db.transaction(arrived.tenant, plans=Plans.KEPT) as tx:
        policies = await _policies(tx, {arrived.account})
    return await ahead.find(verified, policies.values(), Facts(ruling=ruling))


async def recall_all(
    tx: Transaction,
    verified: Sequence[Verified],
    *,
    ruling: Ruling | None = None,
    foreseen: Mapping[EmailId, Findings] = MappingProxyType({}),
) -> list[Recalled]:
    """Read the policies in force and the facts each decision may need, locking the windows it counts in.

    ``ruling`` is a fact about what was held before; its windows are those of the hour of the ruling, and where it may
    go, it counts in them no more as of when it came. ``foreseen`` is what ``foresee`` found in large messages.

    Two round trips at most for mail that arrives under known policies, one more where a thread's budget is asked, one
    more where the past is; none for postmaster; for outbound mail see ``correspondents``. The facts of each know
    nothing of the others (``together``).

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
        UnforeseenError: a guard that may be asked of a large message was not; no window is locked.
    """
    judged = [one for one in verified if one.arrived.direction is Direction.INBOUND and not one.arrived.is_unruled]
    policies = await _policies(tx, {one.arrived.account for one in judged})
    above = policies.get(TENANT_WIDE)
    ruled = Facts(ruling=ruling)
    for one in filter(ahead.is_large, judged):
        asking = (policies.get(one.arrived.account), above)
        if ahead.unasked(one, asking, ruled, foreseen.get(one.arrived.email, NOT_ASKED)):
            raise UnforeseenError
    if ruling and ruling.is_approved:
        for one in judged:
            await past_store.uncount_waiting(tx, one.arrived.email)
    asked = [_Asked(one, needs, ruled) for one in judged if (needs := _needs(one, policies, ruled)) != rules.NO_NEEDS]
    facts = await _facts(tx, asked)
    counted = {each.email for each in asked if each.needs.is_counted}
    recalled = []
    for one in verified:
        arrived = one.arrived
        if arrived.direction is Direction.OUTBOUND:
            recalled.append(await _outbound(tx, one, ruled))
        elif arrived.is_unruled:
            recalled.append(Recalled(None, ruled))
        else:
            known = facts.get(arrived.email, ruled)
            policy, is_counted = policies.get(arrived.account), arrived.email in counted
            findings = foreseen.get(arrived.email, NOT_ASKED)
            recalled.append(Recalled(policy, known, is_counted=is_counted, above=above, findings=findings))
    return recalled


async def unreadable(tx: Transaction, accounts: Collection[AccountId]) -> dict[AccountId, int]:
    """Return the versions in force that are no policies to this release: all mail they speak of is answered 451."""
    found: dict[AccountId, int] = {}
    readable: set[str] = set()
    for account, current in (await store.in_force(tx, accounts)).items():
        if current.digest in readable:
            continue
        try:
            await _parsed(tx, account, current.version)
            readable.add(current.digest)
        except PolicyError:
            found[account] = current.version
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message, and what its decision needs to know."""

    verified: Verified
    needs: Needs
    ruled: Facts

    @property
    def email(self) -> EmailId:
        return self.verified.arrived.email

    @property
    def at(self) -> datetime:
        return self.ruled.judged_at(self.verified.arrived.received_at)

    @property
    def author(self) -> str:
        """The key of its author, which whoever needs anything has."""
        author = self.verified.evidence.author
        return author.key if author else ""


def _needs(verified: Verified, policies: Mapping[AccountId, Policy], ruled: Facts) -> Needs:
    policy, above = policies.get(verified.arrived.account), policies.get(TENANT_WIDE)
    asking = [each for each in (policy, above) if policy and each and each.recalls]
    if not asking:
        return rules.NO_NEEDS
    seen = rules.see(verified, ruled)
    return reduce(or_, (rules.needs(seen, each) for each in asking))


async def _policies(tx: Transaction, accounts: Collection[AccountId]) -> dict[AccountId, Policy]:
    """Return the policies in force, with the tenant's own; accounts without one are not in the answer."""
    if not accounts:
        return {}
    policies = {}
    for account, current in (await store.in_force(tx, {*accounts, TENANT_WIDE})).items():
        known = _SHELF.take(current.digest, current.version, is_tenant_wide=account == TENANT_WIDE)
        policies[account] = known or await _read(tx, account, current.version)
    return policies


async def _read(tx: Transaction, account: AccountId, version: int) -> Policy:
    try:
        policy = await _parsed(tx, account, version)
    except PolicyError as error:
        facts = {"account": account, "version": version, "faults": len(error.errors)}
        log.error("policy.unreadable", **facts)
        raise PolicyUnreadableError from error
    _SHELF.put(policy)
    _WARMER.submit(policy.guarded.warm)
    return policy


async def _parsed(tx: Transaction, account: AccountId, version: int) -> Policy:
    written = await store.document(tx, account, version)
    return parse(written, version=version, is_tenant_wide=account == TENANT_WIDE)[0]


async def _facts(tx: Transaction, asked: Sequence[_Asked]) -> dict[EmailId, Facts]:
    """Lock and count the windows, and only then look at the past: what came just before is in both."""
    facts = await _counted(tx, [each for each in asked if each.needs.is_counted])
    curious = [each for each in asked if each.needs.asks]
    if not curious:
        return facts
    for each, past in zip(curious, await past_store.recall(tx, [_question(each) for each in curious]), strict=True):
        facts[each.email] = replace(
            facts.get(each.email, each.ruled),
            is_first_time=past.is_first_time,
            is_replayed=past.is_replayed,
            answers_us=past.answers_us,
        )
    return facts


def _question(asked: _Asked) -> past_store.Question:
    verified = asked.verified
    references = verified.evidence.content.references
    return past_store.Question(verified.arrived.account, Mark.of(verified), references, verified.arrived.received_at)


async def _counted(tx: Transaction, asked: Sequence[_Asked]) -> dict[EmailId, Facts]:
    """Count each message's windows: its author's first, then the others it needs."""
    if not asked:
        return {}
    threads = await _threads(tx, [each.verified for each in asked if each.needs.is_thread_asked])
    named = [(each, window) for each in asked for window in (None, *sorted(each.needs.windows))]
    windows = await store.count_windows(tx, [_window(tx, each, window, threads) for each, window in named])
    facts: dict[EmailId, Facts] = {}
    for (each, window), found in zip(named, windows, strict=True):
        if window is None:
            facts[each.email] = replace(
                each.ruled,
                messages_hour=found.messages_hour,
                messages_day=found.messages_day,
                tokens_thread=found.tokens_thread,
                tokens_day=found.tokens_day,
                tokens_sender=found.tokens_sender,
            )
        else:
            known, more = facts[each.email], Counted(found.messages_hour, found.messages_day)
            facts[each.email] = replace(known, windows={**known.windows, window: more})
    return facts


def _window(tx: Transaction, asked: _Asked, window: str | None, threads: Mapping[EmailId, ThreadId]) -> store.Asked:
    account, at = asked.verified.arrived.account, asked.at
    if window is not None:
        return store.Asked(account, past_store.blind_window(tx.vault, window), None, at)
    return store.Asked(
        account,
        store.blind_sender(tx.vault, asked.author),
        threads.get(asked.email),
        at,
        is_ever_asked=asked.needs.is_sender_asked,
    )


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


async def _outbound(tx: Transaction, verified: Verified, ruled: Facts) -> Recalled:
    arrived = verified.arrived
    policies = await _policies(tx, {arrived.account})
    policy, above = policies.get(arrived.account), policies.get(TENANT_WIDE)
    parent = await mailbox.get(tx, arrived.account, arrived.in_reply_to) if arrived.in_reply_to else None
    speaking = [each.outbound for each in (policy, above) if each and each.outbound]
    at = ruled.judged_at(arrived.received_at)
    leaving = await recall_leaving(tx, verified, speaking, parent, at=at)
    account = await access.account(tx, arrived.account)
    is_sandboxed = account is not None and account.is_sandboxed
    answered = _answered(parent) if parent else None
    facts = replace(ruled, answered=answered, leaving=leaving, is_sandboxed=is_sandboxed)
    return Recalled(policy, facts, above=above)


async def in_force(tx: Transaction, account: AccountId) -> dict[AccountId, Policy]:
    """Return the account's policy and the tenant's above it, by whose they are; what is not there is not in the answer.

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
    """
    return await _policies(tx, {account})


async def footer_of(tx: Transaction, account: AccountId) -> str:
    """Return the lines that the policies in force want below each message, the mailbox's first; empty for none.

    Raises:
        PolicyUnreadableError: a stored document cannot be used.
    """
    policies = await _policies(tx, {account})
    found = [policies[each].outbound for each in (account, TENANT_WIDE) if each in policies]
    return "\n".join(dict.fromkeys(each.footer for each in found if each and each.footer))


def _answered(parent: Email) -> Answered:
    return Answered(
        email=parent.id,
        author=parent.author,
        was_proven=parent.is_proven,
        was_automatic=parent.is_automatic,
        reply_to=parent.reply_to,
    )
