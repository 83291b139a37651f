import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.encoded_word import decode_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?B=C3=B6b?=", "Böb"),
        ("=?UTF-8?B?QsO2Yg==?= <x>", "Böb <x>"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?=C3?=  =?utf-8?q?=B6?=", "ö"),
        ("=?utf-8?q?a?= and =?iso-8859-1?q?=E9?=", "a and é"),
        ("Re: =?utf-8?q?a_b?=", "Re: a b"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?utf-8?b?QsO2Yg?=", "Böb"),
        ("=?unknown?q?=E9?=", "é"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?B=C3=B6b and Al?= <x>", "Böb and Al <x>"),
        ("=?utf-8?b?QsO2 Yg==?=", "Böb"),
        ("=?utf-8?q?open =?utf-8?q?B=C3=B6b?=", "=?utf-8?q?open Böb"),
    ],
)
def test_headers_are_read_as_a_person_reads_them(text: str, read: str) -> None:
    assert decode_text(text) == read


@given(st.text("=?utf8qbBQ_- é", max_size=80))
def test_any_text_is_read(text: str) -> None:
    decode_text(text)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["=?", "=?a?q?", "=?a?q? ", "x ", "=?a?q?x?= "])
def test_long_texts_take_linear_time(piece: str) -> None:
    decode_text("=?a?q?" + piece * (1_000_000 // len(piece)))
