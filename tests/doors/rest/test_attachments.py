import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors.rest.scene import POLICY, Tenancy, calls, set_policy, write
from gatepost.doors import rest
from gatepost.doors.rest.attachments import disposition, media_type
from gatepost.journey import House


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


async def test_an_attachment_is_a_download_and_never_a_page(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(
        house, ours, text=LETTER, head='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    )
    path = f"/api/v1/mailboxes/{ours.account}/messages/{done.recorded.arrived.email}/attachments"
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"{path}/2")
        assert answer.content == PAGE
        assert answer.headers["content-disposition"] == 'attachment; filename="page.html"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        for part in (0, 1, 3, 10_000):  # 1 is the text a mail program shows, no attachment
            assert (await client.get(f"{path}/{part}")).status_code == 404
