import base64
import binascii
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import transfer

OCTETS = bytes(range(256))


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary"])
def test_identity_is_no_encoding(encoding: str) -> None:
    assert transfer.decode(OCTETS, encoding) == (OCTETS, True)


def test_what_is_written_as_it_should_be_comes_back() -> None:
    assert transfer.decode(base64.encodebytes(OCTETS), "base64") == (OCTETS, True)
    assert transfer.decode(binascii.b2a_qp(OCTETS, istext=False), "quoted-printable") == (OCTETS, True)
    lines = b"".join(binascii.b2a_uu(OCTETS[at : at + 45]) for at in range(0, 256, 45))
    assert transfer.decode(b"begin 644 x\r\n" + lines + b"`\r\nend\r\n", "x-uuencode") == (OCTETS, True)


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        (b"ig= \t\r\nnore", b"ignore"), (b"one \t\r\ntwo \ntwo=20\r\n", b"one\r\ntwo\ntwo \r\n"), (b"a =", b"a "),
        (b"end \t", b"end"), (b"a b", b"a b"),
    ],
)  # fmt: skip
def test_blanks_at_the_ends_of_quoted_printable_lines_were_not_written(written: bytes, octets: bytes) -> None:
    assert transfer.decode(written, "quoted-printable") == (octets, True)  # RFC 2045 section 6.7 rule 3


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [b" ", b" x", b" \r\n", b" \r"])
def test_blanks_take_linear_time(piece: bytes) -> None:
    transfer.decode(piece * (2_000_000 // len(piece)) + b" \n", "quoted-printable")


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        (b"aGVsbG8", b"hello"), (b"aGVs!bG8=", b"hello"), (b"aGVsbG8=IQ==", b"hello!"), (b"aGVsbG8hI", b"hello!"),
        (b"aGVsbG8=\r\n-- \r\nfooter", b"hello~\x8a(\xb6"),
    ],
)  # fmt: skip
def test_damaged_base64_is_read_as_far_as_it_goes_and_told(written: bytes, octets: bytes) -> None:
    found, is_sound = transfer.decode(written, "base64")
    assert found.startswith(octets[:5])
    assert not is_sound


@pytest.mark.parametrize("piece", [b"Q!=J", b"AA!", b"AAA="])
def test_damaged_base64_takes_little_memory(piece: bytes) -> None:
    """Each piece was kept apart: 20 to 70 times the size of the whole."""
    octets = piece * (400_000 // len(piece))
    tracemalloc.start()
    try:
        transfer.decode(octets, "base64")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 * len(octets)


@pytest.mark.parametrize("cut", [400_000, 8])
def test_nothing_of_base64_is_copied_but_what_comes_of_it(cut: int) -> None:
    """All before and behind the padding was copied, so that 23 MB took 47 besides the message itself."""
    written = b"QUJD" * 100_000 + b"QUI="
    octets = b"header\r\n\r\n" + written[:cut] + b"=" + written[cut:] + b"\r\n--end--"
    tracemalloc.start()
    try:
        decoded, _ = transfer.decode(octets, "base64", 10, len(octets) - 9)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert decoded == b"ABC" * 100_000 + b"AB"
    assert most < 1.2 * len(octets)


def test_one_large_piece_of_it_is_decoded_a_little_at_a_time() -> None:
    """It was held four times over, beside what came of it."""
    octets = b"QUJD" * 500_000 + b"="
    tracemalloc.start()
    try:
        decoded = transfer.decode(octets + b"QUJD", "base64")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert decoded == (b"ABC" * 500_001, False)
    assert most < 3 * len(octets)


@pytest.mark.parametrize("length", [65_536, 65_537, 131_073, 200_000])
def test_where_pieces_are_cut_makes_no_difference(length: int) -> None:
    letters = (b"QUJD!REVG\r\n" * length)[:length]
    kept = bytes(one for one in letters if one not in b"!\r\n")
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    assert transfer.decode(letters + b"=AAAA", "base64") == (
        binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)) + b"\0\0\0", False,
    )  # fmt: skip


def test_an_unknown_encoding_is_none_and_told() -> None:
    assert transfer.decode(b"x", "rot13") == (b"x", False)
    assert transfer.decode(b"no beginning", "uue") == (b"no beginning", False)
    assert transfer.decode(b"begin 644 x\n\x01\x02\n", "uue")[1] is False


@given(st.binary(), st.sampled_from(["base64", "quoted-printable", "x-uue", "7bit", "odd"]))
def test_any_octets_are_decoded(octets: bytes, encoding: str) -> None:
    transfer.decode(octets, encoding)
