"""Who approves is asked in few mails, however much waits: what waits together is told together."""

import re
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost import access, journey
from gatepost.access import Person
from gatepost.act import hosted, petition, trouble
from gatepost.deliver import ask, link
from gatepost.deliver.traffic import CROWDED, FIRST, PATIENCE_S
from gatepost.ids import HoldId
from gatepost.jobs import Promise, TryAgainError
from gatepost.mail.address import Address
from journeys.scene import Scene
from journeys.test_hold import NO, YES
from journeys.test_ruled_late import held_mail, obey
from outbound import TENANT, Sink, job


async def officer(scene: Scene) -> Person:
    scene.house = replace(scene.house, public_url="https://mail.gatepost.test/")
    await obey(scene, action="hold")
    async with scene.house.db.transaction(TENANT) as tx:
        who = Address.parse("officer@example.org")
        return await access.add_person(tx, who, access.Role.APPROVER, at=scene.clock.now, entropy=scene.house.entropy)


async def promises(scene: Scene) -> list[Promise]:
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all(
            "select kind, key, body from job where tenant = %(tenant)s and kind = %(kind)s order by id", kind=ask.ASK
        )
    return [Promise(row.kind, row.key, row.body) for row in rows]


async def keep(scene: Scene, promised: Promise) -> None:
    await journey.outgoing(scene.house)[ask.ASK](job(promised))


def told(scene: Scene, content: bytes) -> list[HoldId]:
    tokens = re.findall(rb"https://mail.gatepost.test/approve/(\S+)", content)
    found = [link.read(each.decode(), scene.house.keyring, now=scene.clock.now) for each in tokens]
    return [each.hold for each in found if each]


async def test_what_waits_together_is_told_in_one_mail_with_a_link_to_each(
    scene: Scene, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "TOLD_MAX", 3)
    await officer(scene)
    waiting = [await held_mail(scene) for _ in range(5)]
    await journey.release(TENANT, waiting[1], NO, scene.house, digest=None)
    made = await promises(scene)
    assert len({each.key for each in made}) == 1, "one after the other, so that the first tells of all"
    for each in made:
        await keep(scene, each)
        scene.clock.move(ask.APART)
    assert [told(scene, mail.content) for mail in sink.mails] == [[waiting[0], *waiting[2:4]], [waiting[4]]]
    assert b"Subject: 3 messages wait for your word" in sink.mails[0].content
    assert b"Subject: A message waits for your word" in sink.mails[1].content
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select 1 from consequence where tenant = %(tenant)s and action = 'hold.ask'")
    assert len(rows) == 4, "each has its entry"


async def test_the_more_mails_a_person_had_the_longer_the_next_waits(scene: Scene, sink: Sink) -> None:
    await officer(scene)
    for count in range(4):
        late = [await held_mail(scene) for _ in range(2)]
        *_, first, second = await promises(scene)
        if count:
            with pytest.raises(TryAgainError, match=r"asked\.lately") as again:
                await keep(scene, first)
            assert again.value.at - scene.clock.now == count * ask.APART
            scene.clock.now = again.value.at
        await keep(scene, first)
        await keep(scene, second)
        assert (len(sink.mails), told(scene, sink.mails[-1].content)) == (count + 1, late)
    scene.clock.move(ask.HOUR)
    await held_mail(scene)
    await keep(scene, (await promises(scene))[-1])
    assert len(sink.mails) == 5, "an hour later nothing is held against anybody"


async def test_what_a_person_may_not_rule_on_takes_no_place(
    scene: Scene, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "TOLD_MAX", 1)
    await officer(scene)
    async with scene.house.db.transaction(TENANT) as tx:
        boss = await access.add_person(
            tx, Address.parse("boss@example.org"), access.Role.OWNER, at=scene.clock.now, entropy=scene.house.entropy
        )
    waiting = await held_mail(scene)
    for each in await promises(scene):
        await keep(scene, each)
    assert [mail.rcpt_tos for mail in sink.mails] == [["officer@example.org"]]
    assert boss.id in {each.body["person"] for each in await promises(scene)}
    done = await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    assert done.recorded.decision.reason == "hold.approved"


async def test_whose_server_has_no_room_is_asked_shortly_after_and_nothing_is_noted(scene: Scene, sink: Sink) -> None:
    await officer(scene)
    await held_mail(scene)
    [promised] = await promises(scene)
    async with AsyncExitStack() as stack:
        for _ in range(FIRST):
            await stack.enter_async_context(scene.house.traffic.toward(f"127.0.0.1:{sink.port}"))
        scene.house.traffic._clock = lambda: time.monotonic() + PATIENCE_S  # nobody answered since
        with pytest.raises(TryAgainError) as crowded:
            await keep(scene, promised)
    assert crowded.value.reason == CROWDED
    assert crowded.value.at - scene.clock.now < timedelta(minutes=1)
    await keep(scene, promised)
    assert len(sink.mails) == 1


async def test_a_server_that_hangs_holds_up_no_ends_of_waits(scene: Scene) -> None:
    """Questions to people took the places of all other work; one kind alone could fill them."""
    kept_apart = journey.outgoing(scene.house)
    assert {ask.ASK, hosted.ASK, petition.ASK, trouble.ALERT} <= set(kept_apart)
    assert not set(kept_apart) & set(journey.handlers(scene.house))
