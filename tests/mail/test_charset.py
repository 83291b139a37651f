import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.charset import _MEANT, _codec, decode, label_of_page


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        ("é".encode(), "utf-8", "é"),
        (b"\xe9", "iso-8859-1", "é"),
        (b"\xe9", "", "é"),
        ("é".encode(), "us-ascii", "é"),
        (b"\x82\xa0", "shift_jis", "あ"),
        (b"\x93it\x92s\x94", "ISO-8859-1", "\u201cit\u2019s\u201d"),
        (b"\x87\x40", "Shift_JIS", "①"),
        (b"\x82\xa0", "x-sjis", "あ"),
        (b"\xe9F", "gb2312", "镕"),
        (b"\xf9\xec\xe5\xed", "iso-8859-8-i", "שלום"),
        (b"\xa1", "windows-874", "ก"),
        (b"a\xff", "utf-8", "a\ufffd"),
        (b"616263", "hex", "616263"),
        (b"xn--", "idna", "xn--"),
        (b"abc", "no-such-charset", "abc"),
        (b"abc", "IBM037", "abc"),
        (b"abcd", "utf-32", "abcd"),
        (b"\xff\xfea\x00b\x00", "", "ab"),
        (b"\xfe\xff\x00a\x00b", "iso-8859-1", "ab"),
        (b"\xef\xbb\xbf\xc3\xa9", "iso-8859-1", "é"),
    ],
)
def test_octets_are_read_by_their_label_or_by_best_guess(octets: bytes, label: str, text: str) -> None:
    assert decode(octets, label) == text


def test_whatever_a_label_is_taken_for_can_be_read() -> None:
    assert [label for label in _MEANT if _codec(label) is None] == []


@pytest.mark.parametrize(
    ("page", "label"),
    [
        (b'<html><META charset = "Shift_JIS">', "shift_jis"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<p>charset=koi8-r", ""),
        (b" " * 1_024 + b"<meta charset=koi8-r>", ""),
    ],
)
def test_a_page_may_name_its_own_charset(page: bytes, label: str) -> None:
    assert label_of_page(page) == label


@given(st.binary(max_size=50), st.text(max_size=20) | st.sampled_from(["utf-7", "punycode", "utf-16", "rot13", "zip"]))
def test_any_label_is_survived(octets: bytes, label: str) -> None:
    decode(octets, label)
