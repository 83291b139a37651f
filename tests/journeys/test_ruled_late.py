"""What a person lets go days later goes on as of that hour: what counts, lasts and is due begins then."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gatepost import access, decide, deliver, journey
from gatepost.decide import grants
from gatepost.decide.paper import Ruling
from gatepost.deliver import Held, Kept, Queued, Refused, hold_end
from gatepost.deliver.paper import CarriedOut, State
from gatepost.ids import HoldId
from journeys.scene import KEY, POLICY, Scene
from outbound import TENANT, Sink

YES = Ruling(is_approved=True, by="pe_officer")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def obey(scene: Scene, *, outbound: dict[str, Any] | None = None, **rule: Any) -> None:
    sender = {"match": {"address": "boss@example.org"}, "capabilities": ["read_calendar"], **rule}
    document = {**POLICY, "senders": [sender], **({"outbound": outbound} if outbound else {})}
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, document, at=scene.clock.now, actor=KEY)


async def held_mail(scene: Scene) -> HoldId:
    done = await scene.boss_writes()
    assert isinstance(done.outcome, Held)
    return done.outcome.hold


async def let_go(scene: Scene, waiting: HoldId) -> CarriedOut:
    return await journey.release(TENANT, waiting, YES, scene.house, digest=None)


async def sandboxed(scene: Scene, text: str, count: int = 1) -> list[HoldId]:
    """Let the agent answer as often, once a day, from within its sandbox."""
    parent, waiting = await scene.boss_asks(), []
    async with scene.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, scene.account, is_sandboxed=True)
    for number in range(count):
        sent = await scene.agent_says(parent, f"{text} {number}")
        assert sent.hold is not None
        waiting.append(sent.hold)
        scene.clock.move(DAY)
    return waiting


async def test_mail_that_came_since_does_not_keep_old_mail_for_good(scene: Scene) -> None:
    """The window began when it came, and never moved on: what was let in since filled it."""
    await obey(scene, action="hold", rateLimit={"perHour": 2, "perDay": 2})
    oldest = await held_mail(scene)
    for _ in range(3):
        scene.clock.move(DAY)
        await let_go(scene, await held_mail(scene))
    scene.clock.move(DAY)
    assert isinstance((await let_go(scene, oldest)).outcome, Kept)


async def test_no_more_is_let_in_an_hour_than_the_limit_says_whenever_it_came(scene: Scene) -> None:
    """Each counted in the hour in which it came, so a week's mail could go in at once."""
    await obey(scene, action="hold", rateLimit={"perHour": 2})
    waiting = []
    for _ in range(3):
        waiting.append(await held_mail(scene))
        scene.clock.move(DAY)
    first, second, third = waiting
    assert isinstance((await let_go(scene, first)).outcome, Kept)
    assert isinstance((await let_go(scene, second)).outcome, Kept)
    with pytest.raises(hold_end.NotNowError, match=r"rate\.per_hour"):
        await let_go(scene, third)
    scene.clock.move(HOUR)
    assert isinstance((await let_go(scene, third)).outcome, Kept)


async def test_what_leaves_counts_when_it_leaves(scene: Scene) -> None:
    await obey(scene, outbound={"recipients": {"thread": True}, "rateLimit": {"perAgent": {"perDay": 2}}})
    first, second, third = await sandboxed(scene, "Yes.", 3)
    scene.clock.move(DAY)
    assert isinstance((await let_go(scene, first)).outcome, Queued)
    assert isinstance((await let_go(scene, second)).outcome, Queued)
    with pytest.raises(hold_end.NotNowError, match=r"send\.rate_agent"):
        await let_go(scene, third)
    scene.clock.move(DAY)
    assert isinstance((await let_go(scene, third)).outcome, Queued)


async def test_a_send_that_waited_for_days_is_tried_for_days(scene: Scene, sink: Sink) -> None:
    """It was given up with the first "come again": its five days had begun when it was written."""
    [waiting] = await sandboxed(scene, "Yes.")
    scene.clock.move(5 * DAY)
    sink.replies = ["451 4.2.0 come again"]
    done = await let_go(scene, waiting)
    assert isinstance(done.outcome, Queued)
    [submission] = done.outcome.submissions
    await scene.work()
    async with scene.house.db.transaction(TENANT) as tx:
        found = await deliver.submission_by_id(tx, submission)
    assert found is not None
    assert (found.state, found.attempts) == (State.DEFERRED, 1)
    await scene.work()
    assert len(sink.mails) == 1


async def test_the_grant_of_held_mail_lasts_from_when_it_was_let_in(scene: Scene) -> None:
    await obey(scene, action="hold", hold={"expiresAfter": "30d"})
    waiting = await held_mail(scene)
    scene.clock.move(29 * DAY)
    done = await let_go(scene, waiting)
    scene.clock.move(2 * DAY)
    async with scene.house.db.transaction(TENANT) as tx:
        grant = await grants.of_message(tx, scene.account, done.recorded.arrived.email, now=scene.clock.now)
    assert grant.allows("calendar.read")


async def test_a_rule_that_has_expired_meanwhile_lets_nothing_go(scene: Scene) -> None:
    """It was asked as of the day on which the mail came."""
    await obey(scene, action="hold", expiresAt=(scene.clock.now + HOUR).isoformat())
    waiting = await held_mail(scene)
    scene.clock.move(2 * HOUR)
    done = await let_go(scene, waiting)
    assert (done.outcome, done.recorded.decision.reason) == (Refused(), "sender.unmatched")


async def test_a_yes_after_the_end_of_the_wait_comes_too_late_however_late_the_house_ends_it(scene: Scene) -> None:
    """The mailed link was over; REST and command line let it go until the house had come round to it."""
    await obey(scene, action="hold", hold={"expiresAfter": "12h"})
    waiting = await held_mail(scene)
    await obey(scene, action="hold", hold={"expiresAfter": "12h", "then": "deliver"})
    silent = await held_mail(scene)
    scene.clock.move(12 * HOUR)
    with pytest.raises(hold_end.HoldSettledError):
        await let_go(scene, waiting)
    no = replace(YES, is_approved=False)
    for each in (waiting, silent):
        done = await journey.release(TENANT, each, no, scene.house, digest=None)
        assert done.recorded.decision.reason == "hold.denied"


async def test_what_was_said_again_a_day_later_can_be_let_go_as_well(scene: Scene, sink: Sink) -> None:
    """The second had taken the claim of the first, whose approval then failed."""
    parent = await scene.boss_asks()
    async with scene.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, scene.account, is_sandboxed=True)
    first = await scene.agent_says(parent, "Yes.")
    scene.clock.move(DAY + HOUR)
    second = await scene.agent_says(parent, "Yes.")
    assert first.hold is not None
    assert second.hold not in {None, first.hold}
    for waiting in (first.hold, second.hold):
        assert isinstance((await let_go(scene, HoldId(str(waiting)))).outcome, Queued)
    await scene.work()
    assert len(sink.mails) == 2
