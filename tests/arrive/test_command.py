import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.arrive.command import (
    Bdat,
    CommandError,
    MailFrom,
    parse_bdat,
    parse_helo,
    parse_mail,
    parse_rcpt,
    split,
)
from gatepost.arrive.refusals import Refusal
from gatepost.mail.address import Address


def test_a_verb_is_read_in_any_case() -> None:
    assert split(b"mAiL  FROM:<> ") == (b"MAIL", b"FROM:<>")


@pytest.mark.parametrize("line", [b"NO\nOP", b"NO\rOP", b"NOOP\0"])
def test_a_line_with_a_bare_line_end_is_no_command(line: bytes) -> None:
    with pytest.raises(CommandError):
        split(line)


def test_the_null_reverse_path_is_nobody() -> None:
    assert parse_mail(b"FROM:<>", is_extended=False) == MailFrom(None)


def test_parameters_are_read_in_any_case() -> None:
    assert parse_mail(b"from:<a@b.example> size=12 body=8bitmime smtputf8", is_extended=True) == MailFrom(
        Address("a", "b.example"), 12, is_smtputf8=True
    )


def test_a_u_label_becomes_an_a_label() -> None:
    mail = parse_mail("FROM:<оля@пример.example> SMTPUTF8".encode(), is_extended=True)
    assert mail.sender == Address("оля", "xn--e1afmkfd.example")


def test_octets_that_are_no_utf_8_are_no_address() -> None:
    with pytest.raises(CommandError) as caught:
        parse_mail(b"FROM:<\xff@b.example> SMTPUTF8", is_extended=True)
    assert caught.value.refusal is Refusal.SENDER_MALFORMED


def test_a_source_route_is_ignored() -> None:
    assert parse_rcpt(b"TO:<@a.example,@b.example:c@d.example>", is_smtputf8=False) == Address("c", "d.example")


def test_the_bare_postmaster_is_nobodys_address() -> None:
    assert parse_rcpt(b"TO:<pOsTmAsTeR>", is_smtputf8=False) is None


def test_invisible_characters_are_no_address() -> None:
    for text in ("a\u202eb@c.example", "a\u0085@c.example", "a@[IPv6:fe80::1%\u2028]"):
        with pytest.raises(CommandError):
            parse_rcpt(f"TO:<{text}>".encode(), is_smtputf8=True)


def test_a_chunk_has_a_size_and_may_be_the_last() -> None:
    assert parse_bdat(b"12") == Bdat(12, is_last=False)
    assert parse_bdat(b"0 last") == Bdat(0, is_last=True)


@pytest.mark.parametrize("argument", [b"", b"-1", b"1 FIRST", b"LAST", b"0x10", b"1LAST", b"9" * 21, "\u0661".encode()])
def test_everything_else_is_no_chunk(argument: bytes) -> None:
    with pytest.raises(CommandError):
        parse_bdat(argument)


def test_who_says_hello_says_one_printable_word() -> None:
    assert parse_helo(b"[192.0.2.1]") == "[192.0.2.1]"
    for argument in (b"", b"a b", b"a\x1b", "пример".encode(), b"a" * 256):
        with pytest.raises(CommandError):
            parse_helo(argument)


@given(st.binary(max_size=80))
def test_no_octets_raise_anything_but_a_command_error(octets: bytes) -> None:
    for prefix in (b"", b"FROM:<", b"TO:<", b"FROM:<> "):
        for parse in (
            lambda text: parse_mail(text, is_extended=True),
            lambda text: parse_rcpt(text, is_smtputf8=True),
            parse_bdat,
            parse_helo,
            split,
        ):
            with suppress(CommandError):
                parse(prefix + octets)


@pytest.mark.parametrize(
    "argument",
    [
        b'FROM:<"' + b"\\\\" * 100_000,
        b"FROM:<" + b'""' * 100_000,
        b"FROM:<" + b"@a," * 70_000,
        b"FROM:<" + b"@a," * 70_000 + b">",
        b"FROM:" + b" " * 200_000,
        b"FROM:<> " + b"A=1 " * 50_000,
    ],
)
def test_reading_is_linear(argument: bytes) -> None:
    started = time.process_time()
    with pytest.raises(CommandError):
        parse_mail(argument, is_extended=True)
    assert time.process_time() - started < 1
