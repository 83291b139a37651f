import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import Note, SigningKey, VerifierKey, decode_base64, encode_base64
from vector_files import document, lines

CASES = lines("merkle/notes.jsonl")
NOTES = [case for case in CASES if "note_b64" in case]
VKEYS = [case for case in CASES if "vkey" in case]
GOLDEN = document("merkle/golden.json")
KEY = SigningKey("example.com/log", bytes(32))


@pytest.mark.parametrize("case", NOTES, ids=lambda case: case["id"])
def test_a_published_note_is_taken_or_refused_as_published(case: dict[str, Any]) -> None:
    octets = base64.b64decode(case["note_b64"])
    keys = [VerifierKey.parse(vkey) for vkey in case["vkeys"]]
    if case["expect"] == "ok":
        assert [key.name for key in Note.parse(octets).verify(keys)] == case["verified"]
    else:
        with pytest.raises(LedgerError):
            Note.parse(octets).verify(keys)


@pytest.mark.parametrize("case", VKEYS, ids=lambda case: case["id"])
def test_a_published_verifier_key_is_taken_or_refused_as_published(case: dict[str, Any]) -> None:
    if case["valid"]:
        assert str(VerifierKey.parse(case["vkey"])) == case["vkey"]
    else:
        with pytest.raises(LedgerError):
            VerifierKey.parse(case["vkey"])


def test_the_golden_key_has_the_golden_name() -> None:
    key = SigningKey(GOLDEN["origin"], bytes.fromhex(GOLDEN["log_seed"]))
    assert str(key.verifier) == GOLDEN["vkey"]


def test_a_cosignature_key_is_not_taken_for_a_log_key() -> None:
    with pytest.raises(LedgerError, match="not a key of the kind"):
        VerifierKey.parse(GOLDEN["witness_vkey"])


def test_a_signature_of_a_known_key_that_is_wrong_spoils_the_note() -> None:
    other = SigningKey("other", b"\x01" * 32)
    good, bad = KEY.sign("a\n"), bytearray(other.sign("a\n").split(b"\n\n")[1])
    line = bad.rpartition(b" ")[2].strip()
    octets = bytearray(base64.b64decode(bytes(line)))
    octets[-1] ^= 1
    note = good + "\N{EM DASH} other ".encode() + base64.b64encode(octets) + b"\n"
    assert Note.parse(note).verify([KEY.verifier]) == (KEY.verifier,)
    with pytest.raises(LedgerError, match="other is wrong"):
        Note.parse(note).verify([KEY.verifier, other.verifier])


def test_the_text_is_split_from_the_signatures_at_the_last_empty_line() -> None:
    note = Note.parse(KEY.sign("a\n\nb\n\n\nc\n"))
    assert note.text == "a\n\nb\n\n\nc\n"
    assert note.verify([KEY.verifier]) == (KEY.verifier,)


def test_sixteen_signatures_are_read() -> None:
    keys = [SigningKey(f"key{number}", bytes([number]) * 32) for number in range(16)]
    note = b"text\n\n" + b"".join(key.sign("text\n").split(b"\n\n")[1] for key in keys)
    assert Note.parse(note).verify(key.verifier for key in keys) == tuple(key.verifier for key in keys)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\n\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        b"text\n\n\xe2\x80\x94 name\n",
        b"text\n\n\xe2\x80\x94 name !!!!\n",
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
        b"te\rxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
        b"text\n\n" + b"\xe2\x80\x94 name AAAAAAAA\n" * 101,
        b"x" * 1_000_001,
    ],
    ids=range(11),
)
def test_octets_that_are_no_note_are_refused(octets: bytes) -> None:
    with pytest.raises(LedgerError):
        Note.parse(octets)


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    with contextlib.suppress(LedgerError):
        Note.parse(b"text\n\n" + octets)


@given(st.text(max_size=120))
def test_no_text_read_as_a_key_raises_anything_else(text: str) -> None:
    for candidate in (text, f"{text}+00000000+{encode_base64(bytes([1]) + bytes(32))}"):
        with contextlib.suppress(LedgerError):
            VerifierKey.parse(candidate)


def test_a_key_name_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(LedgerError):
        VerifierKey.parse(f"a\udc80+00000000+{encode_base64(bytes([1]) + bytes(32))}")


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "a\x00\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(LedgerError):
        KEY.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\n"])
def test_a_key_has_a_name_that_fits_its_line(name: str) -> None:
    with pytest.raises(LedgerError):
        SigningKey(name, bytes(32))


def test_a_seed_is_32_octets_and_is_not_shown() -> None:
    with pytest.raises(LedgerError):
        SigningKey("name", bytes(31))
    assert "seed" not in repr(KEY)


def test_a_public_key_that_is_no_point_verifies_nothing() -> None:
    assert not VerifierKey("name", b"\xff" * 32).verifies(b"text", bytes(64))


@given(st.binary(max_size=64))
def test_base64_reads_back_and_has_one_spelling(octets: bytes) -> None:
    assert decode_base64(encode_base64(octets)) == octets


@pytest.mark.parametrize("text", ["AA", "AB==", "A A=", "\u00e9", "-_=="])
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    with pytest.raises(LedgerError):
        decode_base64(text)
