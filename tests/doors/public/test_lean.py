"""Public answers are compressed and not sent twice; those of one visitor are left as they are."""

import gzip
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from doors.rest.scene import calls
from gatepost.doors.public.lean import COMPRESSED_FROM_OCTETS, Lean

TEXT = "<p>claim</p>" * COMPRESSED_FROM_OCTETS
PUBLIC = {"Cache-Control": "public, max-age=5"}


async def _public(_request: Request) -> Response:
    return HTMLResponse(TEXT, headers=PUBLIC)


async def _short(_request: Request) -> Response:
    return HTMLResponse("short", headers=PUBLIC)


async def _tile(_request: Request) -> Response:
    return Response(TEXT, headers=PUBLIC, media_type="application/octet-stream")


async def _own(_request: Request) -> Response:
    return HTMLResponse(TEXT, headers={"Cache-Control": "no-store"})


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    routes = [Route("/public", _public), Route("/short", _short), Route("/tile", _tile), Route("/own", _own)]
    async with calls(Lean(Starlette(routes=routes)), None) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip, br", True),
        ("*", True),
        ("identity, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("*;q=0.000", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("", False),
    ],
)
async def test_it_is_compressed_for_whoever_takes_it(
    client: httpx2.AsyncClient, accepted: str, *, is_compressed: bool
) -> None:
    async with client.stream("GET", "/public", headers={"Accept-Encoding": accepted}) as got:
        sent = b"".join([piece async for piece in got.aiter_raw()])
    assert got.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert int(got.headers["Content-Length"]) == len(sent)
    assert (gzip.decompress(sent) if is_compressed else sent) == TEXT.encode()
    assert got.headers["Vary"] == "Accept-Encoding"


async def test_whoever_has_it_is_told_that_it_is_so_still(client: httpx2.AsyncClient) -> None:
    tag = (await client.get("/public")).headers["ETag"]
    assert tag == (await client.get("/public", headers={"Accept-Encoding": "gzip"})).headers["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        got = await client.get("/public", headers={"If-None-Match": known})
        assert (got.status_code, got.content, got.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in got.headers
    assert (await client.get("/public", headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await client.get("/short")).headers["ETag"] != tag


async def test_what_is_short_or_no_text_goes_as_it_is(client: httpx2.AsyncClient) -> None:
    for place in ("/short", "/tile"):
        assert "Content-Encoding" not in (await client.get(place, headers={"Accept-Encoding": "gzip"})).headers


async def test_what_belongs_to_one_visitor_or_is_not_there_is_left_alone(client: httpx2.AsyncClient) -> None:
    for place in ("/own", "/none"):
        got = await client.get(place, headers={"Accept-Encoding": "gzip", "If-None-Match": "*"})
        assert got.status_code in {200, 404}
        assert not {"etag", "vary", "content-encoding"} & {name.lower() for name in got.headers}
