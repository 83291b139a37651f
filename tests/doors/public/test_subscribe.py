"""The pages by which somebody comes to be told, and leaves: mail, link, button, one click."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from doors.rest.scene import calls
from gatepost.db import Database
from gatepost.doors.public.trust import build as build_trust
from gatepost.record.trust_log import TRUST
from gatepost.trust import news
from gatepost.trust.held import Held
from gatepost.trust.news.subscribe import PER_HOUR
from trust.posting import OWN, URL, Posting, link_in, posting

ADDRESS = "reader@example.org"
FORM = {"address": ADDRESS, "topic": ["trust", "status"]}


@pytest.fixture
async def post(db: Database, tmp_path: Path) -> AsyncIterator[Posting]:
    async with posting(db, tmp_path) as opened:
        yield opened


@pytest.fixture
async def reader(post: Posting) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(build_trust(post.house, post.folder, "0.1.0", Held(post.house.blobs)), None) as client:
        yield client


async def confirmed(post: Posting) -> int:
    async with post.house.db.transaction(TRUST) as tx:
        query = "select count(*) as count from subscriber where tenant = %(tenant)s and confirmed_at is not null"
        return int((await tx.one(query)).count)


async def told(post: Posting) -> list[str]:
    async with post.house.db.transaction(OWN) as tx:
        rows = await tx.all("select action from consequence where tenant = %(tenant)s order by entry")
    return [row.action for row in rows if row.action.startswith("news.")]


async def test_from_the_form_to_the_first_news_and_out_again(post: Posting, reader: httpx2.AsyncClient) -> None:
    assert (await reader.post("/trust/subscribe", data=FORM)).status_code == 202
    await post.keep()
    link = link_in(post.mails()[0])
    page = await reader.get(link)
    assert "<button" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert await confirmed(post) == 0  # opening a link changes nothing: scanners of mail do so
    assert (await reader.post(link)).status_code == 200
    assert await confirmed(post) == 1
    assert (await reader.post(link)).status_code == 410
    assert await told(post) == ["news.confirmed"]

    post.clock.now = post.clock.now.replace(minute=30)
    await post.engine().round(everything=True)
    assert await news.spread(post.house) == 1
    await post.keep()
    mail = post.mails()[1]
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    leave = mail["list-unsubscribe"].strip().strip("<>").removeprefix(URL)
    assert "<button" in (await reader.get(leave)).text
    assert await confirmed(post) == 1
    one_click = {"List-Unsubscribe": "One-Click"}
    assert (await reader.post(leave, data=one_click)).status_code == 200  # no cookie, no page before it (RFC 8058)
    assert await confirmed(post) == 0
    assert (await reader.post(leave, data=one_click)).status_code == 200
    assert await told(post) == ["news.confirmed", "news.left"]


async def test_the_answer_is_the_same_whoever_is_told_already(post: Posting, reader: httpx2.AsyncClient) -> None:
    first = await reader.post("/trust/subscribe", data=FORM)
    again = await reader.post("/trust/subscribe", data=FORM)
    other = await reader.post("/trust/subscribe", data={**FORM, "address": "other@example.org"})
    del post
    assert first.status_code == again.status_code == other.status_code == 202
    assert first.text == again.text == other.text


@pytest.mark.parametrize("path", ["/trust/subscribe/confirm/x", "/trust/subscribe/confirm/a.b"])
async def test_a_link_of_nobody_s_counts_for_nothing(reader: httpx2.AsyncClient, path: str) -> None:
    assert (await reader.get(path)).status_code == 410
    assert (await reader.post(path)).status_code == 410
    assert (await reader.post("/trust/subscribe/leave/x")).status_code == 410
    assert "<button" not in (await reader.get("/trust/subscribe/leave/x")).text


async def test_a_wrong_form_says_what_is_wrong(reader: httpx2.AsyncClient) -> None:
    got = await reader.post("/trust/subscribe", data={"address": "nobody", "topic": "trust"})
    assert got.status_code == 400
    assert "an address has a local part" in got.text


async def test_too_many_are_asked_to_come_back(post: Posting, reader: httpx2.AsyncClient) -> None:
    for number in range(PER_HOUR):
        await news.ask(post.house, news.Channel.MAIL, f"{number}@example.org", [news.Topic.TRUST])
    got = await reader.post("/trust/subscribe", data=FORM)
    assert (got.status_code, got.headers["retry-after"]) == (429, "3600")
