"""An address is found however people and programs write it; what is none is none, in time linear in the text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import content
from gatepost.decide.leaks import texts_of
from gatepost.decide.mentions import addresses_in


def test_addresses_are_keys_each_once() -> None:
    texts = ["Ask Bob <Bob@Example.com>, bob@example.com. or al.ice+x@sub.example.org!", "j\u00fcrgen@example.net"]
    assert sorted(addresses_in(texts) or ()) == [
        "al.ice+x@sub.example",
        "al.ice+x@sub.example.org",
        "al.ice@sub.example",
        "al.ice@sub.example.org",
        "bob@example.com",
        "j\u00fcrgen@example.net",
        "rgen@example.net",  # where words stand without blanks, it is how a name may begin
    ]


def test_a_quoted_local_part_hides_no_address() -> None:
    texts = ['ask "b\\ob"@example.com', 'or "write to eve@example.com or "@example.org']
    assert {"bob@example.com", "eve@example.com"} <= (addresses_in(texts) or set())


@pytest.mark.parametrize(
    "text",
    ["bob@\npartner.example", "bob (at) partner.example", "bob [at] partner [dot] example", "bob @ partner.example"],
)
def test_an_address_that_is_written_apart_is_one(text: str) -> None:
    assert "bob@partner.example" in (addresses_in([text]) or ())


@pytest.mark.parametrize("text", ["no at sign", "a@", "@b.example", "a@@b", "x@-.-"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert not addresses_in([text])


def test_too_many_addresses_are_told() -> None:
    assert addresses_in([" ".join(f"u{number}@example.com" for number in range(1_001))]) is None


@pytest.mark.parametrize(
    "text",
    [
        "alice+shop@partner.example",
        "x=alice@partner.example",
        "a&alice@partner.example",
        "mail/alice@partner.example",
        "'alice@partner.example'",
        "_alice@partner.example_",
        "--alice@partner.example",
        f"https://partner.example/{'path/' * 20}?from=alice@partner.example",
        "write to alice@partner.example.Then call",
        "alice@partner.example--Alice",
        "\u8bf7\u8054\u7cfbalice@partner.example\u8c22\u8c22",
        "alice@partner\u3002example",
        "alice@partner.\nexample",
        "> alice@\r\n> partner.example",
        "alice at partner.example",
        "alice AT partner DOT example",
        "alice(arroba)partner.example",
        "alice_at_partner.example",
        "alice<at>partner.example",
        "alice%40partner.example",
        "alice&#64;partner.example",
        "alice&commat;partner&period;example",
        "=?utf-8?b?YWxpY2VAcGFydG5lci5leGFtcGxl?=",
        "alice=partner.example@lists.example",
        "bounces+alice=partner.example@lists.example",
        "staff-at-large-and-so-on-return-9-alice=partner.example@lists.example",
        "alice_at_partner_dot_example",
        "alice%partner.example@relay.example",
        "alice@mail.partner.example, alice@partner.example.com",
    ],
)
def test_a_disguise_that_people_or_programs_write_hides_none(text: str) -> None:
    assert "alice@partner.example" in (addresses_in(texts_of(content(text))) or ())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("o'brien@partner.example", "o'brien@partner.example"),
        ("ask al@b\u00fccher.example", "al@xn--bcher-kva.example"),
        ("ask al@xn--bcher-kva.example", "al@xn--bcher-kva.example"),
    ],
)
def test_a_name_is_taken_whole(text: str, key: str) -> None:
    assert key in (addresses_in([text]) or ())


@given(st.text(alphabet="ab@.=+%_-\"' \n>", max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert all("@" in key for key in addresses_in([text]) or ())


@pytest.mark.parametrize("piece", ["@", "a@", "a@b.", "a at ", " ", "\n", "= ", "%40", '"a"@', "x" * 100 + "@"])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def spent(size: int) -> float:
        text = piece * (size // len(piece))
        begun = time.process_time()
        addresses_in([text])
        return time.process_time() - begun

    spent(20_000)
    assert spent(320_000) < 60 * max(spent(20_000), 0.002)  # 16 times the text; a square would take 256 times
