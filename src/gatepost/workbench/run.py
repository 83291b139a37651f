"""A draft judged on past mail as a job: it says how far it is, goes on after a restart, and can be ended."""

from datetime import datetime, timedelta

from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE
from gatepost.decide.language import PolicyError, parse
from gatepost.decide.trial import Change
from gatepost.ids import AccountId, DraftReplayId, EntryId, KeyId, TenantId, token
from gatepost.jobs import Handler, Job, Promise, TryAgainError
from gatepost.journey import House
from gatepost.workbench import draft, run_store
from gatepost.workbench.paper import STALLED_AFTER, Run, RunState, TooManyError

KIND = "policy.replay"
RUNNING_MAX = 3
"""So many of one tenant wait or run; they run one after the other."""
KEPT = timedelta(days=7)
BATCHES_MAX = 10
"""After so many, others of the house's jobs have a turn."""


async def start(
    tx: Transaction, house: House, account: AccountId, document: object, *, days: int, by: KeyId, is_bound: bool = True
) -> Run:
    """Promise to judge the last days' mail under a draft, which is known to be a policy; forget what is old.

    Args:
        tx: of the tenant.
        house: whose jobs do it.
        account: whose mail; ``TENANT_WIDE``: all, with the draft above the mailboxes' own.
        document: the draft, as its author wrote it.
        days: how far back.
        by: who wants to know.
        is_bound: it counts among those that may run at once.

    Raises:
        TooManyError: that many run already.
    """
    now = house.clock()
    await run_store.lock(tx)
    await run_store.forget(tx, house.past() - KEPT)
    if is_bound and await run_store.count_running(tx, now - STALLED_AFTER) >= RUNNING_MAX:
        raise TooManyError
    since = now - timedelta(days=days)
    made = Run(
        id=DraftReplayId(token("dr", house.entropy(10))),
        account=account,
        since=since,
        state=RunState.RUNNING,
        reason="",
        started_at=now,
        started_by=by,
        touched_at=now,
        total=await draft.count(tx, account, since),
        last=EntryId(0),
        counts=dict.fromkeys(Change, 0),
        document=document,
    )
    await run_store.insert(tx, made)
    await house.jobs.enqueue(tx, Promise(KIND, "drafts", {"replay": made.id}))
    return made


def handlers(house: House) -> dict[str, Handler]:
    """Return what keeps this room's promises, by kind."""

    async def keep(job: Job) -> None:
        await go_on(house, job.tenant, DraftReplayId(str(job.body["replay"])))

    return {KIND: keep}


async def go_on(
    house: House,
    tenant: TenantId,
    wanted: DraftReplayId,
    *,
    batch: int = draft.BATCH,
    batches_max: int = BATCHES_MAX,
) -> None:
    """Judge on from where the last worker came to, ``batch`` decisions at once.

    Raises:
        TryAgainError: there is more to do, and others have a turn first.
    """
    for _ in range(batches_max):
        async with house.db.transaction(tenant) as tx:
            run = await run_store.get(tx, wanted)
        if run is None or run.state is not RunState.RUNNING or not await _judge(house, tenant, run, batch):
            return
    raise TryAgainError(house.clock(), "there is more to judge")


async def _judge(house: House, tenant: TenantId, run: Run, size: int) -> bool:
    """Judge one batch and write down what came of it; False where there is nothing left to do."""
    try:
        policy, _ = parse(run.document, version=0, is_tenant_wide=run.account == TENANT_WIDE)
    except PolicyError:  # another release took it
        return await _end(house, tenant, run, RunState.FAILED, "this release cannot read the draft")
    batch = await draft.judge_batch(house, tenant, run.account, policy, since=run.since, after=run.last, limit=size)
    if batch is None:
        return await _end(house, tenant, run, RunState.DONE, "")
    async with house.db.transaction(tenant) as tx:
        return await run_store.advance(tx, run, batch, at=house.clock())


async def _end(house: House, tenant: TenantId, run: Run, state: RunState, reason: str) -> bool:
    at: datetime = house.clock()
    async with house.db.transaction(tenant) as tx:
        await run_store.finish(tx, run.id, state, reason, at=at)
    return False
