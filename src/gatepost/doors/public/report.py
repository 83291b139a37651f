"""The report form: anybody may say what they have found, without script, without an account. It opens a case.

Nothing they wrote is shown again, to them or to anybody: the answer is the case's reference and until when a person
takes it up. One address may send a few an hour, and the house takes only so many from all of them.
"""

from http import HTTPStatus
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.doors.limit import Rate
from gatepost.doors.public.form import Turnstile, again
from gatepost.doors.public.trust_view import View, page
from gatepost.trust import intake
from gatepost.trust.cases import Sort

PATH = "/trust/report"
FORM_MAX_OCTETS = 4 * intake.TEXT_MAX_CHARS
FIELDS_MAX = 8
RATE = Rate(per_second=1 / 600, burst=4)

log = structlog.get_logger()


class Report:
    """The form of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._turnstile = Turnstile(view.house.clock, RATE)

    async def form(self, _request: Request) -> Response:
        """An empty form."""
        return await self._form()

    async def take(self, request: Request) -> Response:
        """Take what was written."""
        wait_s = self._turnstile.take(request)
        if wait_s:
            return _later(wait_s)
        form = await _read(request)
        if form is None:
            return await self._form(
                "It is longer than a form may be; write a mail instead.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        if form.get("sort") not in set(Sort):
            return await self._form("Choose what it is about.", HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            text, reply_to = form.get("text", ""), form.get("reply_to", "")
            identifier = await intake.take_form(self._view.house, Sort(form["sort"]), text, reply_to)
        except intake.ReportError as error:
            return await self._form(f"{str(error).capitalize()}.", HTTPStatus.UNPROCESSABLE_ENTITY)
        except intake.FullError as error:
            return _later(error.retry_after_s)
        log.info("report.taken", case=identifier)
        seen = await self._view.look()
        hours = seen.operator.disclosure.acknowledge_hours
        text = f"Your report has the reference {identifier}. A person acknowledges it within {hours} hours."
        return _alone(page("said.html", title="Thank you", text=text, ways=[("/trust/", "Trust centre")]))

    async def _form(self, fault: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
        seen = await self._view.look()
        addresses = {each.role: each.address for each in seen.operator.contacts}
        sorts = {each.value: addresses.get(each.value, "") for each in Sort}
        return _alone(page("report.html", status, operator=seen.operator, at=seen.at, sorts=sorts, fault=fault))


def routes(view: View) -> list[Route]:
    """Return the form's place."""
    report = Report(view)
    return [Route(PATH, report.form, methods=["GET"]), Route(PATH, report.take, methods=["POST"])]


async def _read(request: Request) -> dict[str, str] | None:
    """Return the form's fields; None where it is too long or is no form."""
    octets = b""
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > FORM_MAX_OCTETS:
            return None
    try:
        fields = parse_qs(octets.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX)
    except ValueError:
        return None
    return {name: values[0] for name, values in fields.items()}


def _later(wait_s: int) -> Response:
    text = f"Too many reports came in by this form. Write to one of the published addresses instead. {again(wait_s)}"
    ways = [("/trust/", "Trust centre, with the addresses")]
    said = page("said.html", HTTPStatus.TOO_MANY_REQUESTS, title="Not now", text=text, ways=ways)
    said.headers["Retry-After"] = str(wait_s)
    return _alone(said)


def _alone(said: Response) -> Response:
    """Let nobody on the way keep a page that answers one person."""
    said.headers["Cache-Control"] = "no-store"
    return said
