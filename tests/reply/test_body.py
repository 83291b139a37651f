from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.reply.body import text_part, with_footer


def _read(octets: bytes) -> str:
    content: str = message_from_bytes(octets, policy=policy.default).get_content()
    return content.replace("\r\n", "\n")


def test_plain_words_stay_plain() -> None:
    assert text_part("Yes.\nNo.") == (
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nYes.\r\nNo.\r\n"
    )


@pytest.mark.parametrize(
    "text", ["Grüße", "x" * 5_000, "blank \nend", ".", "From here", "a\x00b\x1b", "--\nsig", "a = b\t"]
)
def test_anything_else_is_quoted(text: str) -> None:
    part = text_part(text)
    assert b"quoted-printable" in part
    assert part.partition(b"\r\n\r\n")[2].isascii()
    assert _read(part) == text + "\n"


def test_every_line_end_becomes_crlf() -> None:
    assert text_part("a\rb\r\nc\nd").endswith(b"\r\n\r\na\r\nb\r\nc\r\nd\r\n")


def test_half_a_character_is_marked() -> None:
    assert _read(text_part("a\ud800")) == "a?\n"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_every_text_comes_through_on_short_lines_without_bare_line_ends(text: str) -> None:
    part = text_part(text)
    body = part.partition(b"\r\n\r\n")[2]
    assert b"\n" not in part.replace(b"\r\n", b"")
    assert b"\r" not in part.replace(b"\r\n", b"")
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
    assert part.endswith(b"\r\n")
    meant = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    assert _read(part) == meant


def test_a_footer_stands_below_once() -> None:
    once = with_footer("Yes.\n", "Written by an agent.\nAcme")
    assert once == "Yes.\n\n-- \nWritten by an agent.\nAcme"
    assert with_footer(once, "Written by an agent.\nAcme") == once
    assert with_footer("Yes.", "") == "Yes."
