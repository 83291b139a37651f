import hashlib

from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import fields


def test_fields_keep_every_octet_and_their_order() -> None:
    header = fields.split(b"From: a@b.example\r\nX-Odd:  two\r\n\tlines \r\nfrom: c\r\n\r\nbody")
    assert [field.name for field in header.fields] == [b"from", b"x-odd", b"from"]
    assert header.fields[1].raw == b"X-Odd:  two\r\n\tlines "
    assert header.fields[1].unfolded == b"two\tlines"
    assert len(header.all(b"from")) == 2
    assert header.first(b"subject") is None
    assert header.body_start == len(b"From: a@b.example\r\nX-Odd:  two\r\n\tlines \r\nfrom: c\r\n\r\n")
    assert not header.is_malformed


def test_a_message_may_have_no_header_and_no_body() -> None:
    assert fields.split(b"").fields == ()
    assert fields.split(b"\r\nbody").body_start == 2
    assert fields.split(b"A: b\r\n").body_start == 6
    assert fields.split(b"A: b").first(b"a") is not None


def test_space_before_the_colon_is_the_same_field() -> None:
    assert fields.split(b"From : a@b.example\r\n\r\n").first(b"from") is not None


def test_a_line_without_a_name_is_kept_and_marked() -> None:
    header = fields.split(b"From a Mon\r\nA: b\r\n\r\n")
    assert header.is_malformed
    assert not header.is_ambiguous
    assert header.fields[0].name == b""


def test_a_bare_line_end_makes_the_header_ambiguous() -> None:
    for octet in (b"\r", b"\n", b"\x00"):
        assert fields.split(b"A: b" + octet + b"From: x\r\n\r\n").is_ambiguous


@given(st.text("a\r\n\r\n\x00", max_size=12).map(str.encode))
def test_every_line_end_that_is_no_pair_is_found_wherever_it_stands(block: bytes) -> None:
    start = fields.body_start(block)
    header = block[:start]
    while header.endswith(b"\r\n"):
        header = header[:-2]
    rest = header.replace(b"\r\n", b"")
    assert fields.split(block).is_ambiguous == any(octet in rest for octet in b"\r\n\x00")


def test_a_header_longer_than_we_read_is_cut_and_says_so() -> None:
    header = fields.split(b"A: b\r\n" * (fields.MAX_FIELDS + 5) + b"\r\n")
    assert header.is_cut
    assert header.is_ambiguous
    assert len(header.fields) == fields.MAX_FIELDS
    assert fields.split(b"A: " + b"x" * fields.MAX_HEADER_OCTETS + b"\r\n\r\n").is_cut


@given(st.binary(max_size=300) | st.text("aF:\r\n \t", max_size=80).map(str.encode))
def test_splitting_loses_nothing_and_never_raises(raw: bytes) -> None:
    header = fields.split(raw)
    block = raw[: header.body_start]
    joined = b"\r\n".join(field.raw for field in header.fields)
    assert block.startswith(joined)
    assert not block[len(joined) :].strip(b"\r\n")


def test_a_body_behind_an_empty_first_line_is_hashed_whole() -> None:
    raw = b"\r\none\r\n\r\ntwo\r\n"
    assert fields.body_sha256(raw) == hashlib.sha256(raw[fields.split(raw).body_start :]).hexdigest()
