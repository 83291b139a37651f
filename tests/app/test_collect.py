import asyncio
import os
import re
import resource
from dataclasses import replace
from pathlib import Path

from app.running import Http, Smtp, Up, settings_in, up
from gatepost.app.administer import add_domain, add_tenant
from gatepost.app.collect import family, metrics
from gatepost.db import Database
from gatepost.doors.metrics import render
from gatepost.journey import House

LINE = re.compile(r'(gatepost_[a-z_]+)(?:\{((?:[a-z]+="[A-Za-z0-9._+]+",?)*)\})? ([0-9.e+-]+|nan)')


def parsed(text: str) -> dict[tuple[str, str], float]:
    """Read the text as Prometheus does; a line that it could not read fails."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        assert match, line
        found[match[1], match[2] or ""] = float(match[3])
    return found


def workers_of(pid: int) -> list[int]:
    return [each for each in family(pid) if b"gatepost.app.worker" in Path(f"/proc/{each}/cmdline").read_bytes()]


async def scrape(port: int) -> dict[tuple[str, str], float]:
    client = await Http.connect(port, tls=False)
    status, headers, body = await client.get("/metrics")
    await client.close()
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    return parsed(body)


async def test_a_house_at_work_tells_what_it_did_and_nothing_of_whom(tmp_path: Path, app_dsn: str) -> None:
    async with up(settings_in(tmp_path), app_dsn) as here:
        tenant = await add_tenant(here.house, name="one", plan="free")
        await add_domain(here.house, tenant.id, "one.test")
        client = await Smtp.connect(here.running.smtp_port)
        await client.say("EHLO client.example")
        await client.say("MAIL FROM:<a@example.org>")
        assert (await client.say("RCPT TO:<nobody@one.test>")).startswith("550 ")
        await client.say("RCPT TO:<postmaster@one.test>")
        await client.say("DATA")
        assert (await client.say("From: a@example.org\r\n\r\nHello.\r\n.")).startswith("250 ")
        async with asyncio.timeout(10):
            while (found := await scrape(here.running.metrics_port))["gatepost_log_entries_waiting", ""]:  # noqa: ASYNC110  # a row
                await asyncio.sleep(0.1)
        label = 'direction="inbound",disposition="deliver",reason="postmaster.open"'
        assert found["gatepost_messages_total", label] == 1
        assert found["gatepost_smtp_refusals_total", 'reason="recipient.unknown"'] == 1
        assert found["gatepost_smtp_sessions", ""] == 1
        assert found["gatepost_commit_messages_count", ""] == found["gatepost_commit_messages_bucket", 'le="1"'] == 1
        assert found["gatepost_message_seconds_sum", ""] > 0
        assert found["gatepost_database_up", ""] == 1
        for name in ("webhook_events_waiting", "webhook_lag_seconds", "webhook_events_dead", "webhooks_silent"):
            assert found[f"gatepost_{name}", ""] == 0
        for pool in ("accept", "app"):
            assert found["gatepost_database_requests_total", f'pool="{pool}"'] > 0
            assert found["gatepost_database_connections", f'pool="{pool}",state="idle"'] > 0
        assert found["gatepost_cpu_seconds_total", 'process="house"'] > 0
        assert found["gatepost_memory_octets", 'process="house"'] > 1_000_000
        assert sum(value for (name, _), value in found.items() if name == "gatepost_dns_questions_total") > 0
        text = "\n".join(f"{name}{labels}" for name, labels in found)
        assert not [word for word in ("one", "example", tenant.id, "postmaster@") if f'"{word}' in text]
        await client.close()


async def test_a_worker_short_of_files_shows_in_the_metrics_and_makes_the_house_unready(
    tmp_path: Path, app_dsn: str
) -> None:
    settings = settings_in(tmp_path)
    settings = replace(settings, smtp=replace(settings.smtp, workers=2))

    async def told(here: Up) -> tuple[float, int]:
        client = await Http.connect(here.running.http_port, tls=False)
        code, *_ = await client.get("/health/ready")
        await client.close()
        return (await scrape(here.running.metrics_port))["gatepost_files_used_up", ""], code

    async with up(settings, app_dsn) as here, asyncio.timeout(60):
        assert await told(here) == (0, 200)
        worker = workers_of(os.getpid())[0]
        before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (8, before[1]))
        while await told(here) != (1, 503):  # noqa: ASYNC110  # another process's
            await asyncio.sleep(0.1)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
        while await told(here) != (0, 200):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.1)


async def test_the_metrics_live_on_a_listener_of_their_own(tmp_path: Path, app_dsn: str) -> None:
    async with up(settings_in(tmp_path), app_dsn) as here:
        rest = await Http.connect(here.running.http_port, tls=False)
        assert (await rest.get("/metrics"))[0] == 404
        await rest.close()
        other = await Http.connect(here.running.metrics_port, tls=False)
        assert (await other.get("/api/openapi.json"))[0] == 404
        await other.close()


async def test_a_database_that_is_away_costs_its_own_lines_only(house: House, tmp_path: Path, app_dsn: str) -> None:
    async with Database.open(app_dsn) as away:
        pass
    found = parsed(render(await metrics(replace(house, db=away), tmp_path, {"house": [os.getpid()]})))
    assert found["gatepost_database_up", ""] == 0
    assert ("gatepost_jobs_waiting", "") not in found
    assert found["gatepost_files_open", 'process="house"'] > 0


async def test_a_process_that_has_ended_counts_as_nothing(house: House, tmp_path: Path) -> None:
    gone = 2**22 + 1  # beyond any process id
    found = parsed(render(await metrics(house, tmp_path, {"gone": family(gone)})))
    assert found["gatepost_memory_octets", 'process="gone"'] == 0


def test_children_belong_to_the_family() -> None:
    assert family(os.getpid())[0] == os.getpid()
