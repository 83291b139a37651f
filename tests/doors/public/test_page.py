"""What the pages for approvers share."""

from http import HTTPStatus

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public.page import FORM_MAX_OCTETS, EndError, form_of, pages, rendered
from gatepost.keys import ErasedError


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
