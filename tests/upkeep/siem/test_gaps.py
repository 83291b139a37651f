"""Of each target: a log sent there, one event lost there, the target's own export held to the log, the gap named."""

import asyncio
import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gatepost.app.gaps import find_gaps
from gatepost.upkeep import siem
from record.papers import TENANT
from upkeep.siem.authority import issue
from upkeep.siem.receivers import DatadogDouble, Double, ElasticDouble, OtlpDouble, SplunkDouble
from upkeep.siem.scene import Scene

LOST = 3
Export = Callable[[], list[dict[str, Any]]]


def elsewhere(kind: siem.Kind) -> tuple[Double, Export]:
    """Return a double, and what writes its events as the tool behind it exports them, one to a line."""
    splunk, datadog, elastic, otlp = SplunkDouble(), DatadogDouble(), ElasticDouble(), OtlpDouble()
    both: dict[siem.Kind, tuple[Double, Export]] = {
        siem.Kind.SPLUNK: (
            splunk,
            lambda: [{"result": {"_raw": json.dumps(each["event"]), **each["fields"]}} for each in splunk.indexed],
        ),
        siem.Kind.DATADOG: (datadog, lambda: [{"attributes": {"attributes": each}} for each in datadog.logs]),
        siem.Kind.ELASTIC: (elastic, lambda: [{"_id": at, "_source": each} for at, each in elastic.stored.items()]),
        siem.Kind.OTLP: (
            otlp,
            lambda: [{"resourceLogs": [{"scopeLogs": [{"logRecords": [each]}]}]} for each in otlp.records],
        ),
    }
    return both[kind]


@pytest.mark.parametrize("spelled", siem.Format)
@pytest.mark.parametrize("kind", [each for each in siem.Kind if each is not siem.Kind.SYSLOG])
async def test_a_gap_is_named(
    kind: siem.Kind, spelled: siem.Format, scene: Scene, listen: Callable[[Double], Double]
) -> None:
    double, exported = elsewhere(kind)
    listen(double)
    url = double.url + ("/api/v2/logs" if kind is siem.Kind.DATADOG else "")
    credential = "id:secret" if kind is siem.Kind.ELASTIC else "secret"
    await scene.add(kind, url, spelled=spelled, credential=credential)
    size = await scene.grow(6)
    await scene.export()
    lines = [json.dumps(each) for each in exported()]
    assert (await find_gaps(scene.db, TENANT, lines)).is_whole
    found = await find_gaps(scene.db, TENANT, lines[:LOST] + lines[LOST + 1 :])
    assert (found.missing, found.missing_count, found.present) == ([(LOST, LOST)], 1, size - 1)


def altered(value: Any) -> Any:
    """Return an event with one word of its entry changed, wherever a copy of it stands; its marks are left alone."""
    if isinstance(value, str):
        return value.replace("nowhere.example", "elsewhere.example").replace("rule.matched", "rule.missed")
    if isinstance(value, list):
        return [altered(each) for each in value]
    return {name: altered(each) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("spelled", siem.Format)
@pytest.mark.parametrize("kind", [each for each in siem.Kind if each is not siem.Kind.SYSLOG])
async def test_what_was_changed_or_repeated_there_is_named(
    kind: siem.Kind, spelled: siem.Format, scene: Scene, listen: Callable[[Double], Double]
) -> None:
    double, exported = elsewhere(kind)
    listen(double)
    url = double.url + ("/api/v2/logs" if kind is siem.Kind.DATADOG else "")
    credential = "id:secret" if kind is siem.Kind.ELASTIC else "secret"
    await scene.add(kind, url, spelled=spelled, credential=credential)
    size = await scene.grow(6)
    await scene.export()
    lines = [json.dumps(each) for each in exported()]
    sound = await find_gaps(scene.db, TENANT, lines)
    assert (sound.is_whole, sound.read, sound.repeated) == (True, size, 0)
    other = json.dumps(altered(json.loads(lines[LOST])))
    assert other != lines[LOST]
    found = await find_gaps(scene.db, TENANT, [*lines[:LOST], other, *lines[LOST + 1 :], lines[0]])
    assert (found.changed, found.repeats, found.present) == ([LOST], [0], size - 1)


@pytest.mark.parametrize("kind", [each for each in siem.Kind if each is not siem.Kind.SYSLOG])
async def test_an_order_of_its_own_and_a_strangers_events_hide_nothing(
    kind: siem.Kind, scene: Scene, listen: Callable[[Double], Double]
) -> None:
    double, exported = elsewhere(kind)
    listen(double)
    url = double.url + ("/api/v2/logs" if kind is siem.Kind.DATADOG else "")
    credential = "id:secret" if kind is siem.Kind.ELASTIC else "secret"
    await scene.add(kind, url, credential=credential)
    size = await scene.grow(6)
    await scene.export()
    lines = [json.dumps(each) for each in exported()]
    strangers = [line.replace(f"/t/{TENANT}", "/t/tn_stranger") for line in lines]
    assert strangers[LOST] != lines[LOST]
    mixed = [*reversed(lines[LOST + 1 :]), *strangers, *reversed(lines[:LOST])]
    found = await find_gaps(scene.db, TENANT, mixed)
    assert (found.missing, found.present, found.foreign) == ([(LOST, LOST)], size - 1, size)
    assert found.changed == found.unknown == found.repeats == []


async def test_a_gap_is_named_in_a_file_of_syslog(scene: Scene, tmp_path: Path) -> None:
    received: list[str] = []
    ended = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                length = int(await reader.readuntil(b" "))
                received.append((await reader.readexactly(length)).decode() + "\n")
        writer.close()
        ended.set()

    authority = issue(tmp_path)
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=trust) as server:
        port = server.sockets[0].getsockname()[1]
        await scene.add(siem.Kind.SYSLOG, f"tls://localhost:{port}", ca=authority, credential="")
        size = await scene.grow(6)
        await scene.export()
        async with asyncio.timeout(60):
            await ended.wait()
    assert len(received) == size
    assert (await find_gaps(scene.db, TENANT, received)).is_whole
    found = await find_gaps(scene.db, TENANT, received[:LOST] + received[LOST + 1 :])
    assert found.missing == [(LOST, LOST)]
    other = received[LOST].replace("rule.matched", "rule.missed")
    found = await find_gaps(scene.db, TENANT, [*received[:LOST], other, *received[LOST + 1 :]])
    assert (found.changed, found.read) == ([LOST], size - 1)
    cut = [line[: line.index('"leaf":') + 20] for line in received]
    assert ((found := await find_gaps(scene.db, TENANT, cut)).is_whole, found.read) == (True, 0)
