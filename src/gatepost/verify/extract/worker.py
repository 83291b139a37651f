"""The program of the extracting process: one file after another, from standard input to standard output."""

import os
from collections.abc import Callable
from typing import BinaryIO

from gatepost.verify.extract import cms, office, pdf, plain, sandbox, tnef
from gatepost.verify.extract.kinds import MAX_TEXT_CHARS, Kind
from gatepost.verify.extract.pipe import HEAD, OUTCOMES
from gatepost.verify.paper import Extraction

_PRELOADED = ("utf-8", "utf-16", "utf-16-le", "cp1252", "cp437", "latin-1", "ascii", "idna", "punycode")
"""Codecs are modules, and a sealed process can import none."""
_READERS: dict[Kind, Callable[[bytes], str]] = {
    Kind.PLAIN: plain.written,
    Kind.HTML: plain.page,
    Kind.CALENDAR: plain.calendar,
    Kind.PDF: pdf.text_of,
    Kind.DOCX: office.word,
    Kind.XLSX: office.sheet,
    Kind.OFFICE: office.either,
    Kind.MESSAGE: lambda octets: _opened(Kind.MESSAGE, octets, 0),
    Kind.CMS: lambda octets: _opened(Kind.CMS, octets, 0),
    Kind.TNEF: lambda octets: _opened(Kind.TNEF, octets, 0),
}
_HOLDERS = frozenset({Kind.MESSAGE, Kind.CMS, Kind.TNEF})
"""Files that hold others."""


def _opened(kind: Kind, octets: bytes, depth: int) -> str:
    if kind is Kind.TNEF:
        return tnef.text_of(octets, _inside, depth)
    return plain.message(cms.content_of(octets) if kind is Kind.CMS else octets, _inside, depth)


def _inside(kind: Kind, octets: bytes, depth: int) -> str:
    """Return the text of a file in another one; of one that cannot be read there is none."""
    try:
        return _opened(kind, octets, depth) if kind in _HOLDERS else _READERS[kind](octets)
    except (office.EncryptedError, office.MalformedError):
        return ""


def extract(kind: Kind, octets: bytes) -> tuple[Extraction, str]:
    """Return a file's text, and what became of it; total, as far as the process lives."""
    try:
        text = _READERS[kind](octets).replace("\r\n", "\n").strip()
    except office.EncryptedError:
        return Extraction.ENCRYPTED, ""
    except office.MalformedError:
        return Extraction.MALFORMED, ""
    except (office.TooLargeError, MemoryError):
        return Extraction.TOO_LARGE, ""
    except Exception:  # noqa: BLE001  # a reader of files must not end for one file; nothing of it may be told
        return Extraction.CRASHED, ""
    if len(text) > MAX_TEXT_CHARS:
        return Extraction.CUT, text[:MAX_TEXT_CHARS]
    return Extraction.DONE, text


def main() -> None:
    """Prepare, seal the process, and serve until the other side closes the pipe."""
    for name in _PRELOADED:
        "".encode(name)
    extract(Kind.HTML, "<p>&amp;<a href='//b\u00fccher.example'>a.example".encode())
    extract(Kind.MESSAGE, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--")
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sandbox.limit()
    _answer(sink, Extraction.DONE if sandbox.seal() else Extraction.NOT_TRIED, "")
    while len(head := source.read(HEAD.size)) == HEAD.size:
        length, kind = HEAD.unpack(head)
        _answer(sink, *extract(Kind(kind), source.read(length)))


def _answer(sink: BinaryIO, outcome: Extraction, text: str) -> None:
    octets = text.encode("utf-8", "replace")
    sink.write(HEAD.pack(len(octets), OUTCOMES.index(outcome)) + octets)
    sink.flush()


if __name__ == "__main__":
    main()
