"""What machines read."""

import re

import httpx2

from trust.scene import Scene


async def test_machines_find_every_file(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    del looked
    llms = (await visitor.get("/llms.txt")).text
    places = re.findall(r"\]\((/[^)]*)\)", llms)
    assert len(places) > 10
    for place in places:
        got = await visitor.get(place)
        assert got.status_code == 200, place
        if place.endswith(".json"):
            got.json()


async def test_security_txt_is_plain_text_in_utf_8(visitor: httpx2.AsyncClient) -> None:
    got = await visitor.get("/.well-known/security.txt")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Canonical: https://mail.house.test/.well-known/security.txt" in got.text


async def test_every_advisory_of_the_index_is_there(visitor: httpx2.AsyncClient) -> None:
    provider = (await visitor.get("/.well-known/csaf/provider-metadata.json")).json()
    directory = provider["distributions"][0]["directory_url"].removeprefix("https://mail.house.test")
    paths = (await visitor.get(f"{directory}index.txt")).text.splitlines()
    listing = (await visitor.get(directory)).text
    for above in ("/.well-known/csaf", "/.well-known/csaf/"):
        assert (await visitor.get(above)).headers["location"] == "/.well-known/csaf/white/"
    for path in paths:
        assert path in listing
        assert (await visitor.get(directory + path)).json()["document"]["csaf_version"] == "2.0"
