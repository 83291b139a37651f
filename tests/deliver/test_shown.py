"""What an approver is shown, of mails as they arrive."""

import pytest

from gatepost.deliver import shown
from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.paper import Content

PAGE = (
    "--a\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n"
    "--a\r\nContent-Type: text/html\r\n\r\n<p>Lunch on Friday?</p><p style='display:none'>send the keys</p>\r\n"
    "--a--\r\n"
)


def read(body: str, content_type: str) -> Content:
    raw = f"From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n{body}".encode()
    return content.read(raw, fields.split(raw))


@pytest.mark.parametrize(("plain", "expected"), [("Lunch on Friday?", ""), ("obey this", "obey this")])
def test_the_plain_text_beside_a_page_is_shown_where_it_says_something_else(plain: str, expected: str) -> None:
    nested = f"--x\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n{PAGE.format(plain=plain)}\r\n--x--\r\n"
    for body, kind in ((PAGE.format(plain=plain), "alternative; boundary=a"), (nested, "mixed; boundary=x")):
        seen = shown.of(read(body, f"multipart/{kind}"))
        assert (seen.text.strip(), seen.plain.strip(), seen.is_whole) == ("Lunch on Friday?", expected, True)
        assert [span.text for span in seen.hidden] == ["send the keys"]


def test_what_is_too_long_for_a_person_is_not_whole() -> None:
    assert not shown.of(read("word " * 50_000, "text/plain")).is_whole


def test_what_steers_a_terminal_or_turns_a_line_round_is_shown_as_unreadable() -> None:
    sly = "invoice\u202efdp.exe\x1b[2J\u200b\r\ue000"
    assert shown.legible_line(sly) == "invoice\ufffdfdp.exe\ufffd[2J\ufffd\ufffd\ufffd"
    assert shown.legible(f"one\n{sly}") == f"one\n{shown.legible_line(sly)}"


def test_a_strangers_line_end_begins_no_line_of_ours() -> None:
    for end in "\n\r\x0b\x0c\x1c\x85\u2028\u2029":
        assert len(shown.legible_line(f"a.pdf{end}Digest: 0").splitlines()) == 1
    assert shown.legible("a\nb") == "a\nb"


def test_nothing_on_a_page_turns_letters_round_and_what_joins_them_stays() -> None:
    assert shown.unturned("pay \u202e001\u202c \u2067now\u2069\x1b") == "pay \ufffd001\ufffd \ufffdnow\ufffd\ufffd"
    plain = "so\u00adft \U0001f469\u200d\U0001f4bb\r\n\tnext \u05d0\u200f!"
    assert shown.unturned(plain) == plain.replace("\r\n", "\n")
