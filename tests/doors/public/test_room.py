"""The document room through its pages: asked, approved, entered once, agreed, seen, logged, revoked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest

from doors.rest.scene import calls
from gatepost.db import Database
from gatepost.doors.public.trust import build as build_trust
from gatepost.record.trust_log import TRUST
from gatepost.trust import room
from gatepost.trust.held import Held
from gatepost.trust.room import Grant, State
from gatepost.trust.room.visit import LINK_LASTS, PER_HOUR, SESSION_LASTS
from trust.posting import OWN, Posting, link_in, posting
from trust.room.test_stock import SECRET, papers

ASK = {"name": "Ada Reader", "company": "Reader Ltd", "address": "ada@reader.test", "why": "An audit"}
PAPER = "/trust/room/files/pentest"


@pytest.fixture
async def post(db: Database, tmp_path: Path) -> AsyncIterator[Posting]:
    async with posting(db, tmp_path) as opened:
        opened.handlers = room.Doorman(opened.house, opened.folder).handlers()
        await room.publish(opened.house, papers(tmp_path), by="operator")
        yield opened


@pytest.fixture
async def reader(post: Posting) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(build_trust(post.house, post.folder, "0.1.0", Held(post.house.blobs)), None) as client:
        client.base_url = "https://house"  # the cookie is for TLS alone
        yield client


async def grants(post: Posting) -> list[Grant]:
    async with post.house.db.transaction(TRUST) as tx:
        return await room.grants(tx)


async def let_in(post: Posting, reader: httpx2.AsyncClient) -> str:
    """Let the reader come as far as the text to agree to; return the link they used."""
    assert (await reader.post("/trust/room", data=ASK)).status_code == 202
    await post.keep()
    (asked,) = await grants(post)
    assert await room.decide(post.house, asked.id, State.APPROVED, days=7, by="operator")
    await post.keep()
    link = link_in(post.mails()[-1])
    assert "<button" in (await reader.get(link)).text
    entered = await reader.post(link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/trust/room/inside")
    return link


async def agreed(post: Posting, reader: httpx2.AsyncClient) -> None:
    await let_in(post, reader)
    async with post.house.db.transaction(TRUST) as tx:
        nda = next(each for each in await room.files(tx) if each.id == room.NDA)
    done = await reader.post("/trust/room/agree", data={"agree": "yes", "sha256": nda.sha256})
    assert done.status_code == 303


async def told(post: Posting) -> list[str]:
    async with post.house.db.transaction(OWN) as tx:
        rows = await tx.all("select action from consequence where tenant = %(tenant)s order by entry")
    return [row.action for row in rows if row.action.startswith("room.")]


async def test_nothing_is_seen_before_a_person_the_link_and_the_agreement(
    post: Posting, reader: httpx2.AsyncClient
) -> None:
    door = (await reader.get("/trust/room")).text
    assert "Penetration test" in door
    assert SECRET not in door
    assert (await reader.get("/trust/room/inside")).status_code == 403
    assert (await reader.get(PAPER)).status_code == 403
    link = await let_in(post, reader)
    entries = await told(post)
    assert (await reader.post(link)).status_code == 410  # once
    assert await told(post) == entries
    assert "Keep it so." in (await reader.get("/trust/room/inside")).text
    assert (await reader.get(PAPER)).status_code == 404
    for form in ({"sha256": "0" * 64, "agree": "yes"}, {"agree": "no"}):
        assert (await reader.post("/trust/room/agree", data=form)).status_code == 400
    assert (await reader.get(PAPER)).status_code == 404


async def test_each_view_bears_the_viewer_s_name_and_is_an_entry(post: Posting, reader: httpx2.AsyncClient) -> None:
    await agreed(post, reader)
    got = await reader.get(PAPER)
    assert SECRET in got.text
    assert got.text.count("For Ada Reader, Reader Ltd (ada@reader.test)") == 2
    assert got.headers["cache-control"] == "no-store"
    assert 'href="/trust/room/inside"' in got.text
    assert "Keep it so." in (await reader.get("/trust/room/inside")).text, "what they agreed to can still be read"
    async with post.house.db.transaction(TRUST) as tx:
        (view,) = await room.views(tx)
    assert view.file == "pentest"
    after = ["room.asked", "room.decided", "room.entered", "room.agreed", "room.viewed"]
    assert await told(post) == ["room.published", *after]
    (grant,) = await grants(post)
    assert len(grant.nda_sha256) == 64


async def test_another_text_is_agreed_to_anew(post: Posting, reader: httpx2.AsyncClient, tmp_path: Path) -> None:
    await agreed(post, reader)
    folder = papers(tmp_path)
    (folder / "nda.md").write_text("# Confidentiality\n\nKeep it better.\n")
    await room.publish(post.house, folder, by="operator")
    assert (await reader.get(PAPER)).status_code == 404
    assert "Keep it better." in (await reader.get("/trust/room/inside")).text


async def test_who_is_revoked_is_out_at_once(post: Posting, reader: httpx2.AsyncClient) -> None:
    await agreed(post, reader)
    (grant,) = await grants(post)
    assert await room.decide(post.house, grant.id, State.REVOKED, by="operator")
    assert (await reader.get(PAPER)).status_code == 403
    assert not await room.decide(post.house, grant.id, State.APPROVED, days=7, by="operator")
    sent = len(post.sink.mails)
    await reader.post("/trust/room/link", data={"address": ASK["address"]})
    await post.keep()
    assert len(post.sink.mails) == sent


async def test_a_visit_ends_and_so_does_the_grant(post: Posting, reader: httpx2.AsyncClient) -> None:
    await agreed(post, reader)
    post.clock.move(SESSION_LASTS)
    assert (await reader.get(PAPER)).status_code == 403
    await reader.post("/trust/room/link", data={"address": ASK["address"]})
    await post.keep()
    again = link_in(post.mails()[-1])
    assert (await reader.post(again)).status_code == 303
    assert (await reader.get(PAPER)).status_code == 200
    assert (await reader.post("/trust/room/leave")).status_code == 303
    assert (await reader.get(PAPER)).status_code == 403
    await reader.post("/trust/room/link", data={"address": ASK["address"]})
    post.clock.move(timedelta(days=7))
    await post.keep()
    assert (await reader.post(again)).status_code == 410


async def test_a_link_not_used_within_a_day_counts_no_more(post: Posting, reader: httpx2.AsyncClient) -> None:
    await reader.post("/trust/room", data=ASK)
    (asked,) = await grants(post)
    await room.decide(post.house, asked.id, State.APPROVED, days=7, by="operator")
    await post.keep()
    link = link_in(post.mails()[-1])
    post.clock.move(LINK_LASTS)
    assert (await reader.get(link)).status_code == 410
    assert (await reader.post(link)).status_code == 410


async def test_the_operator_is_told_by_id_and_the_visitor_s_words_are_sealed(
    post: Posting, reader: httpx2.AsyncClient, owner_dsn: str
) -> None:
    await reader.post("/trust/room", data=ASK)
    await post.keep()
    (mail,) = post.mails()
    assert "reader.test" not in mail.get_content()
    (asked,) = await grants(post)
    assert asked.id in mail.get_content()
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute("select room_grant::text from room_grant").fetchall()
    assert not any("reader.test" in row[0] or b"reader.test".hex() in row[0] for row in rows)


async def test_every_form_is_answered_alike_and_none_floods(post: Posting, reader: httpx2.AsyncClient) -> None:
    first = await reader.post("/trust/room", data=ASK)
    again = await reader.post("/trust/room", data=ASK)
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert len(await grants(post)) == 1
    known = await reader.post("/trust/room/link", data={"address": ASK["address"]})
    unknown = await reader.post("/trust/room/link", data={"address": "nobody@else.test"})
    nonsense = await reader.post("/trust/room/link", data={"address": "nobody"})
    assert known.text == unknown.text == nonsense.text
    assert (await reader.post("/trust/room", data={**ASK, "why": ""})).status_code == 400
    for number in range(1, PER_HOUR):
        await room.ask(post.house, room.Visitor(**{**ASK, "address": f"{number}@reader.test"}))
    assert (await reader.post("/trust/room", data={**ASK, "address": "x@reader.test"})).status_code == 429


async def test_requests_that_led_nowhere_are_forgotten(post: Posting, reader: httpx2.AsyncClient) -> None:
    await reader.post("/trust/room", data=ASK)
    post.clock.move(timedelta(days=31))
    assert await room.tidy(post.house) == 1
    assert await grants(post) == []
