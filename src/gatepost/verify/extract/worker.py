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
}
"""All others hold files."""


class _Reading:
    """One file with those in it; ``outcome`` is what became of the last of those that could not be read."""

    def __init__(self) -> None:
        self.outcome = Extraction.DONE
        self._inside_count = 0

    def text_of(self, kind: Kind, octets: bytes, depth: int = 0) -> str:
        """Return what the file says, and what the files in it say."""
        match kind:
            case Kind.TNEF:
                return tnef.text_of(octets, self._inside, depth)
            case Kind.CMS:
                return plain.message(cms.content_of(octets), self._inside, depth)
            case Kind.MESSAGE:
                return plain.message(octets, self._inside, depth)
            case _:
                return _READERS[kind](octets)

    def _inside(self, kind: Kind, octets: bytes, depth: int) -> str:
        """Return the text of a file in another one; of one that cannot be read there is none, and that is noted."""
        self._inside_count += 1
        if depth > plain.MAX_DEPTH or self._inside_count > plain.MAX_INSIDE:
            self.outcome = Extraction.TOO_LARGE
            return ""
        try:
            return self.text_of(kind, octets, depth)
        except office.EncryptedError:
            self.outcome = Extraction.ENCRYPTED
        except office.MalformedError:
            self.outcome = Extraction.MALFORMED
        return ""


def extract(kind: Kind, octets: bytes) -> tuple[Extraction, str]:
    """Return a file's text, and what became of it; total, as far as the process lives."""
    reading = _Reading()
    try:
        text = reading.text_of(kind, octets).replace("\r\n", "\n").strip()
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
    return reading.outcome, text


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
