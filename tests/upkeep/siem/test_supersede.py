"""What a person changes while events are on their way, and destinations that must not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from gatepost.ids import ExportId, TenantId
from gatepost.upkeep import siem
from gatepost.upkeep.siem.engine import Exporter
from record.papers import TENANT
from upkeep.siem.receivers import Double, ElasticDouble, OtlpDouble, SplunkDouble
from upkeep.siem.scene import Scene

Listen = Callable[[Double], Double]
WITHIN_S = 8
OTHER = TenantId("tn_b")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what a receiver's thread does."""
    async with asyncio.timeout(WITHIN_S):
        while not is_so():  # noqa: ASYNC110  # a receiver is a thread
            await asyncio.sleep(0.01)


@asynccontextmanager
async def exporting(scene: Scene, *, turn_events: int = 1000) -> AsyncIterator[None]:
    """Export as a house does, by the real clock, while the context lasts."""
    stop = asyncio.Event()
    running = asyncio.ensure_future(Exporter(scene, turn_events=turn_events).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def put(scene: Scene, identifier: ExportId, url: str, credential: str, *, ack: bool = False) -> None:
    """Change where a destination leads, as a person does."""
    kind = (await scene.status(identifier)).destination.kind
    wanted = siem.Wanted(
        kind=kind, format=siem.Format.NATIVE, place=siem.Place(url=url, credential=credential), wants_ack=ack
    )
    async with scene.db.transaction(TENANT) as tx:
        await siem.change(tx, scene, identifier, wanted, actor="ky_1")


async def test_a_credential_put_right_is_not_undone_by_the_answer_to_the_wrong_one(
    scene: Scene, listen: Listen
) -> None:
    double = ElasticDouble(thinks_s=0.4)
    listen(double)
    identifier = await scene.add(siem.Kind.ELASTIC, double.url, credential="id:wrong")
    await scene.grow(3)
    work = asyncio.ensure_future(scene.export())
    await until(lambda: bool(double.path))  # on its way with the wrong one
    double.thinks_s = 0
    await put(scene, identifier, double.url, "id:secret")
    await work
    found = await scene.status(identifier)
    assert (found.is_stopped, found.reason) == (False, "")
    await scene.later(1)
    assert (len(double.stored), (await scene.status(identifier)).lag) == (4, 0)


async def test_nothing_more_is_sent_to_a_place_that_was_removed(scene: Scene, listen: Listen) -> None:
    double = SplunkDouble(uses_ack=True, thinks_s=0.4)
    listen(double)
    identifier = await scene.add(siem.Kind.SPLUNK, double.url, ack=True)
    await scene.grow(12)
    async with exporting(scene, turn_events=4):
        await until(lambda: len(double.requests) == 1)
        async with scene.db.transaction(TENANT) as tx:
            await siem.remove(tx, scene, identifier, actor="ky_1")
        await asyncio.sleep(1.5)
    assert double.places() == [0, 1, 2, 3], "what was under way, and no more"


async def test_a_new_place_gets_all_that_the_old_one_had_not_confirmed(scene: Scene, listen: Listen) -> None:
    old, new = SplunkDouble(uses_ack=True, acks_after=100), SplunkDouble()
    listen(old)
    listen(new)
    identifier = await scene.add(siem.Kind.SPLUNK, old.url, ack=True)
    size = await scene.grow(5)
    async with exporting(scene):
        await until(lambda: bool(old.questions) or bool(old.requests))
        await put(scene, identifier, new.url, "secret")
        await until(lambda: len(new.places()) >= size)
    assert new.places()[:size] == list(range(size))
    found = await scene.status(identifier)
    assert (found.is_stopped, found.ahead) == (False, ())


async def test_nobody_waits_for_a_collector_that_confirms_nothing(scene: Scene, listen: Listen) -> None:
    slow, quick = SplunkDouble(uses_ack=True, acks_after=100), ElasticDouble()
    listen(slow)
    listen(quick)
    await scene.add(siem.Kind.SPLUNK, slow.url, ack=True)
    await scene.add(siem.Kind.ELASTIC, quick.url, credential="id:secret")
    size = await scene.grow(2)
    async with exporting(scene):
        await until(lambda: bool(slow.requests) and len(quick.stored) == size)
        more = await scene.grow(1)
        scene.clock.now += timedelta(seconds=2)
        await until(lambda: len(quick.stored) == more)


async def test_silent_places_of_one_tenant_leave_room_for_another(scene: Scene, listen: Listen) -> None:
    silent, quick = OtlpDouble(is_quick=False), ElasticDouble()
    listen(silent)
    listen(quick)
    for _ in range(siem.DESTINATIONS_MAX):
        await scene.add(siem.Kind.OTLP, silent.url)
    await scene.sequencer.sequence(TENANT)
    place = siem.Place(url=quick.url, credential="id:secret")
    wanted = siem.Wanted(kind=siem.Kind.ELASTIC, format=siem.Format.NATIVE, place=place)
    scene.clock.now += timedelta(seconds=1)  # the other is the last in the queue
    async with scene.db.transaction(OTHER) as tx:
        await siem.add(tx, scene, wanted, actor="ky_1")
    await scene.sequencer.sequence(OTHER)
    try:
        async with exporting(scene):
            await until(lambda: len(quick.stored) == 1)
    finally:
        silent.thinks.set()
