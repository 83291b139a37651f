from dataclasses import replace

import httpx2
import pytest
from starlette.requests import Request

from gatepost.doors.public import status
from gatepost.doors.public.own_url import own_url
from gatepost.doors.public.trust import build
from gatepost.trust.held import Held
from gatepost.trust.uptime import Pace
from trust.scene import Scene

HERE = "http://127.0.0.1:8080"


def asked(server: tuple[str, int | None] | None, scheme: str = "http") -> Request:
    headers = [(b"host", b"evil.example")]
    return Request(
        {"type": "http", "scheme": scheme, "server": server, "headers": headers, "path": "/", "method": "GET"}
    )


@pytest.mark.parametrize(
    ("server", "scheme", "url"),
    [
        (("127.0.0.1", 8080), "http", "http://127.0.0.1:8080"),
        (("::1", 443), "https", "https://[::1]:443"),
        (("/run/gatepost.sock", None), "http", ""),
        (None, "http", ""),
    ],
)
def test_without_a_public_url_a_house_is_where_it_was_asked(
    server: tuple[str, int | None] | None, scheme: str, url: str
) -> None:
    assert own_url(asked(server, scheme), "") == url


def test_the_operators_word_goes_first_and_the_visitors_is_never_repeated() -> None:
    assert own_url(asked(("127.0.0.1", 8080)), "https://mail.house.test/") == "https://mail.house.test"
    assert "evil" not in own_url(asked(("127.0.0.1", 8080)), "")


async def test_machines_get_absolute_urls_from_a_house_without_a_public_one(scene: Scene) -> None:
    house = replace(scene.house, public_url="")
    held = Held(house.blobs)
    apps = build(house, scene.folder, "0.1.0", held), status.build(house, name="Lanternpost", pace=Pace(), held=held)
    pages, parts = (httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=HERE) for app in apps)
    async with pages, parts:
        provider = (await pages.get("/.well-known/csaf/provider-metadata.json")).json()
        directory = provider["distributions"][0]["directory_url"]
        (path, *_) = (await pages.get(f"{directory}index.txt")).text.splitlines()
        advisory = (await pages.get(f"{directory}{path}")).json()
        page = (await parts.get("/api/v2/summary.json")).json()["page"]
    assert provider["canonical_url"] == f"{HERE}/.well-known/csaf/provider-metadata.json"
    assert advisory["document"]["references"][0]["url"] == f"{directory}{path}"
    assert page["url"] == f"{HERE}/status"
