"""A replay as a job: it goes on where it was, ends when it is ended, and not too many are open at once."""

from datetime import timedelta

import pytest

from gatepost.app.administer import set_policy
from gatepost.decide.language import parse
from gatepost.decide.trial import Change
from gatepost.ids import AccountId, DraftReplayId, EntryId, KeyId, TenantId
from gatepost.jobs import TryAgainError
from gatepost.workbench import draft, run, run_store
from gatepost.workbench.paper import STALLED_AFTER, Run, RunState, TooManyError
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene
KEY = KeyId("ky_1")
HELD = {**POLICY, "senders": [{"match": {"domain": "example.org"}, "action": "hold"}], "contentGuards": []}


async def started(scene: Scene, document: object = HELD) -> Run:
    async with scene.house.db.transaction(scene.tenant) as tx:
        return await run.start(tx, scene.house, scene.account, document, days=1, by=KEY)


async def now(scene: Scene, made: Run) -> Run:
    async with scene.house.db.transaction(scene.tenant) as tx:
        found = await run_store.get(tx, made.id)
    assert found is not None
    return found


async def test_a_replay_goes_on_where_the_last_worker_came_to(scene: Scene) -> None:
    for _ in range(3):
        await scene.receive("\r\nhello\r\n", author="x@example.org")
    made = await started(scene)
    assert (made.total, made.done) == (3, 0)
    with pytest.raises(TryAgainError):
        await run.go_on(scene.house, scene.tenant, made.id, batch=1, batches_max=2)
    half = await now(scene, made)
    assert (half.state, half.done) == (RunState.RUNNING, 2)
    await run.go_on(scene.house, scene.tenant, made.id)
    whole = await now(scene, made)
    assert (whole.state, whole.done, whole.counts[Change.CHANGED]) == (RunState.DONE, 3, 3)
    await run.go_on(scene.house, scene.tenant, made.id)  # a job may run twice
    assert await now(scene, made) == whole
    async with scene.house.db.transaction(scene.tenant) as tx:
        first = await run_store.changes(tx, made.id, after=EntryId(0), limit=2)
        more = await run_store.changes(tx, made.id, after=first[-1].entry, limit=2)
    assert [each.now_reason for each in (*first, *more)] == ["rule.held"] * 3


async def test_what_was_changed_since_is_kept_apart(scene: Scene) -> None:
    await scene.receive("\r\nhello\r\n")
    await set_policy(scene.house, scene.tenant, scene.account, HELD)
    made = await started(scene)
    await run.go_on(scene.house, scene.tenant, made.id)
    whole = await now(scene, made)
    assert (whole.state, whole.done, whole.counts[Change.SINCE], whole.counts[Change.CHANGED]) == (
        RunState.DONE,
        1,
        1,
        0,
    )


async def test_two_workers_count_nothing_twice(scene: Scene) -> None:
    await scene.receive("\r\nhello\r\n")
    made = await started(scene)
    batch = await draft.judge_batch(
        scene.house, scene.tenant, scene.account, parse(HELD, version=0)[0], since=made.since, after=made.last
    )
    assert batch is not None
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert await run_store.advance(tx, made, batch, at=scene.house.clock())
        assert not await run_store.advance(tx, made, batch, at=scene.house.clock())
    assert (await now(scene, made)).done == 1


async def test_no_more_than_a_few_are_open_at_once_and_old_ones_go(scene: Scene) -> None:
    made = [await started(scene) for _ in range(run.RUNNING_MAX)]
    with pytest.raises(TooManyError):
        await started(scene)
    await run.go_on(scene.house, scene.tenant, made[0].id)
    await started(scene)
    async with scene.house.db.transaction(scene.tenant) as tx:
        await run_store.forget(tx, scene.house.clock() + timedelta(seconds=1))
        assert await run_store.page(tx, None, limit=9) == []


async def test_an_ended_replay_is_judged_no_further(scene: Scene) -> None:
    made = await started(scene)
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert await run_store.remove(tx, made.id)
        assert not await run_store.remove(tx, made.id)
    await run.go_on(scene.house, scene.tenant, made.id)
    await run.go_on(scene.house, TenantId("tn_other"), DraftReplayId("dr_none"))


async def test_a_draft_that_this_release_cannot_read_ends_with_words(scene: Scene) -> None:
    made = await started(scene, {"defaultAction": "later"})
    await run.go_on(scene.house, scene.tenant, made.id)
    failed = await now(scene, made)
    assert (failed.state, failed.reason) == (RunState.FAILED, "this release cannot read the draft")


async def test_a_replay_that_nobody_works_on_is_not_called_running(scene: Scene) -> None:
    made = await started(scene)
    assert made.as_of(made.touched_at + STALLED_AFTER)[0] is RunState.RUNNING
    state, why = made.as_of(made.touched_at + STALLED_AFTER + timedelta(seconds=1))
    assert (state, why) == (RunState.FAILED, "it ended without an end: start another")


async def test_the_job_is_promised_and_names_the_replay(scene: Scene) -> None:
    made = await started(scene)
    async with scene.house.db.transaction(scene.tenant) as tx:
        row = await tx.one("select kind, body from job where tenant = %(tenant)s order by id desc limit 1")
    assert (row.kind, row.body) == (run.KIND, {"replay": made.id})
    assert set(run.handlers(scene.house)) == {run.KIND}
    assert AccountId(made.account) == scene.account
