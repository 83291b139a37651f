import asyncio

import pytest

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.silence import KEPT_S
from gatepost.deliver.traffic import (
    AT_ONCE,
    BRIEF,
    CONVERSATIONS,
    FIRST,
    LONG,
    PATIENCE_S,
    REGISTRANT,
    REGISTRANT_FIRST,
    Called,
    CrowdedError,
    Traffic,
)
from gatepost.ids import JobId, TenantId

ONE = TenantId("tn_one")
OTHER = TenantId("tn_other")
ACCEPTED = Attempt(AttemptResult.ACCEPTED, 250, "2.0.0", "remote.accepted")
SILENT = Attempt(AttemptResult.DEFERRED, 0, "4.4.1", "remote.unreachable")


class _Scene:
    """Conversations that last until they are told to end."""

    def __init__(self) -> None:
        self.now = 100.0
        self.traffic = Traffic(lambda: self.now)
        self.under_way = 0
        self.most = 0
        self.put_off: list[float] = []
        self.called: list[Called] = []
        self.ends = asyncio.Event()

    async def talk(self, name: str, made: Attempt, registrant: str = "", tenant: TenantId = ONE, job: int = 0) -> None:
        try:
            async with self.traffic.toward(name, registrant, tenant, JobId(job) if job else None) as tell:
                self.under_way += 1
                self.most = max(self.most, self.under_way)
                await self.ends.wait()
                self.under_way -= 1
                self.called += tell(made)
        except CrowdedError as crowded:
            self.put_off.append(crowded.after_s)

    async def settles(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def scene() -> _Scene:
    return _Scene()


async def test_whoever_hangs_leaves_room_for_the_others(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tasks = [group.create_task(scene.talk("hangs.example", SILENT)) for _ in range(10 * CONVERSATIONS)]
        await scene.settles()
        assert scene.under_way == FIRST
        assert sum(not task.done() for task in tasks) == FIRST + AT_ONCE <= CONVERSATIONS // 2
        group.create_task(scene.talk("other.example", ACCEPTED))
        await scene.settles()
        assert scene.under_way == FIRST + 1
        scene.ends.set()


async def test_many_domains_of_one_registrant_leave_room_for_those_of_others(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for number in range(CONVERSATIONS):
            for _ in range(FIRST + 1):
                group.create_task(scene.talk(f"d{number}.hangs.example", SILENT, "hangs.example"))
        await scene.settles()
        assert scene.under_way == REGISTRANT_FIRST <= REGISTRANT <= CONVERSATIONS // 4
        held = scene.under_way
        group.create_task(scene.talk("other.example", ACCEPTED, "other.example"))
        await scene.settles()
        assert scene.under_way == held + 1
        scene.ends.set()
    scene.now += KEPT_S
    await scene.talk("other.example", ACCEPTED, "other.example")
    assert scene.traffic._registrants == scene.traffic._destinations == {}


async def test_one_domain_that_hangs_leaves_room_for_others_of_its_registrant(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(CONVERSATIONS):
            group.create_task(scene.talk("hangs.university.example", SILENT, "university.example"))
        await scene.settles()
        group.create_task(scene.talk("law.university.example", ACCEPTED, "university.example"))
        await scene.settles()
        assert scene.under_way == FIRST + 1
        scene.ends.set()


async def test_who_is_put_off_comes_back_one_after_the_other(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(FIRST + AT_ONCE + 3):
            group.create_task(scene.talk("hangs.example", SILENT))
        await scene.settles()
        assert scene.put_off == pytest.approx([BRIEF.least_s + place * BRIEF.gap_s for place in range(3)])
        scene.now += PATIENCE_S  # by now it should have said something
        scene.put_off.clear()
        for _ in range(3):
            await scene.talk("hangs.example", SILENT)
        assert scene.put_off == pytest.approx([LONG.least_s + place * LONG.gap_s for place in range(3)])
        scene.ends.set()


async def test_who_waited_where_answers_come_is_served_without_being_put_off(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tasks = [group.create_task(scene.talk("one.example", ACCEPTED)) for _ in range(FIRST + AT_ONCE)]
        await scene.settles()
        assert scene.under_way == FIRST
        scene.ends.set()
        await asyncio.wait(tasks)
    assert scene.put_off == []
    assert scene.under_way == 0


async def test_each_answer_gives_room_for_one_more_up_to_a_bound(scene: _Scene) -> None:
    async with asyncio.timeout(5), scene.traffic.toward("one.example"):  # remembered as long as something is under way
        for _ in range(AT_ONCE + FIRST):
            async with scene.traffic.toward("one.example") as tell:
                tell(ACCEPTED)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(scene.talk("one.example", ACCEPTED)) for _ in range(2 * AT_ONCE)]
            await scene.settles()
            assert scene.under_way == AT_ONCE - 1
            scene.ends.set()
            await asyncio.wait(tasks)


async def test_who_is_put_off_where_answers_come_is_back_about_as_fast_as_they_come(scene: _Scene) -> None:
    async with asyncio.timeout(5), scene.traffic.toward("one.example", "one.example"):
        for _ in range(100):
            scene.now += 0.002
            async with scene.traffic.toward("one.example", "one.example") as tell:
                tell(ACCEPTED)
        async with asyncio.TaskGroup() as group:
            for _ in range(CONVERSATIONS):
                group.create_task(scene.talk("one.example", ACCEPTED, "one.example"))
            await scene.settles()
            count = len(scene.put_off)
            assert count == CONVERSATIONS - REGISTRANT + 1
            assert max(scene.put_off) < BRIEF.least_s + 0.003 * count
            scene.ends.set()


async def test_nobody_stands_behind_those_who_were_put_off_before_it_answered_again(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(FIRST - 1):
            group.create_task(scene.talk("one.example", SILENT))
        await scene.settles()
        async with scene.traffic.toward("one.example") as tell:
            scene.now += PATIENCE_S
            for _ in range(1000):
                await scene.talk("one.example", ACCEPTED)
            assert max(scene.put_off) > LONG.gap_s * 999
            tell(ACCEPTED)
            scene.put_off.clear()
            for _ in range(1 + AT_ONCE + 1):
                group.create_task(scene.talk("one.example", ACCEPTED))
            await scene.settles()
            assert scene.put_off == pytest.approx([BRIEF.least_s])
            scene.ends.set()


async def test_one_tenants_many_do_not_stand_before_the_first_of_another(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(1000):
            group.create_task(scene.talk("one.example", ACCEPTED))
        await scene.settles()
        assert max(scene.put_off) > BRIEF.gap_s * 900
        with pytest.raises(CrowdedError) as put_off:
            async with scene.traffic.toward("one.example", "", OTHER):
                pass
        assert put_off.value.after_s == pytest.approx(BRIEF.least_s)
        scene.ends.set()


async def test_many_tenants_look_again_no_more_often_than_one(scene: _Scene) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(FIRST):
            group.create_task(scene.talk("hangs.example", SILENT))
        await scene.settles()
        scene.now += PATIENCE_S
        looks = dict.fromkeys(range(400), scene.now)
        count = 0
        while looks[number := min(looks, key=lambda each: looks[each])] < 1000:
            scene.now = looks[number]
            with pytest.raises(CrowdedError) as put_off:
                async with scene.traffic.toward("hangs.example", "", TenantId(f"tn_{number}")):
                    pass
            looks[number] += put_off.value.after_s
            count += 1
        assert count < 900 / LONG.gap_s + 2 * len(looks)
        scene.ends.set()


async def test_a_conversation_that_broke_gives_its_place_back(scene: _Scene) -> None:
    for _ in range(2 * FIRST):
        with pytest.raises(ZeroDivisionError):
            async with scene.traffic.toward("one.example"):
                raise ZeroDivisionError
    assert (
        scene.traffic._destinations == scene.traffic._registrants == {}
    )  # nothing of a destination outlives the last errand there


async def _hang(scene: _Scene, name: str, times: int, registrant: str = "") -> None:
    scene.ends.set()
    for _ in range(times):
        await scene.talk(name, SILENT, registrant)
    scene.ends.clear()


async def test_who_hangs_has_one_place_at_last_and_that_is_remembered_for_a_while(scene: _Scene) -> None:
    await _hang(scene, "hangs.example", 3)
    scene.now += PATIENCE_S
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(FIRST):
            group.create_task(scene.talk("hangs.example", SILENT))
        await scene.settles()
        assert (scene.under_way, len(scene.put_off)) == (1, FIRST - 1)
        scene.ends.set()
    scene.now += KEPT_S
    scene.ends.clear()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(FIRST):
            group.create_task(scene.talk("hangs.example", SILENT))
        await scene.settles()
        assert scene.under_way == FIRST
        scene.ends.set()


async def test_registrants_whose_domains_all_hang_leave_most_places_to_others(scene: _Scene) -> None:
    """Before, two of them had all places."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for owner in ("a.example", "b.example"):
            for number in range(CONVERSATIONS):
                group.create_task(scene.talk(f"d{number}.{owner}", SILENT, owner))
        await scene.settles()
        assert scene.under_way <= CONVERSATIONS // 4
        scene.ends.set()
    for owner in ("a.example", "b.example"):
        await _hang(scene, f"d1.{owner}", 3, owner)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for owner in ("a.example", "b.example"):
            for number in range(CONVERSATIONS):
                group.create_task(scene.talk(f"d{number}.{owner}", SILENT, owner))
        await scene.settles()
        assert scene.under_way <= 2 * FIRST
        scene.ends.set()


async def test_a_registrant_that_answers_has_more_places_by_and_by(scene: _Scene) -> None:
    scene.ends.set()
    async with asyncio.timeout(5), scene.traffic.toward("kept.one.example", "one.example"):
        for _ in range(REGISTRANT):
            await scene.talk("d.one.example", ACCEPTED, "one.example")
        scene.ends.clear()
        async with asyncio.TaskGroup() as group:
            for number in range(CONVERSATIONS):
                group.create_task(scene.talk(f"d{number}.one.example", ACCEPTED, "one.example"))
            await scene.settles()
            assert scene.under_way == REGISTRANT - 1
            scene.ends.set()


async def test_what_was_not_asked_is_not_blamed(scene: _Scene) -> None:
    scene.ends.set()
    for reason in ("route.dns_failed", "egress.refused", "blobs.away"):
        for _ in range(3):
            await scene.talk("one.example", Attempt(AttemptResult.DEFERRED, 0, "4.4.3", reason))
    assert scene.traffic._destinations == {}


async def test_who_was_put_off_while_nothing_answered_is_called_once_something_does(scene: _Scene) -> None:
    """Before, each came by itself: five a second, however many the destination takes."""
    await _hang(scene, "one.example", 3)
    scene.now += PATIENCE_S
    waiting = {(tenant, JobId(number)) for tenant in (ONE, OTHER) for number in range(1, 301)}
    scene.ends.set()
    async with asyncio.timeout(5):
        async with scene.traffic.toward("one.example") as tell:
            for tenant, job in sorted(waiting):
                await scene.talk("one.example", SILENT, tenant=tenant, job=job)
            assert (len(scene.put_off), scene.called) == (600, [])
            scene.called = tell(ACCEPTED)
        assert [tenant for tenant, _ in scene.called] == [ONE, OTHER]  # in turn
        rounds = 0
        while scene.called:
            arriving, scene.called = scene.called, []
            scene.ends.clear()
            async with asyncio.TaskGroup() as group:
                for tenant, job in arriving:
                    waiting.discard((tenant, job))
                    group.create_task(scene.talk("one.example", ACCEPTED, tenant=tenant, job=job))
                await scene.settles()
                assert scene.under_way <= AT_ONCE
                scene.ends.set()
            rounds += 1
        assert waiting == set()
        assert rounds < 600 / AT_ONCE + 10


async def test_who_comes_by_itself_is_not_called(scene: _Scene) -> None:
    await _hang(scene, "one.example", 3)
    scene.now += PATIENCE_S
    async with asyncio.timeout(5), scene.traffic.toward("one.example") as tell:
        await scene.talk("one.example", SILENT, job=1)
        await scene.talk("one.example", SILENT, job=2)
        scene.now += LONG.least_s + LONG.gap_s / 2
        assert tell(ACCEPTED) == [(ONE, JobId(2))]


async def test_what_is_remembered_of_those_put_off_is_bounded(scene: _Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatepost.deliver.traffic.PUT_OFF_MAX", 3)
    await _hang(scene, "one.example", 3)
    scene.now += PATIENCE_S
    async with asyncio.timeout(5), scene.traffic.toward("one.example") as tell:
        for job in range(1, 9):
            await scene.talk("one.example", SILENT, job=job)
        called = [tell(ACCEPTED) for _ in range(5)]
    assert len(scene.put_off) == 8
    assert [job for some in called for _, job in some] == [1, 2, 3]
