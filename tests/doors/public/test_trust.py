"""The trust pages: what a visitor and a machine read."""

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from itertools import pairwise

import httpx2
import pytest

from gatepost.doors.public.trust_view import FRESH
from gatepost.ledger.note import SigningKey
from gatepost.trust import engagement, parts, read_operator
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.guest import state as state_guest
from gatepost.trust.paper import Outcome
from trust.scene import Scene

PAGES = (
    "/trust/",
    "/trust/claims/A4",
    "/trust/documents",
    "/trust/documents/incident",
    "/trust/subprocessors",
    "/trust/controls",
    "/trust/changes",
    "/trust/account-protection",
    "/trust/threat-model",
    "/trust/subscribe",
    "/trust/room",
    "/trust/challenge",
    "/.well-known/csaf/white/",
)


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_is_read_without_script_and_loads_nothing(visitor: httpx2.AsyncClient, path: str) -> None:
    got = await visitor.get(path)
    assert got.status_code == 200
    assert not re.search("<script|javascript:", got.text.lower())
    assert not re.search(r"<[^>]*\s(?:src|style|on\w+)=", got.text)
    policy = got.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_says_whose_it_is_and_what_it_is_about(visitor: httpx2.AsyncClient, path: str) -> None:
    page = (await visitor.get(path)).text
    assert re.search(r"<title>[^<]+ \| Lanternpost</title>", page)
    assert re.search(r'<meta name="description" content="[^"]*Lanternpost[^"]*"|content="[^"]+ How it stands,', page)
    assert page.count("<h1") == 1
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert all(after <= before + 1 for before, after in pairwise(levels)), "no step of headings is left out"


async def test_what_is_not_built_is_said_in_words(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    missing = next(each for each in read_operator(looked.folder).claims if each.absent)
    (row,) = re.findall(rf'<li id="{missing.id}".*?</li>', (await visitor.get("/trust/")).text, re.DOTALL)
    assert f"Not built yet: {missing.absent}" in row


async def test_who_types_the_bare_name_is_led_to_the_trust_centre(visitor: httpx2.AsyncClient) -> None:
    got = await visitor.get("/")
    assert (got.status_code, got.headers["location"]) == (307, "/trust/")


async def test_page_and_json_name_the_same_claims_with_the_same_status(
    looked: Scene, visitor: httpx2.AsyncClient
) -> None:
    del looked
    page = (await visitor.get("/trust/")).text
    told = (await visitor.get("/trust/claims.json")).json()
    marks = dict(re.findall(r'data-claim="([^"]+)" data-status="([^"]+)"', page))
    assert marks == {each["id"]: each["status"] for each in told["claims"]}
    assert told["counts"]["PASS"] > 0
    assert f"{told['counts']['PASS']} of {len(told['claims'])} claims pass" in page


async def test_a_claim_is_shown_with_time_expiry_proof_and_history(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    told = (await visitor.get("/trust/claims.json")).json()
    row = next(each for each in told["claims"] if each["status"] == Outcome.PASS)
    name = row["id"]
    proof = await visitor.get(row["evidence"]["proof_url"])
    assert proof.text.startswith("c2sp.org/tlog-proof@v1")
    leaf = json.loads((await visitor.get(f"/trust/log/entries/{row['evidence']['leaf_index']}")).content)
    assert leaf["detail"]["claim"] == name
    assert [each["outcome"] for each in (await visitor.get(row["history_url"])).json()] == ["PASS"]
    page = (await visitor.get(f"/trust/claims/{name}")).text
    assert row["evidence"]["proof_url"] in page
    assert row["check_version"] in page
    looked.clock.now = datetime.fromisoformat(row["expires_at"])
    assert f'data-claim="{name}" data-status="STALE"' in (await visitor.get("/trust/")).text


async def test_what_the_operator_wrote_is_text(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    claims = scene.folder / "claims.toml"
    bad = "<script>alert(1)</script>"
    claims.write_text(claims.read_text().replace('text = "This page', f'text = "{bad} This page'))
    note = scene.folder / "notes" / "threat-model.md"
    note.write_text(f"# Threats\n\n{bad}\n\n[one](javascript:alert(1)) ![two](https://spy.test/x.png)\n")
    page = (await visitor.get("/trust/")).text
    shown = (await visitor.get("/trust/threat-model")).text
    assert bad not in page + shown
    assert "&lt;script&gt;" in page
    assert "&lt;script&gt;" in shown
    assert 'href="javascript' not in shown
    assert "<img" not in shown
    assert "changed since" in shown


async def test_a_folder_that_cannot_be_read_shows_nothing_old(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    assert (await visitor.get("/trust/")).status_code == 200
    (scene.folder / "claims.toml").write_text("[[claims")
    scene.clock.now += 2 * FRESH
    got = await visitor.get("/trust/")
    assert got.status_code == 503
    assert "data-claim" not in got.text
    assert '<a href="/status">' in got.text


async def test_nobody_finds_what_is_not_published(visitor: httpx2.AsyncClient) -> None:
    for path in (
        "/trust/claims/none",
        "/trust/claims/@revision",
        "/trust/documents/..%2f..%2fclaims.toml",
        "/trust/log/proofs/0.tlog-proof",
        "/trust/log/proofs/x.tlog-proof",
        f"/trust/log/entries/{'9' * 30}",
        "/trust/log/tile/../../secret",
        "/.well-known/csaf/white/2026/none.json",
    ):
        got = await visitor.get(path)
        assert got.status_code == 404, path
        assert '<a href="/trust/">' in got.text or not got.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path not in {"/.well-known/csaf/white/", "/trust/claims/A4"}]
)
async def test_a_page_says_which_of_the_pages_it_is(visitor: httpx2.AsyncClient, path: str) -> None:
    (current,) = re.findall(r'<a href="([^"]+)" aria-current="page"', (await visitor.get(path)).text)
    assert path.startswith(current)


async def test_every_link_within_the_trust_centre_leads_somewhere(visitor: httpx2.AsyncClient) -> None:
    page = (await visitor.get("/trust/")).text
    places = re.findall(r'\bid="([^"]+)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= {*places}


async def test_each_revision_is_in_the_feed(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    note = looked.folder / "notes" / "threat-model.md"
    note.write_text(note.read_text() + "\nMore.\n")
    await looked.engine().round(everything=True)
    got = await visitor.get("/trust/changes.atom")
    assert got.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(got.content)  # noqa: S314  # our own
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == 2
    ids = {entry.findtext("{http://www.w3.org/2005/Atom}id") for entry in entries}
    assert len(ids) == 2
    assert all(f"{each}".startswith(f"tag:{looked.house.hostname},2026:trust/") for each in ids), "whatever the URL is"
    words = "Changed: texts (threat-model)."
    assert [words in str(entry.findtext("{http://www.w3.org/2005/Atom}content")) for entry in entries] == [True, False]
    page = (await visitor.get("/trust/changes")).text
    assert page.count("Leaf") == 1
    assert page.index(words) < page.index(parts.FIRST)


async def test_sub_processors_are_shown_as_the_log_has_them(scene: Scene, visitor: httpx2.AsyncClient) -> None:
    page = (await visitor.get("/trust/subprocessors")).text
    assert page.count(">not announced<") == 5
    operator = read_operator(scene.folder)
    await engagement.adopt(scene.house, operator.suppliers)
    page = (await visitor.get("/trust/subprocessors")).text
    assert (page.count(">engaged<"), page.count(">not announced<")) == (5, 0)


async def test_what_was_measured_of_places_stands_beside_what_is_declared(
    looked: Scene, visitor: httpx2.AsyncClient
) -> None:
    looked.catalogue = {"store.region": CATALOGUE["store.region"]}
    await looked.engine().round(everything=True)
    page = (await visitor.get("/trust/subprocessors")).text
    shown = page.partition("What was measured of this")[2]
    assert shown.count("Known-bad target: found bad") == 2  # A25 and B26 ask the same
    assert "Hosted agents are off until a customer switches them on" in shown


async def test_what_others_saw_and_signed_stands_beside_our_results(looked: Scene, visitor: httpx2.AsyncClient) -> None:
    assert "Seen from outside" not in (await visitor.get("/trust/")).text
    key = SigningKey("customer.example/probe", bytes(32))
    row = {"check_id": "tls.floor", "door": "smtp", "outcome": "FAIL"}
    note = key.sign(json.dumps({"at": looked.clock().isoformat(), "checks": [row]}) + "\n")
    await state_guest(looked.house, note, str(key.verifier), CATALOGUE)
    await looked.publish()
    looked.clock.now += FRESH
    text = (await visitor.get("/trust/")).text
    assert "tls.floor smtp FAIL" in text
    assert key.verifier.key_id.hex() in text
    assert hashlib.sha256(note).hexdigest() in text
