"""What clamd says and hears: INSTREAM of clamd(8), the octets of a conversation without its socket."""

import re
import struct
from collections.abc import Iterator

from gatepost.verify.paper import ScanResult, ScanVerdict
from gatepost.verify.scan.watch import ScannerError

NAME = "clamd"
CHUNK_OCTETS = 65_536
ANSWER_MAX_OCTETS = 4_096

_ANSWER = re.compile(r"stream: (?:(?P<clean>OK)|(?P<found>[^\x00-\x1f]{1,200}) FOUND)\x00?", re.ASCII)


def conversation(raw: bytes) -> Iterator[bytes]:
    """Yield what to send: the command, the message in pieces with their lengths before them, the empty piece."""
    yield b"zINSTREAM\x00"
    for at in range(0, len(raw), CHUNK_OCTETS):
        piece = raw[at : at + CHUNK_OCTETS]
        yield struct.pack("!I", len(piece))
        yield piece
    yield struct.pack("!I", 0)


def verdict(answer: bytes) -> ScanVerdict:
    """Read the answer.

    Raises:
        ScannerError: it is an error (such as the size limit) or no answer of clamd.
    """
    read = _ANSWER.fullmatch(answer.decode("utf-8", "replace"))
    if read is None:
        raise ScannerError("clamd gave no verdict")
    if read["clean"]:
        return ScanVerdict(NAME, ScanResult.CLEAN)
    return ScanVerdict(NAME, ScanResult.FOUND, read["found"])
