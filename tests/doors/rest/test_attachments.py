import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost.doors import rest
from gatepost.doors.rest.attachments import disposition, media_type
from gatepost.journey import House
from gatepost.verify.extract import Extractor


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("", 'attachment; filename="attachment-3"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\windows\\evil.exe", 'attachment; filename="evil.exe"'),
        ("..", 'attachment; filename="attachment-3"'),
        ('a"; x="b', "attachment; filename=\"a__ x__b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"aSet-Cookie_ x\"; filename*=UTF-8''aSet-Cookie%3A%20x"),
        ("Übersicht.pdf", "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"),
    ],
)
def test_a_file_name_becomes_a_harmless_header(filename: str, header: str) -> None:
    assert disposition(filename, 3) == header


@given(st.text(max_size=300))
def test_no_file_name_breaks_out_of_its_header(filename: str) -> None:
    header = disposition(filename, 0)
    match = re.fullmatch(r"attachment; filename=\"[A-Za-z0-9._ -]+\"(; filename\*=UTF-8''([A-Za-z0-9._~%-]+))?", header)
    assert match
    if match[2]:
        assert "/" not in unquote(match[2])


@pytest.mark.parametrize(
    ("named", "served"),
    [
        ("application/PDF", "application/pdf"),
        ("text/html", "text/html"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("text/html; charset=utf-7", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("x" * 500 + "/y", "application/octet-stream"),
    ],
)
def test_a_type_that_is_none_is_octets(named: str, served: str) -> None:
    assert media_type(named) == served


PAGE = b"<script>alert(1)</script>"
LETTER = """--b\r
Content-Type: text/plain; charset=utf-8\r
\r
See the page.\r
--b\r
Content-Type: text/html; name="page.html"\r
Content-Disposition: attachment; filename="../page.html"\r
Content-Transfer-Encoding: base64\r
\r
PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\r
--b--"""


READING: dict[str, object] = {
    **POLICY,
    "senders": [{"match": {"address": "boss@boss.test"}, "capabilities": ["read_attachment"]}],
}
MIXED = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'


async def test_an_attachment_is_a_download_and_never_a_page(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, READING)
    done = await write(house, ours, text=LETTER, head=MIXED)
    path = f"/api/v1/mailboxes/{ours.account}/messages/{done.recorded.arrived.email}/attachments"
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"{path}/2")
        assert answer.content == PAGE
        assert answer.headers["content-disposition"] == 'attachment; filename="page.html"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        for part in (0, 1, 3, 10_000):  # 1 is the text a mail program shows, no attachment
            assert (await client.get(f"{path}/{part}")).status_code == 404


async def test_what_is_attached_is_withheld_from_an_agent_that_may_not_read_it(house: House, ours: Tenancy) -> None:
    """On no route, in no form; a person's key reads it."""
    reader = Extractor(processes=1)
    try:
        await _withheld(replace(house, extractor=reader), ours)
    finally:
        await reader.close()


async def _withheld(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    said = LETTER.replace("PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "VGhlIGNhbmFyeSBzaW5ncy4=").replace("html", "plain")
    done = await write(house, ours, text=said, head=MIXED)
    email = done.recorded.arrived.email
    base = f"/api/v1/mailboxes/{ours.account}"
    async with calls(rest.build(house), ours.agent) as agent, calls(rest.build(house), ours.owner) as owner:
        shown = (await agent.get(f"{base}/messages/{email}")).json()
        thread = f"{base}/threads/{shown['thread_id']}"
        for place in (f"{base}/messages/{email}", thread):
            assert "canary" not in (await agent.get(place)).text
            assert "canary" in (await owner.get(place)).text
        for place in ("raw", "raw?form=received", "attachments/2"):
            refused = await agent.get(f"{base}/messages/{email}/{place}")
            assert (refused.status_code, refused.json()["errors"]) == (
                403,
                ["capability.not_granted", "read_attachment", "senders[0] of policy version 1"],
            )
            assert (await owner.get(f"{base}/messages/{email}/{place}")).status_code == 200
    assert shown["body_text"] == "See the page."
    assert [(one["filename"], one["text"]) for one in shown["attachments"]] == [("../page.plain", None)]
