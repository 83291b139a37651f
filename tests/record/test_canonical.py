import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.record.canonical import DEPTH_MAX, UnrecordableError, canonical, canonical_plain
from gatepost.record.paper import Json

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("bits", "spelled"),
    [  # RFC 8785 appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_a_number_is_spelled_as_the_rfc_prints_it(bits: str, spelled: str) -> None:
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]) == spelled


def test_members_are_ordered_as_the_rfc_prints_them() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(dict.fromkeys(names)))) == ordered


def test_strings_escape_what_they_must_and_no_more() -> None:
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/\x7f') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'


@given(JSON)
def test_canonical_json_reads_back_and_is_its_own_canonical_form(value: Json) -> None:
    spelled = canonical(value)
    assert canonical(json.loads(spelled)) == spelled


PLAIN: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=5))
def test_the_quick_spelling_is_the_canonical_one(value: dict[str, Json]) -> None:
    assert canonical_plain(value) == canonical(value).encode()


def test_a_lone_surrogate_stays_readable() -> None:
    assert canonical("a\udc80") == '"a\\\\udc80"'
    assert canonical_plain({"a": "\udc80"}) == canonical({"a": "\udc80"}).encode()


def test_a_whole_number_beyond_doubles_is_spelled_as_the_double_it_becomes() -> None:
    assert canonical(2**53 + 1) == "9007199254740992"


def nested(depth: int) -> Json:
    value: Json = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, nested(DEPTH_MAX + 1), nested(5000)])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(UnrecordableError):
        canonical(value)
    assert canonical(nested(DEPTH_MAX)) == "[" * DEPTH_MAX + "0" + "]" * DEPTH_MAX


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(UnrecordableError, match="bytes is not JSON"):
        canonical({"value": b"octets"})  # type: ignore[dict-item]  # on purpose
