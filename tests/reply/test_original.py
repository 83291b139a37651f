"""The header of the message a report is about."""

import pytest

from gatepost.reply.original import HEADER_MAX_OCTETS, cut


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        (b"A: b\r\nC: d\r\n\r\nbody\r\n", b"A: b\r\nC: d"),
        (b"A: b\r\n", b"A: b"),
        (b"\r\nbody", b""),
        (b"", b""),
    ],
)
def test_the_header_ends_where_the_body_begins(raw: bytes, header: bytes) -> None:
    assert cut(raw) == header


def test_a_long_header_is_cut_after_a_whole_line() -> None:
    line = b"X: " + b"y" * 60 + b"\r\n"
    shown = cut(line * 2_000 + b"\r\nbody")
    assert len(shown) <= HEADER_MAX_OCTETS
    assert len(shown) > HEADER_MAX_OCTETS - 100
    assert (shown + b"\r\n").replace(line, b"") == b""


def test_one_endless_line_is_not_shown() -> None:
    assert cut(b"X: " + b"y" * (2 * HEADER_MAX_OCTETS) + b"\r\n\r\n") == b""
