import re

import dkim.canonicalization
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatepost.mail.canonical import Canon, body, header_field, header_fields

ORACLE = {Canon.SIMPLE: dkim.canonicalization.Simple, Canon.RELAXED: dkim.canonicalization.Relaxed}


@pytest.mark.parametrize(
    ("octets", "simple", "relaxed"),
    [
        (b"", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
        (b"no end", b"no end\r\n", b"no end\r\n"),
        (b"a\r\n \r\n", b"a\r\n \r\n", b"a\r\n"),
        (b"a\r\r\n", b"a\r\r\n", b"a\r\r\n"),
        (b"a\n\r\n", b"a\n\r\n", b"a\n\r\n"),
    ],
)
def test_the_body_forms_of_the_standard(octets: bytes, simple: bytes, relaxed: bytes) -> None:
    assert body(octets, Canon.SIMPLE) == simple
    assert body(octets, Canon.RELAXED) == relaxed


def test_the_header_forms_of_the_standard() -> None:
    raw = b"B : Y\t\r\n\tZ  "
    assert header_field(raw, Canon.SIMPLE) == raw
    assert header_field(raw, Canon.RELAXED) == b"b:Y Z"


LINES = st.lists(st.text("ab \t", max_size=6).map(str.encode), max_size=8)


@pytest.mark.parametrize("canon", list(Canon))
@given(lines=LINES)
def test_bodies_agree_with_dkimpy(canon: Canon, lines: list[bytes]) -> None:
    octets = b"".join(line + b"\r\n" for line in lines)
    assert body(octets, canon) == ORACLE[canon].canonicalize_body(octets)


@given(lines=LINES)
def test_the_relaxed_form_is_its_own_relaxed_form(lines: list[bytes]) -> None:
    once = body(b"\r\n".join(lines), Canon.RELAXED)
    assert body(once, Canon.RELAXED) == once


@pytest.mark.parametrize("canon", list(Canon))
@given(value=st.text("ab \t", max_size=20).map(str.encode))
def test_header_fields_agree_with_dkimpy(canon: Canon, value: bytes) -> None:
    ((name, canonical),) = ORACLE[canon].canonicalize_headers([(b"X-Name", value + b"\r\n")])
    assert header_field(b"X-Name:" + value, canon) + b"\r\n" == name + b":" + canonical


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"Subject", b"X-A ", b"to\t"]),
            st.lists(
                st.sampled_from([b" ", b"\t", b"a", b":", b"\r\n ", b"\r\n\t", b"\n", b"\r", b"\x0b", b";"]), max_size=8
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_fields_made_together_are_what_each_is_alone(written: list[tuple[bytes, list[bytes]]]) -> None:
    raws = [name + b":" + b"".join(pieces) for name, pieces in written]
    assume(not any(re.search(rb"\r\n(?![ \t])", raw + b"x") for raw in raws))  # that would end the field
    for canon in Canon:
        alone = b"\r\n".join(header_field(raw, canon) for raw in raws)
        named = [(name.rstrip(b" \t").lower(), raw) for (name, _), raw in zip(written, raws, strict=True)]
        assert header_fields(named, canon) == alone
