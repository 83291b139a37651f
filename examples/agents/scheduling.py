"""A scheduling assistant: who may propose a meeting and names a time gets it, or the next hour that is free.

GATEPOST_URL and GATEPOST_KEY say where the house is, CALENDAR is a CalDAV collection such as
http://user:password@localhost:5232/user/work/. The policy decides who may: only mail with the capability
``propose_meeting`` is listened to.
"""

import os
import re
from datetime import UTC, datetime, timedelta

import httpx2

from gatepost_client import Client, Event

CALENDAR = os.environ["CALENDAR"]  # noqa: TID251  # an example is its own program
HOUR, STAMP = timedelta(hours=1), "%Y%m%dT%H%M%SZ"
QUERY = """<c:calendar-query xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:d="DAV:"><d:prop><d:getetag/></d:prop>
<c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="VEVENT"><c:time-range start="{}" end="{}"/></c:comp-filter>
</c:comp-filter></c:filter></c:calendar-query>"""
MEETING = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:{}
DTSTAMP:{}
DTSTART:{}
DTEND:{}
SUMMARY:Meeting
END:VEVENT
END:VCALENDAR
"""


def is_free(dav: httpx2.Client, start: datetime) -> bool:
    """Ask the calendar about one hour (RFC 4791 section 7.8)."""
    query = QUERY.format(f"{start:{STAMP}}", f"{start + HOUR:{STAMP}}")
    answer = dav.request("REPORT", CALENDAR, content=query, headers={"Depth": "1", "Content-Type": "application/xml"})
    return "getetag" not in answer.raise_for_status().text


def handle(client: Client, dav: httpx2.Client, event: Event) -> None:
    """Book one meeting. A repetition writes the same entry and the same reply."""
    found = re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)", event.data["body_text"])
    if "propose_meeting" not in event.data["capabilities"] or found is None:
        return
    start = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    entry = f"{CALENDAR.rstrip('/')}/{event.message_id}.ics"
    if dav.get(entry).is_success:
        return  # booked before we were interrupted
    start = next(time for time in (start + number * HOUR for number in range(100)) if is_free(dav, time))
    stamps = [f"{time:{STAMP}}" for time in (datetime.now(UTC), start, start + HOUR)]  # noqa: TID251  # as above
    dav.put(entry, content=MEETING.format(event.message_id, *stamps).replace("\n", "\r\n")).raise_for_status()
    client.reply(event.message_id, f"It is in the calendar: {start:%Y-%m-%d %H:%M} UTC.")


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client, httpx2.Client() as dav:  # noqa: TID251  # as above
    cursor = client.latest_cursor()
    print("following", flush=True)
    for event in client.follow(cursor=cursor):
        if event.type == "email.received":
            handle(client, dav, event)
