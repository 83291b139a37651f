import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.arrive.wire import Wire


def wire(octets: bytes) -> Wire:
    made = Wire()
    made.append(octets)
    return made


def test_only_crlf_ends_a_line() -> None:
    assert wire(b"a\nb\rc\r\nd").line() == b"a\nb\rc"


def test_an_unfinished_line_waits() -> None:
    made = wire(b"NOOP\r")
    assert made.line() is None
    made.append(b"\nQUIT\r\n")
    assert [made.line(), made.line(), made.line()] == [b"NOOP", b"QUIT", None]


def test_skipping_keeps_a_cr_that_may_be_half_of_the_end() -> None:
    made = wire(b"xxx\r")
    assert made.line() is None
    assert made.skip_part_of_line() == 3
    made.append(b"\nNOOP\r\n")
    assert [made.line(), made.line()] == [b"", b"NOOP"]


def data_of(octets: bytes) -> tuple[bytes, bool]:
    made = wire(b"DATA\r\n" + octets)
    assert made.line() == b"DATA"
    made.begin_data()
    return made.data()


@pytest.mark.parametrize(
    ("octets", "raw"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        (b"a\n.\n\r\n.\r\n", b"a\n.\n\r\n"),
    ],
)
def test_data_ends_at_a_lone_dot_and_loses_its_stuffing(octets: bytes, raw: bytes) -> None:
    assert data_of(octets) == (raw, True)


@pytest.mark.parametrize("octets", [b"\n.\r\n", b"a\r\n.\n", b"a\n.\r\n", b"a\r.\r\n", b"a\r\n.\r", b"\r\n", b"."])
def test_nothing_else_ends_data(octets: bytes) -> None:
    assert not data_of(octets)[1]


@given(st.text("\r\n.a", max_size=40), st.lists(st.integers(0, 45), max_size=6))
def test_data_comes_out_the_same_however_it_was_cut(text: str, cuts: list[int]) -> None:
    octets = text.encode() + b"\r\n.\r\nREST"
    made = wire(b"DATA\r\n")
    made.line()
    made.begin_data()
    raw, is_end, at = b"", False, 0
    for cut in [*sorted(cuts), len(octets)]:
        made.append(octets[at:cut])
        at = max(at, cut)
        while not is_end:
            piece, is_end = made.data()
            assert not (raw.endswith(b"\r") and piece.startswith(b"\n"))
            raw += piece
            if not piece and not is_end:
                break
    assert is_end
    whole = data_of(octets)
    assert (raw, True) == whole


def test_octets_are_taken_as_they_are() -> None:
    made = wire(b"ab\r\n.\r\nc")
    assert made.take(3) == b"ab\r"
    assert made.take(100) == b"\n.\r\nc"
    assert made.take(1) == b""
    assert len(made) == 0


def test_clear_forgets_everything() -> None:
    made = wire(b"NOOP\r\nNO")
    made.line()
    made.clear()
    made.append(b"OP\r\n")
    assert made.line() == b"OP"


def test_what_was_taken_is_given_back_while_the_client_is_silent() -> None:
    tracemalloc.start()
    try:
        made = wire(b"DATA\r\n" + b"x" * 1_000_000)
        made.line()
        made.begin_data()
        assert len(made.data()[0]) == 1_000_000
        made.let_go()
        assert tracemalloc.get_traced_memory()[0] < 10_000
    finally:
        tracemalloc.stop()


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(0, 3))
def test_giving_back_changes_nothing_of_what_is_read(pieces: list[bytes], every: int) -> None:
    plain, tidy = wire(b""), wire(b"")
    for number, piece in enumerate(pieces):
        plain.append(piece)
        tidy.append(piece)
        assert plain.line() == tidy.line()
        if every and number % every == 0:
            tidy.let_go()
        assert (len(plain), plain.skip_part_of_line()) == (len(tidy), tidy.skip_part_of_line())
