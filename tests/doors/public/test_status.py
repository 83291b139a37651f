"""The status page: what it shows, what it never runs, and what it says when it cannot know."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import httpx2
import pytest

from doors.rest.scene import FakeClock, calls
from gatepost.doors.public import status as page
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust import incidents, probes, status
from gatepost.trust.caught import Book
from gatepost.trust.held import Held
from gatepost.trust.incidents import Impact, State
from gatepost.trust.uptime import Component, Pace, Sample

STRANGE = '<script>alert(1)</script> & "quotes" \x0b'


@pytest.fixture
async def client(house: House, clock: FakeClock) -> AsyncIterator[httpx2.AsyncClient]:
    async with house.db.transaction(TRUST) as tx:  # the tests of this folder share one database
        await tx.run("delete from status_sample where tenant = %(tenant)s")
        await tx.run("delete from status_hour where tenant = %(tenant)s")
    seen = [
        Sample(component=each, at=clock(), is_up=each is not Component.POLICY, latency_ms=12, reason="")
        for each in Component
    ]
    await probes.keep(house, seen, Pace())
    async with calls(page.build(house, name="Lanternpost", pace=Pace(), held=Held(house.blobs)), None) as made:
        yield made


async def incident(house: House, clock: FakeClock, **changes: object) -> str:
    identifier = incidents.new_id(house.entropy)
    given: dict[str, object] = {
        "name": STRANGE,
        "state": State.INVESTIGATING,
        "impact": Impact.MAJOR,
        "body": STRANGE,
        "at": clock(),
        "components": [Component.REST],
    }
    fact = incidents.opened(identifier, **{**given, **changes})  # type: ignore[arg-type]  # as each test wants it
    await status.say(house.db, fact, entropy=house.entropy)
    clock.now += page.FRESH
    return identifier


async def test_the_page_runs_nothing_and_shows_each_part(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/status")
    assert answer.status_code == 200
    assert "script" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.text.count("<svg") == 5
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "major outage" in answer.text


async def test_what_is_said_is_shown_as_text(house: House, clock: FakeClock, client: httpx2.AsyncClient) -> None:
    identifier = await incident(house, clock)
    for path in ("/status", f"/status/incidents/{identifier}"):
        text = (await client.get(path)).text
        assert "&lt;script&gt;" in text
        assert "<script" not in text
    feed = (await client.get("/status/history.atom")).content
    titles = [each.text for each in ET.fromstring(feed).iter("{http://www.w3.org/2005/Atom}title")]  # noqa: S314  # our own
    assert STRANGE.strip("\x0b ") in titles


async def test_the_pages_grow_old_with_their_samples(clock: FakeClock, client: httpx2.AsyncClient) -> None:
    now = (await client.get("/api/v2/summary.json")).json()
    assert {each["id"]: each["status"] for each in now["components"]}["smtp"] == "operational"
    clock.now += timedelta(minutes=3)
    late = (await client.get("/api/v2/summary.json")).json()
    assert {each["status"] for each in late["components"]} == {"major_outage"}
    assert late["status"]["indicator"] == "critical"
    assert late["page"]["updated_at"] == now["page"]["updated_at"]


async def test_every_answer_of_the_format_is_there_and_no_other(client: httpx2.AsyncClient) -> None:
    for name in ("summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances"):
        answer = await client.get(f"/api/v2/{name}.json")
        assert answer.json()["page"]["name"] == "Lanternpost"
        assert answer.headers["content-type"] == "application/json"
    for path in ("/api/v2/nothing.json", "/api/v2/", "/status/incidents/in_none"):
        assert (await client.get(path)).status_code == 404
    assert (await client.post("/status/echo", content=b"{}")).status_code == 204


async def test_maintenance_is_upcoming_then_active(house: House, clock: FakeClock, client: httpx2.AsyncClient) -> None:
    window = (clock() + timedelta(hours=1), clock() + timedelta(hours=2))
    identifier = await incident(house, clock, state=State.SCHEDULED, impact=Impact.MAINTENANCE, window=window)
    (row,) = (await client.get("/api/v2/scheduled-maintenances/upcoming.json")).json()["scheduled_maintenances"]
    assert (row["id"], row["status"], row["impact"]) == (identifier, "scheduled", "maintenance")
    assert row["scheduled_for"] < row["scheduled_until"]
    planned = await status.read_incident(house, identifier)
    assert planned is not None
    fact = incidents.updated(planned, state=State.IN_PROGRESS, body="Begun.", at=clock())
    await status.say(house.db, fact, entropy=house.entropy)
    clock.now += page.FRESH
    (row,) = (await client.get("/api/v2/scheduled-maintenances/active.json")).json()["scheduled_maintenances"]
    assert row["status"] == "in_progress"
    components = (await client.get("/api/v2/components.json")).json()["components"]
    assert {each["id"]: each["status"] for each in components}["rest"] == "under_maintenance"
    over = await status.read_incident(house, identifier)
    assert over is not None
    fact = incidents.updated(over, state=State.COMPLETED, body="Done.", at=clock())
    await status.say(house.db, fact, entropy=house.entropy)


async def test_errors_nobody_expected_are_counted_and_not_quoted(
    house: House, clock: FakeClock, client: httpx2.AsyncClient
) -> None:
    assert "No error that nobody expected" in (await client.get("/status")).text
    book = Book(clock)
    book.note(ValueError(STRANGE), "job.failed")
    await book.write(house.db)
    clock.now += page.FRESH
    text = (await client.get("/status")).text
    assert "in the last 24 hours: 1 kind." in text


async def test_who_looks_for_a_page_that_is_none_is_led_back(client: httpx2.AsyncClient) -> None:
    for path in ("/status/incidents/in_none", "/status/nothing"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, page.HTML)
        assert '<a href="/status">' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_pages_that_are_written_out_lead_to_one_another_in_any_folder(house: House, clock: FakeClock) -> None:
    identifier = await incident(house, clock)
    now = await status.read_status(house, Pace())
    one = next(each for each in now.incidents if each.id == identifier)
    pages = {
        "status/index.html": page.page_html("Lanternpost", now, page.Links("../", "/index.html", "")),
        f"status/incidents/{identifier}/index.html": page.incident_html(
            one, page.Links("../../../", "/index.html", "")
        ),
    }
    led = {
        urljoin(f"file:///srv/{path}", link).removeprefix("file:///srv/")
        for path, html in pages.items()
        for link in re.findall(r'href="([^"]+)"', html.decode())
    }
    assert {each for each in led if each.endswith(".html") and ("status/index" in each or identifier in each)} == {
        *pages
    }
    assert {"status/history.atom", "api/v2/summary.json", "api/v2/uptime.json"} <= led
    assert not any(each.startswith("/") or "trust" in each for each in led)
    linked = page.page_html("Lanternpost", now, page.Links("../", "/index.html", "https://house.test/trust/"))
    assert b'href="https://house.test/trust/subscribe"' in linked
