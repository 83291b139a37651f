"""What machines read."""

import re
from datetime import timedelta

import httpx2
import psycopg
import pytest

from gatepost.doors.public import trust_files
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


async def test_the_history_of_a_claim_goes_on_where_a_page_ends(
    looked: Scene, visitor: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (await visitor.get("/trust/claims.json")).json()
    claim = next(each for each in told["claims"] if each["status"] == "PASS")
    looked.clock.now += timedelta(days=1)
    await looked.engine().round(everything=True)
    await looked.publish()
    whole = (await visitor.get(claim["history_url"])).json()
    assert len(whole) == 2
    monkeypatch.setattr(trust_files, "HISTORY_PAGE", 1)
    pages, place = [], claim["history_url"]
    while place:
        got = await visitor.get(place)
        pages += got.json()
        place = got.links.get("next", {}).get("url", "")
    assert pages == whole
    for bad in ("x", "-1", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}"):
        assert (await visitor.get(claim["history_url"], params={"before": bad})).status_code == 404


async def test_a_claim_that_nobody_makes_has_no_history(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    del looked
    assert (await visitor.get("/trust/history/zzz")).status_code == 404


async def test_a_damaged_row_does_not_end_a_history(
    looked: Scene, visitor: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, owner_dsn: str
) -> None:
    told = (await visitor.get("/trust/claims.json")).json()
    claim = next(each for each in told["claims"] if each["status"] == "PASS")
    for _ in range(4):
        looked.clock.now += timedelta(days=1)
        await looked.engine().round(everything=True)
    await looked.publish()
    whole = (await visitor.get(claim["history_url"])).json()
    damage = """
        update entry set leaf = 'none'
        where id = (select entry from trust_fact where subject = %s order by entry desc offset 3 limit 1)
    """
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute(damage, [claim["id"]]).rowcount == 1
    monkeypatch.setattr(trust_files, "HISTORY_PAGE", 2)
    pages, place = [], claim["history_url"]
    while place:
        got = await visitor.get(place)
        pages += got.json()
        place = got.links.get("next", {}).get("url", "")
    assert pages == [*whole[:3], whole[4]]
