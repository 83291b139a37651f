import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.arrive.content import REPLIES, Inspection
from gatepost.arrive.limits import Limits
from gatepost.arrive.refusals import Refusal

LIMITS = Limits(size_max_octets=60, text_line_max_octets=10)


def flaw_of(*pieces: bytes) -> Refusal | None:
    inspection = Inspection(LIMITS)
    for piece in pieces:
        inspection.see(piece)
    inspection.end()
    return inspection.flaw


@pytest.mark.parametrize(
    ("raw", "flaw"),
    [
        (b"", None),
        (b"abc\r\n\r\n", None),
        (b"12345678\r\n", None),
        (b"1234567890", None),
        (b"123456789\r\n", Refusal.LINE_TOO_LONG),
        (b"\r\n12345678901", Refusal.LINE_TOO_LONG),
        (b"a\n", Refusal.LINE_BARE_LF),
        (b"\n", Refusal.LINE_BARE_LF),
        (b"a\rb\r\n", Refusal.LINE_BARE_CR),
        (b"a\r\r\n", Refusal.LINE_BARE_CR),
        (b"a\r", Refusal.LINE_BARE_CR),
        (b"\n\r", Refusal.LINE_BARE_LF),
        (b"a\0\r\n", Refusal.LINE_NUL),
        (b"a\r\n" * 20, None),
        (b"a\r\n" * 21, Refusal.SIZE_EXCEEDED),
        (b"a\r\n" * 21 + b"\n", Refusal.LINE_BARE_LF),
    ],
)
def test_what_is_wrong_with(raw: bytes, flaw: Refusal | None) -> None:
    assert flaw_of(raw) == flaw


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"\0", b"a", b"bcd", b"e" * 8]), max_size=24))
def test_the_finding_does_not_depend_on_the_cuts(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    assert flaw_of(*pieces) == flaw_of(raw) == flaw_of(*(raw[at : at + 1] for at in range(len(raw))))


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"a", b"bc"]), max_size=16))
def test_line_ends_are_judged_as_by_counting_them(pieces: list[bytes]) -> None:
    raw, inspection = b"".join(pieces), Inspection(Limits())
    for piece in pieces:
        inspection.see(piece)
    inspection.end()
    pairs = raw.count(b"\r\n")
    bare = {Refusal.LINE_BARE_LF: raw.count(b"\n") - pairs, Refusal.LINE_BARE_CR: raw.count(b"\r") - pairs}
    assert inspection.flaw == next((flaw for flaw in REPLIES if bare.get(flaw)), None)


@given(st.lists(st.text("ab.", max_size=8), max_size=5))
def test_crlf_lines_within_the_limits_have_no_flaw(lines: list[str]) -> None:
    assert flaw_of("".join(f"{line}\r\n" for line in lines).encode()) is None


def test_every_flaw_has_its_reply() -> None:
    assert all(said.is_permanent for said in REPLIES.values())
