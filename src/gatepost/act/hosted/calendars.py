"""Calendars over CalDAV (RFC 4791): when they are busy, which times are free, and one event to put there. Pure.

Only times come back from a calendar, never what an event is called: times cannot tell a model what to do.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gatepost.egress import read_url

RANGE_MAX = timedelta(days=62)
SLOTS_MAX = 5
_STEP = timedelta(minutes=15)
_PERIODS_MAX = 5_000
_FREEBUSY = re.compile(r"FREEBUSY(?:;[^:\r\n]*)?:([0-9TZPDHMSW/,+]*)", re.IGNORECASE | re.ASCII)
_FREE = re.compile(r";FBTYPE=FREE\b", re.IGNORECASE)
_DURATION = re.compile(r"P(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,4})H)?(?:([0-9]{1,4})M)?(?:[0-9]+S)?)?")

Period = tuple[datetime, datetime]


class CalendarError(ValueError):
    """A declaration, a range or an answer that cannot be used; the text says why, without the values."""


def _url(text: str) -> str:
    read_url(text)
    return text


class Calendar(BaseModel):
    """One collection, as the operator declares it; ``password_file`` holds the password of ``user``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
    url: Annotated[str, Field(max_length=2_000), AfterValidator(_url)]
    user: Annotated[str, Field(max_length=200)] = ""
    password_file: str = ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: tuple[Calendar, ...] = Field(default=(), max_length=100)


def read_calendars(text: str) -> dict[str, Calendar]:
    """Read the text of a TOML file of tables ``[[calendar]]``, by name; raises ``CalendarError``."""
    try:
        found = _File.model_validate(tomllib.loads(text)).calendar
    except ValidationError as error:
        fault = error.errors(include_input=False, include_context=False, include_url=False)[0]
        raise CalendarError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise CalendarError(str(error)) from None
    named = {each.name: each for each in found}
    if len(named) < len(found):
        raise CalendarError("two calendars have one name")
    return named


def period_of(start: str, end: str) -> Period:
    """Read two RFC 3339 times; raises ``CalendarError`` where one has no offset, or they make no range we ask for."""
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
        if first.tzinfo is None or last.tzinfo is None:
            raise CalendarError("a time needs its offset, such as 2026-11-21T10:00:00+01:00")
        first, last = first.astimezone(UTC), last.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, CalendarError) else CalendarError("a time cannot be read") from None
    if not timedelta(0) < last - first <= RANGE_MAX:
        raise CalendarError("the end must come after the start, at most 62 days")
    return first, last


def free_busy_query(period: Period) -> bytes:
    """Return the REPORT's body (RFC 4791 section 7.10)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
        f'<C:time-range start="{_spell(period[0])}" end="{_spell(period[1])}"/></C:free-busy-query>'
    ).encode()


def busy(answer: bytes, period: Period) -> list[Period]:
    """Return when a VFREEBUSY (RFC 5545 section 3.6.4) says busy within a period, merged and in order.

    Raises:
        CalendarError: it is none, or of unbounded length.
    """
    text = re.sub(r"\r?\n[ \t]", "", answer.decode("utf-8", "replace"))
    if "BEGIN:VCALENDAR" not in text.upper():
        raise CalendarError("the answer is no calendar")
    found: list[Period] = []
    for line in text.splitlines():
        said = _FREEBUSY.fullmatch(line)
        if said is None or _FREE.search(line.partition(":")[0]):
            continue
        for one in filter(None, said[1].split(",")):
            first, last = _period(one)
            if first < period[1] and last > period[0]:
                found.append((max(first, period[0]), min(last, period[1])))
            if len(found) > _PERIODS_MAX:
                raise CalendarError("the answer is too long")
    return _merged(found)


def free(busy_periods: Iterable[Period], period: Period, length: timedelta) -> list[Period]:
    """Return the first free times of a length that begin on a quarter of an hour, none overlapping another."""
    slots: list[Period] = []
    cursor = _next_quarter(period[0])
    for first, last in [*busy_periods, (period[1], period[1])]:
        while len(slots) < SLOTS_MAX and cursor + length <= first:
            slots.append((cursor, cursor + length))
            cursor = _next_quarter(cursor + length)
        cursor = max(cursor, _next_quarter(last))
    return slots


def event(uid: str, period: Period, title: str, *, at: datetime) -> bytes:
    """Return one event as iCalendar (RFC 5545), nobody invited.

    Whatever any reader might take for the end of a line, beyond the CRLF of section 3.1, becomes an escaped one: no
    title begins a property of its own.
    """
    escaped = re.sub(r"([\\;,])", r"\\\1", title)
    escaped = re.sub(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", r"\\n", escaped)
    escaped = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", escaped)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Gatepost//Agents//EN", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{_spell(at)}", f"DTSTART:{_spell(period[0])}", f"DTEND:{_spell(period[1])}", f"SUMMARY:{escaped}",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(map(_folded, lines)).encode()


def _folded(line: str) -> str:
    """Fold a line to 75 octets (RFC 5545 section 3.1): at 18 characters of at most four octets each, to be sure."""
    if line.isascii() and len(line) <= 75:  # noqa: PLR2004  # the RFC's number
        return line
    return "\r\n ".join(line[place : place + 18] for place in range(0, len(line), 18))


def _spell(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _period(text: str) -> Period:
    first, _, last = text.partition("/")
    try:
        start = datetime.strptime(first, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if not last.startswith("P"):
            return start, datetime.strptime(last, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        read = _DURATION.fullmatch(last)
        weeks, days, hours, minutes = (int(each or 0) for each in read.groups()) if read else (0, 0, 0, 0)
        return start, start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except (ValueError, OverflowError) as error:
        raise CalendarError("the answer has a period that cannot be read") from error


def _merged(periods: list[Period]) -> list[Period]:
    merged: list[Period] = []
    for first, last in sorted(periods):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _next_quarter(at: datetime) -> datetime:
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at if not past else at - past + _STEP
