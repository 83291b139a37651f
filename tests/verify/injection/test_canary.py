import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.injection import canary

MARK = "gp-canary-7f3a91c2d4"


def echoes(text: str, mark: str = MARK) -> bool:
    return any(canary.found(text, (mark,)))


@pytest.mark.parametrize(
    "written",
    [
        MARK,
        MARK.upper(),
        MARK[::-1],
        codecs.encode(MARK, "rot13"),
        MARK.encode().hex(),
        MARK.encode().hex(":").upper(),
        "".join(f"%{octet:02X}" for octet in MARK.encode()),
        " ".join(MARK),
        "\u200b".join(MARK),
        "gp-canary-\r\n> 7f3a91c2d4",
        "**gp** *canary* `7f3a` `91c2d4`",
        "".join(chr(ord(sign) + 0xFEE0) for sign in MARK),
        "g\u0440-c\u0430n\u0430ry-7f3\u043091c2d4",
        "https://collect.example/?q=gp-canary%2D7f3a91c2d4",
        base64.b64encode(MARK.upper().encode()).decode(),
        base64.encodebytes(b"xy: the mark of the house at the end is " + MARK.encode() + b" as I said").decode(),
        base64.urlsafe_b64encode(b"?\xff" + MARK.encode()).decode(),
    ],
)
def test_a_mark_is_found_however_it_is_written(written: str) -> None:
    assert echoes(f"It says: {written} and that is all.")


@pytest.mark.parametrize("text", ["", "gp-canary", "7f3a91c2d4", "gp-canary-7f3a91c2d5", "a canary in a coal mine"])
def test_a_part_of_a_mark_is_none(text: str) -> None:
    assert not echoes(text)


def test_a_mark_of_few_letters_is_found_as_written_alone() -> None:
    assert echoes("see \u2603\u2603-\u2603 ab", "\u2603\u2603-\u2603 ab")
    assert not echoes("a b", "\u2603\u2603-\u2603 ab")


def test_where_it_stands_is_told() -> None:
    assert list(canary.found(f"so {MARK}.", (MARK,))) == [(3, 3 + len(MARK))]
    assert list(canary.found(f"so {MARK.upper()}.", (MARK,))) == [(0, 4 + len(MARK))]


@given(st.binary(max_size=7), st.text("abcdefghij0123456789-_.", min_size=12, max_size=30), st.binary(max_size=7))
def test_a_mark_is_found_in_any_base64_that_holds_it(before: bytes, mark: str, after: bytes) -> None:
    if sum(map(str.isalnum, mark)) >= canary.MIN_BARE:
        assert echoes(base64.b64encode(before + mark.encode() + after).decode(), mark)


@given(st.text(), st.text(min_size=1))
def test_looking_is_total_and_stays_within_the_text(text: str, mark: str) -> None:
    assert all(0 <= start <= end <= len(text) for start, end in canary.found(text, (mark,)))
