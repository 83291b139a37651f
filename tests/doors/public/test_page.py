"""What the pages for approvers share."""

import re
from http import HTTPStatus
from importlib.resources import files

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public.page import FORM_MAX_OCTETS, STYLE, EndError, form_of, pages, rendered
from gatepost.keys import ErasedError

FOLDER = files("gatepost.doors.public")
MEASURED = ("ink", "paper", "quiet", "warn", "yes", "good", "fair", "bad")
"""Colours that a text may have; ``paper`` on ``yes`` is as far apart as ``yes`` on ``paper``."""


async def show(request: Request) -> Response:
    match request.path_params["token"]:
        case "erased":
            raise ErasedError("x")
        case "away":
            raise DatabaseUnavailableError
        case "end":
            raise EndError(HTTPStatus.CONFLICT, "Not now", "<b>later</b>")
        case _:
            return rendered("said.html", HTTPStatus.OK, title="lone \ud800", text="<i>")


async def rule(request: Request) -> Response:
    return rendered("said.html", HTTPStatus.OK, title="ruled", text=str(sorted((await form_of(request)).items())))


@pytest.fixture
def page() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(pages("/here", show, rule)), base_url="http://house")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/here/x", 200, "&lt;i&gt;"),
        ("/here/erased", 410, "Erased"),
        ("/here/away", 503, "try again soon"),
        ("/here/end", 409, "&lt;b&gt;later"),
        ("/elsewhere", 404, "leads nowhere"),
    ],
)
async def test_each_end_is_a_page_that_runs_nothing(
    page: httpx2.AsyncClient, path: str, status: int, said: str
) -> None:
    answer = await page.get(path)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_of_a_form_the_first_values_are_read_and_no_more_than_fits(page: httpx2.AsyncClient) -> None:
    said = await page.post("/here/x", content=b"a=1&a=2&b=%ff")
    assert "(&#39;a&#39;, &#39;1&#39;)" in said.text
    long = await page.post("/here/x", content=b"a" * (FORM_MAX_OCTETS + 1))
    assert (long.status_code, "too long" in long.text) == (413, True)
    assert (await page.put("/here/x")).status_code == 405


def palettes(css: str) -> dict[str, dict[str, str]]:
    """Return the colours of a style sheet by name: in light, in dark and on paper."""
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}, "print": {}}
    rule = r"(?:@media \(prefers-color-scheme: (dark)\) \{\s*|@media (print) \{\s*)?:root \{([^}]*)\}"
    for dark, on_paper, body in re.findall(rule, css):
        found[dark or on_paper or "light"] |= re.findall(r"--(\w+): (#[0-9a-f]+);", body)
    return {name: found["light"] | colours for name, colours in found.items()}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("sheet", ["style.css", "trust.css", "status.css"])
@pytest.mark.parametrize("palette", ["light", "dark", "print"])
def test_every_text_is_read_on_every_ground_and_every_field_is_seen(sheet: str, palette: str) -> None:
    colours = palettes(STYLE + (FOLDER / sheet).read_text())[palette]
    grounds = {name: colours.pop(name) for name in ("paper", "box")}
    colours.pop("line")  # between rows: says nothing
    assert colours.keys() >= {"ink", "quiet", "edge", "yes", "warn"}
    for ground in grounds.values():
        for name, colour in colours.items():
            least = 3 if name == "edge" else 4.5  # WCAG 2.2, 1.4.11 and 1.4.3
            assert contrast(colour, ground) >= least, (name, colour, ground)


@pytest.mark.parametrize("sheet", ["style.css", "trust.css", "status.css"])
def test_no_text_has_a_colour_that_was_not_measured(sheet: str) -> None:
    css = (FOLDER / sheet).read_text()
    assert "opacity" not in css
    used = set(re.findall(r"(?<![-\w])color: ([^;}]+)", css))
    assert used <= {"inherit"} | {f"var(--{name})" for name in MEASURED}


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)
