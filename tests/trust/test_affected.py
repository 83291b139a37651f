from datetime import timedelta

from doors.rest.conftest import clock, house, ours, theirs
from doors.rest.scene import POLICY, FakeClock, Tenancy, set_policy, write
from gatepost.journey import House
from gatepost.trust.affected import affected

__all__ = ["clock", "house", "ours", "theirs"]


async def test_the_affected_set_is_the_planted_one(
    house: House, ours: Tenancy, theirs: Tenancy, clock: FakeClock
) -> None:
    """An exercise whose truth is planted: two messages of one tenant in the window, others before and after."""
    for each in (ours, theirs):
        await set_policy(house, each, POLICY)
    await write(house, ours, subject="before", text="before")
    clock.now += timedelta(hours=1)
    since = clock()
    for number in range(2):
        await write(house, ours, subject=f"in {number}", text=f"in {number}")
    clock.now += timedelta(hours=1)
    until = clock()
    for each in (ours, theirs):
        await write(house, each, subject="after", text="after")
    (one,) = await affected(house.db, since, until, own=True)
    assert (one.tenant, one.messages, one.mailboxes, one.people) == (ours.tenant, 2, 1, 2)
    assert (one.unreadable, one.is_whole) == (0, True)
    later = await affected(house.db, until, until + timedelta(hours=1), own=True)
    assert {each.tenant for each in later} == {ours.tenant, theirs.tenant}
    assert await affected(house.db, since, until, facts={"reason": "no.such"}, own=True) == []
