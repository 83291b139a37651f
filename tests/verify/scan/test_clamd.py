import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import ScanResult
from gatepost.verify.scan import clamd
from gatepost.verify.scan.watch import ScannerError


@given(st.binary(max_size=200_000))
def test_the_conversation_carries_every_octet_in_counted_pieces(raw: bytes) -> None:
    sent = b"".join(clamd.conversation(raw))
    assert sent.startswith(b"zINSTREAM\x00")
    at, pieces = len(b"zINSTREAM\x00"), []
    while (size := struct.unpack_from("!I", sent, at)[0]) > 0:
        pieces.append(sent[at + 4 : at + 4 + size])
        assert size <= clamd.CHUNK_OCTETS
        at += 4 + size
    assert b"".join(pieces) == raw
    assert at + 4 == len(sent)


@pytest.mark.parametrize(
    ("answer", "result", "found"),
    [
        (b"stream: OK\x00", ScanResult.CLEAN, ""),
        (b"stream: Eicar-Signature FOUND\x00", ScanResult.FOUND, "Eicar-Signature"),
        (b"stream: Two Words FOUND", ScanResult.FOUND, "Two Words"),
    ],
)
def test_a_verdict_is_read(answer: bytes, result: ScanResult, found: str) -> None:
    verdict = clamd.verdict(answer)
    assert (verdict.result, verdict.found) == (result, found)


@pytest.mark.parametrize(
    "answer",
    [b"", b"INSTREAM size limit exceeded. ERROR\x00", b"stream: OKAY\x00", b"stream:  FOUND", b"\xff\xfe", b"OK"],
)
def test_anything_else_is_no_verdict(answer: bytes) -> None:
    with pytest.raises(ScannerError):
        clamd.verdict(answer)
