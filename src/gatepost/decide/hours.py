"""Working hours: when the people behind a mailbox are there to look."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from gatepost.decide import shape
from gatepost.decide.nearest import nearest, nearest_clock
from gatepost.decide.shape import Faults, Parser

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,31}){0,2}", re.ASCII)
_OF_A_MACHINE = re.compile(r"localtime|posixrules|Factory|(?:posix|right)/.*", re.ASCII)
"""What a machine has beside the zones of the IANA database: another one reads other hours there, or leap seconds."""
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?00)?", re.ASCII)
_OFFSET_MAX = 12
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From ``start_min`` to before ``end_min``, in minutes of the local day, on ``days`` (Monday is 0).

    Where they end before they begin they last over midnight, and ``days`` are those on which they begin. What the
    clock says counts: an hour that a change of the clock leaves out is none, and one that comes twice is two.
    """

    zone: ZoneInfo
    days: frozenset[int]
    start_min: int
    end_min: int

    def include(self, at: datetime) -> bool:
        """Tell whether an aware time lies in them."""
        local = at.astimezone(self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start_min < self.end_min:
            return day in self.days and self.start_min <= minute < self.end_min
        if minute >= self.start_min:
            return day in self.days
        return minute < self.end_min and (day - 1) % len(DAYS) in self.days

    def example(self, near: datetime, *, is_inside: bool) -> datetime | None:
        """Return a time within them, or outside, in the week after an aware one; None where there is none."""
        local = near.astimezone(self.zone)
        edges = (local.replace(hour=minute // 60 % 24, minute=minute % 60) for minute in (self.start_min, self.end_min))
        times = (edge + timedelta(days=day) for edge in edges for day in range(len(DAYS)))
        return next((at for at in times if self.include(at) is is_inside), None)


def _zone(value: object, path: str, faults: Faults) -> str:
    if isinstance(value, str) and _ZONE.fullmatch(value) and not _OF_A_MACHINE.fullmatch(value):
        try:
            return ZoneInfo(value).key
        except (ValueError, OSError, LookupError):
            pass
    zones = sorted(name for name in available_timezones() if not _OF_A_MACHINE.fullmatch(name))
    near = (_by_offset(value) or nearest(value, zones)) if isinstance(value, str) else "Europe/Berlin"
    faults.tell(path, f"must be a time zone of the IANA database, such as {near}", near)
    return "UTC"


def _by_offset(value: str) -> str | None:
    """Return the zone of an offset in whole hours; the database has its sign the other way round, as POSIX does."""
    found = _OFFSET.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= _OFFSET_MAX:
        return None
    return f"Etc/GMT{'-' if found[1] == '+' else '+'}{int(found[2])}"


def clock_time(minutes: int) -> str:
    """Return minutes of a day as a policy writes them, such as ``08:30``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _clock(value: object, path: str, faults: Faults) -> int:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        hours, _, minutes = value.partition(":")
        return int(hours) * 60 + int(minutes)
    near = nearest_clock(value)
    faults.tell(path, f"must be a time of day such as {near or '08:30'}", near)
    return 0


_TIME_OF_DAY = Parser(_clock, {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"})
_FIELDS = shape.object_of(
    {
        "timeZone": Parser(_zone, {"type": "string"}),
        "days": shape.list_of(shape.word(*DAYS), least=1, most=len(DAYS)),
        "from": _TIME_OF_DAY,
        "to": _TIME_OF_DAY,
    },
    required=("timeZone", "days", "from", "to"),
)


def _working_hours(value: object, path: str, faults: Faults) -> object:
    told = len(faults.told)
    found: Any = _FIELDS(value, path, faults)
    if len(faults.told) == told and found["from"] == found["to"]:
        faults.tell(path, "must not end when they begin: a whole day is 00:00 to 24:00")
    return found


FIELDS = Parser(_working_hours, _FIELDS.schema)


def compile_hours(normal: dict[str, Any]) -> WorkingHours:
    """Return the hours that ``FIELDS`` has read."""
    days = frozenset(DAYS.index(day) for day in normal["days"])
    return WorkingHours(ZoneInfo(normal["timeZone"]), days, normal["from"], normal["to"])
