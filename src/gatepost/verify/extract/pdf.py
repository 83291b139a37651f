"""PDF files, page by page, by PDFium. Imported in the extracting process alone: it is a great deal of C++.

Also what no page draws and many readers show, or hand on: notes and form fields, properties, and bookmarks.
"""

import ctypes
from collections.abc import Iterator
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from gatepost.verify.extract.kinds import MAX_TEXT_CHARS
from gatepost.verify.extract.office import EncryptedError, MalformedError

MAX_PAGES = 500
MAX_NOTES = 1_000
"""Annotations of one page, form fields among them."""
MAX_BOOKMARKS = 1_000
_NOTED = (b"Contents", b"T", b"TU", b"Subj", b"V", b"DV")
"""Of an annotation: its words, its author or field's name, what a field says of itself, subject, value and default
(ISO 32000-2 sections 12.5.2, 12.5.6.2 and 12.7.4)."""
_MADE_BY = frozenset({"Creator", "Producer", "CreationDate", "ModDate", "Trapped"})
"""Properties that speak of programs and times, not to anybody."""


def text_of(octets: bytes) -> str:
    """Return the text of all pages, drawn or not: PDFium reads invisible text like any other."""
    try:
        document = pypdfium2.PdfDocument(octets)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise EncryptedError from error
        raise MalformedError from error
    found: list[str] = []
    chars = 0
    for number in range(min(len(document), MAX_PAGES)):
        try:
            page = document[number]
            text = page.get_textpage().get_text_range()
        except (pypdfium2.PdfiumError, ctypes.ArgumentError):
            continue  # one broken page does not hide the others
        found += [text, *_notes(page)]
        chars += len(text)
        if chars > MAX_TEXT_CHARS:
            break
    found.append(_properties(document))
    return "\n".join(filter(None, found)).replace("\r\n", "\n")


def _properties(document: pypdfium2.PdfDocument) -> str:
    """Return title, author, subject, keywords, and the bookmarks' titles."""
    try:
        told = [text for name, text in document.get_metadata_dict().items() if text and name not in _MADE_BY]
        told += [mark.get_title() for mark in islice(document.get_toc(max_depth=10), MAX_BOOKMARKS)]
    except (pypdfium2.PdfiumError, ctypes.ArgumentError, UnicodeDecodeError):
        return ""
    return "\n".join(told)


def _notes(page: pypdfium2.PdfPage) -> Iterator[str]:
    """Yield what the annotations of a page say."""
    for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAX_NOTES)):
        note = pdfium.FPDFPage_GetAnnot(page, at)
        if not note:
            continue
        try:
            yield from filter(None, (_string(note, key) for key in _NOTED))
        finally:
            pdfium.FPDFPage_CloseAnnot(note)


def _string(note: object, key: bytes) -> str:
    """Return one text of an annotation; PDFium gives UTF-16 with a closing zero."""
    octets = pdfium.FPDFAnnot_GetStringValue(note, key, None, 0)
    if not 2 < octets <= 2 * MAX_TEXT_CHARS:  # noqa: PLR2004  # the closing zero alone
        return ""
    room = (ctypes.c_ushort * (octets // 2))()
    pdfium.FPDFAnnot_GetStringValue(note, key, room, octets)
    return bytes(room).decode("utf-16-le", "replace").rstrip("\0")
