import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.extract import plain, tnef
from gatepost.verify.extract.kinds import Kind
from gatepost.verify.extract.office import MalformedError
from gatepost.verify.extract.worker import extract
from gatepost.verify.paper import Extraction

HEAD = struct.pack("<IH", 0x223E9F78, 1)
RTF = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
"""The example of [MS-OXRTFCP] section 3.2.1."""


def attribute(name: int, value: bytes) -> bytes:
    return struct.pack("<BII", 1, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def text(kind: int, prop: int, value: bytes, *, named: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, prop) + named + struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


NAMED = bytes(16) + struct.pack("<II", 1, 6) + "abc".encode("utf-16-le") + bytes(2)
LETTER = HEAD + b"".join(
    [
        attribute(0x8004, b"A subject\0"),
        attribute(0x800C, b"A body\0"),
        attribute(
            0x9003,
            properties(
                struct.pack("<HHI", 3, 0x0017, 1),
                struct.pack("<HHII", 0x1003, 0x0018, 1, 7),
                text(0x1F, 0x8001, b"x\0", named=NAMED),
                text(0x1F, 0x1000, "Another body\0".encode("utf-16-le")),
                text(0x102, 0x1009, RTF),
                text(0x102, 0x1013, b"<p>A <b>page</b><p hidden>unseen words"),
            ),
        ),
        attribute(0x9002, b""),
        attribute(0x8010, b"A~1.TXT\0"),
        attribute(0x800F, b"words of a file"),
        attribute(0x9005, properties(text(0x1E, 0x3707, b"long name.txt\0"))),
        attribute(0x9002, b""),
        attribute(0x8010, b"inner.dat\0"),
        attribute(0x9005, properties(text(0x0D, 0x3701, bytes(16) + HEAD + attribute(0x8004, b"Inner subject\0")))),
    ]
)


def test_subject_bodies_and_files_are_read() -> None:
    outcome, words = extract(Kind.TNEF, LETTER)
    assert outcome is Extraction.DONE
    said = ["A subject", "A body", "Another body", "hello world", "A page", "unseen words",
            "long name.txt\nwords of a file", "Inner subject"]  # fmt: skip
    assert [one for one in said if one not in words] == []


def test_rtf_comes_out_of_its_compression() -> None:
    rtf = tnef.text_of(HEAD + attribute(0x9003, properties(text(0x102, 0x1009, RTF))), lambda *_: "")
    assert rtf.strip() == "hello world"
    stored = b"\0" * 8 + b"MELA" + bytes(4) + rb"{\rtf1 as it is}"
    assert tnef.text_of(HEAD + attribute(0x9003, properties(text(0x102, 0x1009, stored))), lambda *_: "") == "as it is"


def test_files_in_one_another_end_somewhere() -> None:
    inner = HEAD + attribute(0x8004, b"deep\0")
    for _ in range(30):
        inner = HEAD + attribute(0x9002, b"") + attribute(0x800F, inner)
    assert extract(Kind.TNEF, inner) == (Extraction.TOO_LARGE, "")


def test_what_is_no_tnef_is_malformed_and_what_is_cut_short_is_read_so_far() -> None:
    with pytest.raises(MalformedError):
        tnef.text_of(b"words", lambda *_: "")
    assert extract(Kind.TNEF, HEAD + b"\1") == (Extraction.MALFORMED, "")
    assert extract(Kind.TNEF, HEAD + attribute(0x8004, b"A subject\0") + b"\1\2")[1] == "A subject"


def test_more_than_we_read_says_so() -> None:
    for many in (attribute(0x9002, b"") * (plain.MAX_INSIDE + 1), attribute(1, b"") * (tnef.MAX_ATTRIBUTES + 1)):
        assert extract(Kind.TNEF, HEAD + many) == (Extraction.TOO_LARGE, "")


@given(st.integers(0, len(LETTER)), st.binary(max_size=8))
def test_any_damage_has_an_outcome(at: int, octets: bytes) -> None:
    assert extract(Kind.TNEF, LETTER[:at] + octets + LETTER[at + len(octets) :])[0] is not Extraction.CRASHED


def test_compressed_words_are_bounded() -> None:
    bomb = struct.pack("<II", 0, 0) + b"LZFu" + bytes(4) + (b"\xfe" + b"a" + b"\x00\x0f" * 7) * 100_000
    assert len(tnef.text_of(HEAD + attribute(0x9003, properties(text(0x102, 0x1009, bomb))), lambda *_: "")) <= (
        tnef.MAX_RTF_OCTETS + 1_000
    )
