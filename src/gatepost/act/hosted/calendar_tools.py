"""The calendar's tools: when it is busy, which times could be proposed, and booking one of them."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from gatepost.act.hosted import calendars
from gatepost.act.hosted.calendars import Calendar, CalendarError, Period
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result
from gatepost.act.hosted.tools import Tool
from gatepost.decide import capabilities
from gatepost.record.paper import Json

Reach = Callable[[Calendar, Call, str, str, bytes], Awaitable[tuple[int, bytes]]]
"""Sends method, path below the collection and body; status 0 where nobody answered (``client.reach_calendar``)."""

_NAME: dict[str, Any] = {"type": "string", "maxLength": 48}
_TIME: dict[str, Any] = {"type": "string", "maxLength": 40}


def calendar_tools(known: Mapping[str, Calendar], reach: Reach) -> list[Tool]:
    """Return the tools; none where no calendar is declared. Which calendars an agent may name, its limits say."""
    if not known:
        return []
    desk = _Calendars(known, reach)
    times = {"calendar": _NAME, "start": _TIME, "end": _TIME}
    minutes = {"type": "integer", "minimum": 5, "maximum": 1_440}
    return [
        _tool("calendar_busy", "Tell when a calendar is busy between two RFC 3339 times.", times,
              capabilities.CALENDAR_READ, Label.SENDER, desk.busy),
        _tool("calendar_propose", "Find up to five free times of a length; nothing is booked.",
              {**times, "minutes": minutes}, capabilities.CALENDAR_PROPOSE, Label.SENDER, desk.propose),
        _tool("calendar_confirm", "Book a time in a calendar; nobody is invited.",
              {**times, "title": {"type": "string", "minLength": 1, "maxLength": 200}},
              capabilities.CALENDAR_CONFIRM, Label.SENDER, desk.confirm),
    ]  # fmt: skip


def _tool(
    name: str,
    description: str,
    properties: dict[str, Any],
    capability: str,
    accepts: Label,
    run: Callable[[Call], Awaitable[Result]],
) -> Tool:
    return Tool(
        name=name,
        description=description,
        schema={
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
        capability=capability,
        accepts=accepts,
        run=run,
        bounds={"calendar": "calendars"},
        is_repeatable=True,
    )


class _Calendars:
    """Does what the tools say."""

    def __init__(self, known: Mapping[str, Calendar], reach: Reach) -> None:
        self._known = known
        self._reach = reach

    async def busy(self, call: Call) -> Result:
        """Ask the server."""
        try:
            _, found = await self._asked(call)
        except CalendarError as error:
            return _failed(error)
        return Result(value={"busy": [_spelled(each) for each in found]})

    async def propose(self, call: Call) -> Result:
        """Ask the server, and look for gaps."""
        try:
            period, found = await self._asked(call)
        except CalendarError as error:
            return _failed(error)
        slots = calendars.free(found, period, timedelta(minutes=int(str(call.arguments["minutes"]))))
        return Result(value={"free": [_spelled(each) for each in slots]})

    async def confirm(self, call: Call) -> Result:
        """Put the event there under a name made of the call's key: a repetition finds it and books nothing."""
        try:
            calendar, period = self._named(call)
        except CalendarError as error:
            return _failed(error)
        uid = hashlib.sha256(call.key.encode()).hexdigest()[:32]
        body = calendars.event(uid, period, str(call.arguments["title"]), at=call.at)
        status, _ = await self._reach(calendar, call, "PUT", f"{uid}.ics", body)
        if status in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.OK, HTTPStatus.PRECONDITION_FAILED}:
            return Result(value={"booked": _spelled(period)})
        return Result(value={"reason": "calendar.refused" if status else "calendar.unreachable"}, is_error=True)

    async def _asked(self, call: Call) -> tuple[Period, list[Period]]:
        calendar, period = self._named(call)
        status, answer = await self._reach(calendar, call, "REPORT", "", calendars.free_busy_query(period))
        if status != HTTPStatus.OK:
            raise CalendarError("calendar.refused" if status else "calendar.unreachable")
        return period, calendars.busy(answer, period)

    def _named(self, call: Call) -> tuple[Calendar, Period]:
        calendar = self._known.get(str(call.arguments["calendar"]))
        if calendar is None:
            raise CalendarError("calendar.unknown")
        return calendar, calendars.period_of(str(call.arguments["start"]), str(call.arguments["end"]))


def _spelled(period: Period) -> Json:
    return {"start": period[0].isoformat(), "end": period[1].isoformat()}


def _failed(error: CalendarError) -> Result:
    return Result(value={"reason": str(error)}, is_error=True)
