"""Links, read as a browser reads them. The hosts of the table are Chromium's, of ``new URL(link).hostname``."""

import time

import pytest

from gatepost.verify.reading import web_address

LONG = "a" * 3_000
LEADS = {
    "https://bank.example/x": "bank.example",
    "HTTPS://BANK.Example/x": "bank.example",
    "https://bank%2eexample/x": "bank.example",
    "https://b%61nk.ex%41mple": "bank.example",
    "https://bank%E3%80%82example": "bank.example",
    "https://bank\u3002example/": "bank.example",
    "https://bank\uff0eexample/": "bank.example",
    "https://bank\uff61example/": "bank.example",
    "https://\uff42\uff41\uff4e\uff4b.example": "bank.example",
    "https://\U0001d41bank.example": "bank.example",
    "https://ba\tnk.exa\nmple\r/": "bank.example",
    "ht\ttps://bank.example": "bank.example",
    "\x01 \x1fhttps://bank.example": "bank.example",
    "https://ba\u00adnk.exam\u200bple": "bank.example",
    "https://ban\ufe0fk.example": "bank.example",
    "https:\\\\bank.example\\x": "bank.example",
    "https:/bank.example": "bank.example",
    "https:bank.example": "bank.example",
    "https://///bank.example": "bank.example",
    "https:\\/\\bank.example": "bank.example",
    "https://evil.example@bank.example/": "bank.example",
    "https://evil.example%40x:y@bank.example": "bank.example",
    "https://a@b@bank.example": "bank.example",
    "https://bank.example\\@evil.example": "bank.example",
    "https://bank.example#@evil.example": "bank.example",
    "https://bank.example?@evil.example": "bank.example",
    "https://bank.example:443/": "bank.example",
    "http://bank.example:00080": "bank.example",
    "ftp://bank%2eexample/": "bank.example",
    "wss://bank%2eexample/": "bank.example",
    "http://0x7f.1/": "127.0.0.1",
    "http://2130706433": "127.0.0.1",
    "http://017700000001/": "127.0.0.1",
    "http://127.1": "127.0.0.1",
    "http://\uff11\uff12\uff17.0.0.1": "127.0.0.1",
    "http://127%2e0.0.1": "127.0.0.1",
    "http://[::FFFF:1.2.3.4]/": "[::ffff:102:304]",
    "http://[0:0::1]:80/": "[::1]",
    "https://b\u00fccher.example": "xn--bcher-kva.example",
    "https://B\u00dcCHER.example": "xn--bcher-kva.example",
    "https://fa\u00df.example": "xn--fa-hia.example",
    "https://\u2603.example": "xn--n3h.example",
    "https://b\u0430nk.example": "xn--bnk-6cd.example",
    "https://a_b.example": "a_b.example",
    "https://-a-.example": "-a-.example",
    "https://xn--a.example": "xn--a.example",
}
UNICODE = {
    "xn--bcher-kva.example": "b\u00fccher.example", "xn--fa-hia.example": "fa\u00df.example",
    "xn--n3h.example": "\u2603.example", "xn--bnk-6cd.example": "b\u0430nk.example",
}  # fmt: skip


def as_guards_read(link: str) -> str:
    written = web_address.written(link, None)
    return "\n".join([written, *web_address.targets(f"[words]({written})")])


@pytest.mark.parametrize(("link", "host"), LEADS.items(), ids=map(ascii, LEADS))
def test_a_link_leads_where_a_browser_goes(link: str, host: str) -> None:
    shown = UNICODE.get(host, host)
    assert host == "xn--a.example" or web_address.host(link) == shown
    assert f"//{host}" in as_guards_read(link)
    assert f"//{shown}" in as_guards_read(link)


@pytest.mark.parametrize("link", ["mailto:a@b.example", "#top", "", "cid:a@b", "javascript:x", "page", "https://"])
def test_what_is_no_address_of_the_web_leads_to_no_host(link: str) -> None:
    assert web_address.host(link) == ""
    assert list(web_address.targets(f"[a]({link})")) == []
    assert web_address.written(link, None) == link


@pytest.mark.parametrize(
    "text",
    [
        "see https://bank%2eexample/x.", "(HTTPS://u@bank.example:443/x)", "https:\\\\bank.example\\x",
        "<http:/bank\u3002example/x>", "www\u3002bank.example/x", "[a](//bank%2eexample/x)b",
    ],
)  # fmt: skip
def test_running_text_leads_where_a_browser_goes(text: str) -> None:
    assert any("bank.example/x" in target for target in web_address.targets(text))


def test_what_is_written_as_a_browser_shows_it_is_not_repeated() -> None:
    text = "https://bank.example/A%20b?c=https%3A [a](http://b-1.example/x_(y)) http://x.example."
    assert list(web_address.targets(text)) == []


def test_the_domain_of_a_mail_address_is_decoded() -> None:
    assert list(web_address.targets("[a](mailto:me@bank%2eexample)")) == ["mailto:me@bank.example"]


@pytest.mark.parametrize(
    ("href", "whole"),
    [
        ("page", "https://bank.example/a/page"), ("/page", "https://bank.example/page"), ("?q", "https://bank.example/a/b?q"),
        ("//evil%2eexample/x", "https://evil.example/x"), ("\\\\evil.example", "https://evil.example/"),
        ("https:page", "https://bank.example/a/page"), ("http:evil.example", "http://evil.example/"),
        ("http://evil%2eexample", "http://evil%2eexample"), ("mailto:a@b.example", "mailto:a@b.example"),
        ("pa\tge", "https://bank.example/a/page"), ("https://ok.example/", "https://ok.example/"),
    ],
)  # fmt: skip
def test_a_base_makes_relative_links_whole(href: str, whole: str) -> None:
    assert web_address.written(href, web_address.base_of("https://bank.example/a/b")) == whole


@pytest.mark.parametrize("href", ["", "data:text/html,x", "javascript:x", "mailto:a@b", "x"])
def test_only_an_address_of_the_web_is_a_base(href: str) -> None:
    assert web_address.base_of(href) is None


def test_of_a_long_address_the_host_is_kept() -> None:
    assert web_address.written(f"https://{LONG}@bank.example/", None) == "https://bank.example/"
    assert web_address.written(f"https:{'/' * 3_000}bank.example/", None) == "https://bank.example/"


@pytest.mark.parametrize(
    "piece", ["https://", "https://\u0430", "https://[", "](//", "https://@", "\u3002www\u3002", "https://%", "xn--a."]
)
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    text = (piece * 100_000)[:200_000]
    started = time.process_time()
    list(web_address.targets(text))
    web_address.written(text, None)
    web_address.host(text)
    assert time.process_time() - started < 1.5
