import pytest

from gatepost.verify.reading.domains import (
    lookalikes,
    looks_like_another,
    mail_domain_of,
    mentioned,
    shown_host,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://Bank.example/login", "bank.example"), (" www.bank.example ", "www.bank.example"),
        ("bank.example", "bank.example"),        ("Read more.", ""), ("Hello. Bye", ""),
        ("version 1.2", ""), ("x" * 400 + ".example", ""),
    ],
)  # fmt: skip
def test_a_text_names_a_host_only_where_it_is_an_address(text: str, host: str) -> None:
    assert shown_host(text) == host


@pytest.mark.parametrize(
    ("host", "is_fake"),
    [
        ("b\u0430nk.example", True), ("\u0440\u0430\u0443\u0440\u0430\u04cf.com", True), ("xn--pple-43d.com", True),
        ("bank.example", False), ("m\u00fcnchen.example", False), ("xn--mnchen-3ya.de", False),
        ("\u043f\u043e\u0447\u0442\u0430.example", False), ("xn--\u00e4.example", False),
        ("xn--99999999999.example", False),
    ],
)  # fmt: skip
def test_letters_that_only_look_latin_are_found_out(host: str, is_fake: bool) -> None:  # noqa: FBT001  # a table
    assert looks_like_another(host) is is_fake


def test_such_hosts_are_found_in_running_text() -> None:
    text = "go to b\u0430nk.example, or bank.example; xn--pple-43d.com"
    assert [text[start:end] for start, end in lookalikes(text)] == ["b\u0430nk.example", "xn--pple-43d.com"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", ["a.", "a", "-", "xn--", "\u0430.", "a@", "a-"])
def test_hostile_names_take_linear_time(piece: str) -> None:
    text = piece * (300_000 // len(piece)) + "\u0430 xn--"
    lookalikes(text)
    shown_host(text)
    mentioned(text, in_addresses=False)
    mail_domain_of("mailto:" + text)
