from xml.etree import ElementTree as ET

from doors.public.test_status_json import AT, status
from gatepost.doors.public import status_atom, status_json

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
