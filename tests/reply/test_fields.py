from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.reply.fields import answer_subject, field, folded, message_ids


def _read(octets: str) -> Any:
    return message_from_bytes(octets.encode("ascii") + b"\r\n", policy=policy.default)


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("The meeting", "Re: The meeting"),
        ("Re: The meeting", "Re: The meeting"),
        ("RE: re: Re:The meeting", "Re: The meeting"),
        ("Re[2]: The meeting", "Re: The meeting"),
        ("AW: The meeting", "Re: AW: The meeting"),
        ("Regarding: x", "Re: Regarding: x"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("a\r\nBcc: evil@example.net", "Re: a Bcc: evil@example.net"),
        ("a\u2028b\x00c\ud800d", "Re: a b c d"),
    ],
)
def test_the_prefix_stands_once_and_nothing_escapes(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer


def test_an_endless_subject_is_cut_in_linear_time() -> None:
    assert len(answer_subject("re: " * 1_000_000 + "x")) < 300
    assert len(answer_subject("x" * 10_000_000)) < 300


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_leaves_its_field(text: str) -> None:
    written = field("Subject", text)
    message = _read(written)
    assert message.keys() == ["Subject"]
    assert all(line.startswith(" ") for line in written.split("\r\n")[1:-1])
    assert max(len(line) for line in written.split("\r\n")) <= 78


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=200))
def test_what_was_written_reads_as_it_was_meant(text: str) -> None:
    assert str(_read(field("Subject", text))["Subject"]) == text


def test_words_that_look_encoded_are_encoded_so_that_they_stay_what_they_are() -> None:
    text = "=?utf-8?b?aGVsbG8=?="
    assert str(_read(field("Subject", text))["Subject"]) == text


def test_long_lists_are_folded() -> None:
    written = folded("References", [f"<{number}@example.org>" for number in range(50)])
    assert max(len(line) for line in written.split("\r\n")) <= 78
    assert written.count("<") == 50


def test_a_message_id_that_could_break_out_is_not_repeated() -> None:
    hostile = ("a@b> <c@d", "a@b\r\nBcc: x", "a b", "é@b", "x" * 241, "")
    assert message_ids(("good@example.org", *hostile)) == ["<good@example.org>"]
