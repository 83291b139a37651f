"""Decide the last days' mail once more under a draft, and say what would change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gatepost import record
from gatepost.decide import TENANT_WIDE
from gatepost.decide.language import Policy
from gatepost.decide.replay import Told
from gatepost.decide.trial import Change, Tried, attempt
from gatepost.ids import AccountId, EntryId, TenantId
from gatepost.journey import House
from gatepost.record.paper import DecisionRow
from gatepost.workbench.again import CannotTellError, above_then, policy_then, seen_then

BATCH = 200
CHANGES_MAX = 1_000
"""So many are shown one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One decision that would be another."""

    row: DecisionRow
    tried: Tried


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft would have made of the mail: how many of each, and the first that would change."""

    counts: dict[Change, int]
    changed: tuple[Changed, ...]


async def replay_draft(
    house: House,
    tenant: TenantId,
    account: AccountId,
    draft: Policy,
    *,
    days: int,
    progress: Callable[[int, int], None],
) -> Trial:
    """Judge what came in the last ``days`` under a draft; ``progress`` hears how many are done, of how many.

    A draft of the tenant's policy stands above the mailboxes' own of that time, a mailbox's own below the tenant's.
    """
    since, of = house.clock() - timedelta(days=days), None if account == TENANT_WIDE else account
    async with house.db.transaction(tenant) as tx:
        total = await record.count_since(tx, of, since)
    counts, changed = dict.fromkeys(Change, 0), list[Changed]()
    done, last = 0, EntryId(0)
    while True:
        async with house.db.transaction(tenant) as tx:
            rows = await record.decisions_since(tx, of, since=since, after=last, limit=BATCH)
        if not rows:
            return Trial(counts, tuple(changed))
        for row in rows:
            tried = await _attempt(house, tenant, row, draft)
            counts[tried.change] += 1
            if tried.change is Change.CHANGED and len(changed) < CHANGES_MAX:
                changed.append(Changed(row, tried))
        done, last = done + len(rows), rows[-1].entry
        progress(done, max(total, done))


async def _attempt(house: House, tenant: TenantId, row: DecisionRow, draft: Policy) -> Tried:
    try:
        seen = await seen_then(house, tenant, row)
        own = await policy_then(house, tenant, row) if draft.is_tenant_wide else draft
        above = draft if draft.is_tenant_wide else await above_then(house, tenant, row)
    except CannotTellError as error:
        return Tried(Change.UNDECIDABLE, str(error))
    return attempt(seen, own, above, Told(row.disposition, row.outcome, row.reason, row.trace))
