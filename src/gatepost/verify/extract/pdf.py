"""PDF files, page by page, by PDFium. Imported in the extracting process alone: it is a great deal of C++."""

import ctypes

import pypdfium2
import pypdfium2.raw as pdfium

from gatepost.verify.extract.kinds import MAX_TEXT_CHARS
from gatepost.verify.extract.office import EncryptedError, MalformedError

MAX_PAGES = 500


def text_of(octets: bytes) -> str:
    """Return the text of all pages, drawn or not: PDFium reads invisible text like any other."""
    try:
        document = pypdfium2.PdfDocument(octets)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise EncryptedError from error
        raise MalformedError from error
    pages: list[str] = []
    chars = 0
    for number in range(min(len(document), MAX_PAGES)):
        try:
            page = document[number]
            text = page.get_textpage().get_text_range()
        except (pypdfium2.PdfiumError, ctypes.ArgumentError):
            continue  # one broken page does not hide the others
        pages.append(text)
        chars += len(text)
        if chars > MAX_TEXT_CHARS:
            break
    return "\n".join(pages).replace("\r\n", "\n")
