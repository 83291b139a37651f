from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree as ET

from doors.public.test_status_json import AT, status
from gatepost.doors.public import status_atom, status_json
from gatepost.trust.incidents import State
from gatepost.trust.status import Status
from gatepost.trust.uptime import Day

ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_has_what_every_feed_and_entry_must_have() -> None:
    now = status()
    feed = ET.fromstring(status_atom.feed(status_json.page_of("n", "https://x.example/status", now), now))  # noqa: S314  # our own
    for place in (feed, feed.find(f"{ATOM}entry")):
        assert place is not None
        assert all(
            place.find(f"{ATOM}{name}") is not None for name in ("id", "title", "updated")
        )  # RFC 4287 section 4.1
    assert feed.findtext(f"{ATOM}updated") == "2026-11-20T14:00:00Z"
    assert feed.findtext(f"{ATOM}id") == "tag:n,2026:status"
    assert feed.findtext(f"{ATOM}entry/{ATOM}id") == "tag:n,2026:status/in_one"
    assert AT.year == 2026


def test_a_feed_without_entries_is_as_old_as_our_looking() -> None:
    now = replace(status(), incidents=())
    assert updated(now) == "2026-11-20T12:00:00Z", "nobody has looked on any day yet"
    day = Day(day=date(2026, 11, 18), probes=5, up=5)
    watched = replace(now, parts=(replace(now.parts[0], days=(replace(day, probes=0, day=date(2026, 11, 17)), day)),))
    assert updated(watched) == "2026-11-18T00:00:00Z"


def test_planned_maintenance_says_when_it_is() -> None:
    now = status()
    first = replace(now.incidents[0].updates[0], state=State.SCHEDULED)
    disks = replace(now.incidents[0], updates=(first,), scheduled_for=AT, scheduled_until=AT + timedelta(hours=2))
    planned = replace(now, incidents=(disks,))
    feed = ET.fromstring(status_atom.feed(status_json.page_of("n", "https://x.example/status", planned), planned))  # noqa: S314  # our own
    said = feed.findtext(f"{ATOM}entry/{ATOM}content") or ""
    assert said.startswith("Planned: 2026-11-20 12:00 to 2026-11-20 14:00 UTC\n")


def updated(now: Status) -> str | None:
    octets = status_atom.feed(status_json.page_of("n", "https://x.example/status", now), now)
    return ET.fromstring(octets).findtext(f"{ATOM}updated")  # noqa: S314  # our own
