"""Decide the last days' mail, both ways, once more under a draft, and say what would change."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from gatepost import decide, record
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE
from gatepost.decide.language import Policy
from gatepost.decide.paper import Seen
from gatepost.decide.replay import Told
from gatepost.decide.trial import Change, Pair, Tried, attempt, credit
from gatepost.ids import AccountId, EntryId, TenantId
from gatepost.journey import House
from gatepost.record.paper import DecisionRow
from gatepost.workbench.again import CannotTellError, above_then, policy_then, seen_then
from gatepost.workbench.live import compiled

BATCH = 200
CHANGES_MAX = 1_000
"""So many are given one by one where nobody asks for all; all are counted."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One decision that would be another, and what the mail was: ``subject`` is empty where its text was not kept."""

    row: DecisionRow
    tried: Tried
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail was that was decided about; empty is what cannot be read any more, or never was kept."""

    received_at: datetime
    is_outbound: bool
    author: str
    subject: str


class Kind(NamedTuple):
    """What decisions that would change alike have in common: disposition, reason and rule, then and under the draft."""

    was: tuple[str, str, str]
    would_be: tuple[str, str, str]


def kind_of(changed: Changed) -> Kind:
    """Return which kind of change one is."""
    row, tried = changed.row, changed.tried
    return Kind((row.disposition, row.reason, tried.rule_then), (tried.disposition, tried.reason, tried.rule))


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft would have made of the mail: how many of each, how many of each kind would change, and the first."""

    counts: dict[Change, int]
    kinds: Mapping[Kind, int]
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some decisions, judged; ``last`` is the entry to go on after."""

    counts: Mapping[Change, int]
    changed: tuple[Changed, ...]
    last: EntryId


async def replay_draft(
    house: House,
    tenant: TenantId,
    account: AccountId,
    draft: Policy,
    *,
    days: int,
    progress: Callable[[int, int], None],
    changes_max: int | None = CHANGES_MAX,
) -> Trial:
    """Judge what came and left in the last ``days`` under a draft; ``progress`` hears how many are done, of how many.

    All are counted, and so many of those that would change are given one by one, or all.

    A draft of the tenant's policy stands above the mailboxes' own of that time, a mailbox's own below the tenant's.
    """
    since = house.clock() - timedelta(days=days)
    async with house.db.transaction(tenant) as tx:
        total = await count(tx, account, since)
    counts, changed, last = dict.fromkeys(Change, 0), list[Changed](), EntryId(0)
    kinds = Counter[Kind]()
    while batch := await judge_batch(house, tenant, account, draft, since=since, after=last):
        for change, number in batch.counts.items():
            counts[change] += number
        kinds.update(map(kind_of, batch.changed))
        changed += batch.changed if changes_max is None else batch.changed[: changes_max - len(changed)]
        done, last = sum(counts.values()), batch.last
        progress(done, max(total, done))
    return Trial(counts, kinds, tuple(changed))


async def count(tx: Transaction, account: AccountId, since: datetime) -> int:
    """Return how many decisions there are to judge."""
    return await record.count_since(tx, _one_or_all(account), since)


async def judge_batch(
    house: House,
    tenant: TenantId,
    account: AccountId,
    draft: Policy,
    *,
    since: datetime,
    after: EntryId,
    limit: int = BATCH,
) -> Batch | None:
    """Judge the next decisions after an entry under a draft, so many at most; None where there are no more."""
    async with house.db.transaction(tenant) as tx:
        rows = await record.decisions_since(tx, _one_or_all(account), since=since, after=after, limit=limit)
        live = await decide.get_policy(tx, account)
    if not rows:
        return None
    stood = _Stood(house, tenant, live)
    tried = [await _attempt(stood, row, draft) for row in rows]
    changed = [
        Changed(row, each, str(seen.evidence.author or ""), seen.evidence.content.subject)
        for row, (each, seen) in zip(rows, tried, strict=True)
        if each.change is Change.CHANGED and seen is not None
    ]
    return Batch(Counter(each.change for each, _ in tried), tuple(changed), rows[-1].entry)


async def mail_of(house: House, tenant: TenantId, entry: EntryId) -> Mail | None:
    """Return what the mail of a decision was, as far as that can be read today; None where its entry is gone."""
    async with house.db.transaction(tenant) as tx:
        row = next(iter(await record.decision_rows(tx, entry=entry)), None)
    if row is None:
        return None
    try:
        evidence = (await seen_then(house, tenant, row)).evidence
    except CannotTellError:
        return Mail(row.received_at, row.is_outbound, "", "")
    return Mail(row.received_at, row.is_outbound, str(evidence.author or ""), evidence.content.subject)


def _one_or_all(account: AccountId) -> AccountId | None:
    return None if account == TENANT_WIDE else account


class _Stood:
    """The policies that stood when some mail was decided, and the one in force, each read and compiled once."""

    def __init__(self, house: House, tenant: TenantId, live: decide.Stored | None) -> None:
        self.house, self.tenant = house, tenant
        self._live = live
        self._compiled: Policy | None = None
        self._own: dict[tuple[AccountId, int, str], Policy | None] = {}
        self._above: dict[tuple[int, str], Policy | None] = {}

    async def pair(self, row: DecisionRow) -> Pair:
        """Return both; raises ``CannotTellError``."""
        own = row.account, row.policy_version, row.policy_digest
        if own not in self._own:
            self._own[own] = await policy_then(self.house, self.tenant, row)
        return Pair(self._own[own], await self.above(row))

    async def above(self, row: DecisionRow) -> Policy | None:
        """Return the tenant's; raises ``CannotTellError``."""
        above = row.tenant_policy_version, row.tenant_policy_digest
        if above not in self._above:
            self._above[above] = await above_then(self.house, self.tenant, row)
        return self._above[above]

    async def live(self, row: DecisionRow) -> Policy | None:
        """Return the one in force if it is another than decided; None, too, where there is none that can be read."""
        if self._live is None:
            return None
        then = row.tenant_policy_version if self._live.account == TENANT_WIDE else row.policy_version
        if self._live.version == then:
            return None
        if self._compiled is None:
            with suppress(decide.PolicyUnreadableError):
                self._compiled = await asyncio.to_thread(compiled, self._live)
            self._live = self._live if self._compiled else None
        return self._compiled


async def _attempt(stood: _Stood, row: DecisionRow, draft: Policy) -> tuple[Tried, Seen | None]:
    try:
        seen = await seen_then(stood.house, stood.tenant, row)
        above = await stood.above(row)
        then = await stood.pair(row) if draft.is_tenant_wide else await _pair_or_none(stood, row)
    except CannotTellError as error:
        return Tried(Change.UNDECIDABLE, str(error)), None
    told = Told(row.disposition, row.outcome, row.reason, row.trace)

    def attempt_beside(policy: Policy) -> Tried:
        pair = Pair(then.own if then else None, policy) if draft.is_tenant_wide else Pair(policy, above)
        return attempt(seen, pair, told, then)

    tried = await asyncio.to_thread(attempt_beside, draft)
    live = await stood.live(row) if tried.change is Change.CHANGED else None
    return tried if live is None else credit(tried, await asyncio.to_thread(attempt_beside, live)), seen


async def _pair_or_none(stood: _Stood, row: DecisionRow) -> Pair | None:
    """Return both policies of that time: a mailbox's draft is judged without its own one, too."""
    with suppress(CannotTellError):
        return await stood.pair(row)
    return None
