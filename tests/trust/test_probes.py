import asyncio
import inspect
import re
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId
from gatepost.trust import Canary, Endpoint, probes, status, status_store, store
from gatepost.trust.probes import COMPONENT, Rounds, measured
from gatepost.trust.uptime import REASONS, Component, Pace, hours_of
from record.papers import TENANT
from trust.scene import Scene


async def nothing() -> str:
    return ""


def rounds(scene: Scene, port: int) -> Rounds:
    return Rounds(
        house=scene.house,
        canary=Canary(tenant=TenantId(TENANT), address="probe@canary.test", act=nothing),
        smtp=Endpoint(door="smtp", host="127.0.0.1", port=port, tls=""),
        http=Endpoint(door="http", host="127.0.0.1", port=port, tls=""),
        hook=None,
        pace=Pace(every_s=60, trip_s=0.3),
    )


async def test_doors_that_nobody_opens_are_out_after_two_trips(scene: Scene) -> None:
    seen = {each.component: each.reason for each in await rounds(scene, 1).once()}
    assert seen == dict.fromkeys([each for each in Component if each is not Component.WEBHOOK], "door.unreachable")


async def test_a_door_that_says_nothing_is_out_when_the_time_is_over(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel takes the call, and nobody answers
        seen = await rounds(scene, silent.getsockname()[1]).once()
    assert not any(each.is_up for each in seen)
    assert {each.reason for each in seen} <= {"answer.late", "door.unreachable"}
    assert all(each.latency_ms >= 250 for each in seen)


async def test_an_api_that_answers_without_being_ready_is_out(scene: Scene) -> None:
    async def unready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(unready, "127.0.0.1", 0) as server:
        seen = await rounds(scene, server.sockets[0].getsockname()[1]).once()
    assert next(each.reason for each in seen if each.component is Component.REST) == "api.not_ready"


async def test_rounds_go_on_until_they_are_stopped_and_keep_what_they_saw(scene: Scene) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(15), asyncio.TaskGroup() as group:
        group.create_task(replace(rounds(scene, 1), pace=Pace(every_s=0.01, trip_s=0.3)).run(stop))
        await asyncio.sleep(0.3)
        stop.set()
    async with scene.house.db.transaction(TenantId("trust")) as tx:
        newest = await status_store.newest(tx, scene.clock())
    assert set(newest) == {Component.SMTP, Component.POLICY, Component.RECORD, Component.REST}
    assert measured(hours_of(newest.values()))["every_s"] == 1  # whole seconds: less is not told apart


async def test_an_outage_of_the_database_is_kept_once_it_is_back(scene: Scene, app_dsn: str) -> None:
    probing = rounds(scene, 1)
    async with Database.open(app_dsn, scene.house.db.keys) as away:
        pass
    without = replace(probing, house=replace(scene.house, db=away))  # the same rounds, and what they have not kept
    times = []
    for _ in range(3):
        times.append(scene.clock())
        with pytest.raises(DatabaseUnavailableError):
            await without.once()
        scene.clock.now += timedelta(minutes=1)
    await probing.once()
    assert not probing.unkept
    async with scene.house.db.transaction(TenantId("trust")) as tx:
        kept = await status_store.samples(tx, times[0], scene.clock())
        changed = await store.history(tx, f"{COMPONENT}{Component.REST.value}", limit=5)
    assert [each.at for each in kept if each.component is Component.REST] == times
    assert len(changed) == 1  # down once, when it went down


def test_each_reason_of_a_part_has_words_for_people() -> None:
    codes = set[str]()
    for module in (probes, status):
        codes |= set(re.findall(r'(?:TripError\(|return |, )"([a-z]+\.[a-z_]+)"', inspect.getsource(module)))
    assert {"webhook.not_taken", "answer.late", "probe.silent", "answer.slow"} <= codes
    assert codes - {probes.CHANGED} <= REASONS.keys()
