"""What the pages for approvers share: how they are written, read and closed off. No script, no cookie.

Their policy (CSP) lets a browser load nothing, run nothing, and send a form to this house alone; every word of a
stranger is escaped.
"""

import base64
import functools
import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.deliver import shown
from gatepost.keys import ErasedError

if TYPE_CHECKING:
    from jinja2 import Environment

FORM_MAX_OCTETS = 4_096

_FOLDER = files("gatepost.doors.public")
STYLE = (_FOLDER / "style.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the link is a key
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


class EndError(Exception):
    """The way ends at a page that only says something."""

    def __init__(self, status: HTTPStatus, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


UNKNOWN = (
    HTTPStatus.NOT_FOUND,
    "This link leads nowhere",
    "It is not one of ours, or its time is over: ask for a new one.",
)
AWAY = (HTTPStatus.SERVICE_UNAVAILABLE, "Not now", "The house is not available. Nothing was done; try again soon.")
ERASED = (HTTPStatus.GONE, "Erased", "Nobody can read this any more, so nobody can let it go.")

Endpoint = Callable[[Request], Awaitable[Response]]


def pages(place: str, show: Endpoint, rule: Endpoint) -> Starlette:
    """Return the pages at ``place``: GET shows, POST decides, since scanners follow links."""
    path = f"{place}/{{token}}"
    return Starlette(
        routes=[Route(path, show, methods=["GET"]), Route(path, rule, methods=["POST"])],
        exception_handlers={
            EndError: _said,
            HTTPException: _said,
            ErasedError: _saying(ERASED),
            DatabaseUnavailableError: _saying(AWAY),
            BlobsUnavailableError: _saying(AWAY),
        },
    )


async def form_of(request: Request) -> dict[str, str]:
    """Return the form's first values; raises where it is longer than ours can be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX_OCTETS:
            raise EndError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Nothing was done", "The form was too long.")
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8, errors="replace")
    return {name: values[0] for name, values in fields.items()}


def rendered(name: str, status: HTTPStatus, **values: Any) -> Response:
    """Return a page; lone surrogates of a stranger become question marks."""
    html = _pages().get_template(name).render(style=STYLE, **values)
    return HTMLResponse(html.encode("utf-8", "replace"), status, dict(HEADERS))


@functools.cache
def _pages() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  # 2 MB

    pages = Environment(
        autoescape=True, loader=FunctionLoader(lambda name: (_FOLDER / name).read_text()), undefined=StrictUndefined
    )
    pages.filters |= {"line": shown.legible_line, "lines": shown.unturned}
    return pages


async def _said(_request: Request, error: Exception) -> Response:
    if isinstance(error, EndError):
        return rendered("said.html", error.status, title=error.title, text=error.text)
    status, title, text = UNKNOWN
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
    return rendered("said.html", status, title=title, text=text)


def _saying(end: tuple[HTTPStatus, str, str]) -> Any:
    async def say(_request: Request, _error: Exception) -> Response:
        status, title, text = end
        return rendered("said.html", status, title=title, text=text)

    return say
