"""Which attached files have text we read, and how they are sent to the process that reads them."""

from enum import IntEnum

from gatepost.mail import mime
from gatepost.mail.charset import decode, label_of_page
from gatepost.mail.kinds import Begins, File
from gatepost.mail.mime import Part

MAX_OCTETS = 10_000_000
"""A larger file is not read."""
MAX_TEXT_CHARS = 500_000
"""Of one file; more is cut."""


class Kind(IntEnum):
    """A kind of file; the number stands on the pipe."""

    PLAIN = 1
    HTML = 2
    CALENDAR = 3
    PDF = 4
    DOCX = 5
    XLSX = 6
    MESSAGE = 7
    OFFICE = 8  # Word or Excel: nobody said which
    CMS = 9  # S/MIME whose content lies inside the signature
    TNEF = 10


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BY_TYPE = {
    "text/plain": Kind.PLAIN, "text/csv": Kind.PLAIN, "text/markdown": Kind.PLAIN, "text/enriched": Kind.PLAIN,
    "text/tab-separated-values": Kind.PLAIN, "text/x-markdown": Kind.PLAIN, "application/csv": Kind.PLAIN,
    "application/json": Kind.PLAIN, "text/html": Kind.HTML, "application/xhtml+xml": Kind.HTML,
    "text/calendar": Kind.CALENDAR, "application/ics": Kind.CALENDAR, "application/pdf": Kind.PDF,
    "text/x-amp-html": Kind.HTML, "text/watch-html": Kind.HTML, "image/svg+xml": Kind.HTML,
    "application/rtf": Kind.PLAIN, "application/yaml": Kind.PLAIN, "application/x-pdf": Kind.PDF,
    _WORD: Kind.DOCX, _SHEET: Kind.XLSX, "message/rfc822": Kind.MESSAGE, "message/global": Kind.MESSAGE,
    "message/partial": Kind.MESSAGE, "message/external-body": Kind.MESSAGE, "message/news": Kind.MESSAGE,
    "application/pkcs7-mime": Kind.CMS, "application/x-pkcs7-mime": Kind.CMS, "application/ms-tnef": Kind.TNEF,
    "application/vnd.ms-tnef": Kind.TNEF,
    "message/delivery-status": Kind.PLAIN, "message/global-delivery-status": Kind.PLAIN,
    "message/disposition-notification": Kind.PLAIN, "message/feedback-report": Kind.PLAIN,
}  # fmt: skip
_BY_NAME = {
    "txt": Kind.PLAIN, "csv": Kind.PLAIN, "tsv": Kind.PLAIN, "md": Kind.PLAIN, "json": Kind.PLAIN, "htm": Kind.HTML,
    "html": Kind.HTML, "xhtml": Kind.HTML, "svg": Kind.HTML, "xml": Kind.PLAIN, "rtf": Kind.PLAIN, "vcf": Kind.PLAIN,
    "log": Kind.PLAIN, "yaml": Kind.PLAIN, "yml": Kind.PLAIN, "ics": Kind.CALENDAR, "pdf": Kind.PDF, "docx": Kind.DOCX,
    "docm": Kind.DOCX, "xlsx": Kind.XLSX, "xlsm": Kind.XLSX, "eml": Kind.MESSAGE, "p7m": Kind.CMS,
}  # fmt: skip
_WRITTEN = ("/xml", "+xml", "+json", "/yaml", "/x-yaml", "+yaml", "/x-ndjson")
"""How types end whose files are text, whatever begins them; so are all of ``text/`` (RFC 2046 section 4.1), and of
``message/``, which hold a header at least (section 5.2)."""
_ZIPPED = frozenset({Kind.DOCX, Kind.XLSX})
_OPENED = frozenset({Kind.PDF, Kind.DOCX, Kind.XLSX, None})
"""What a program opens, which goes by the first octets; a text is shown as it stands."""
_ARCHIVES = frozenset(
    {"application/zip", "application/x-zip-compressed", "application/java-archive", ".zip", ".jar", ".apk", ".war",
     ".pptx", ".ppsx", ".pptm", ".odt", ".ods", ".odp", ".epub", ".xlsb", ".pages", ".numbers", ".key"}
)  # fmt: skip
"""What begins as a Word file does and is none."""
_DECODED = frozenset({Kind.PLAIN, Kind.HTML, Kind.CALENDAR})


def kind_of(file: File) -> Kind | None:
    """Return what kind of file it is: by its type, its name, or how it begins; None where we read no text from it.

    Text of a kind that is not known is read as it is written, as whoever is given the file reads it. What begins as
    what it is not said to be is read as what it begins as, as whoever opens it does.
    """
    name = file.name.rstrip(". \t").lower()
    found = _BY_TYPE.get(file.content_type) or _BY_NAME.get(name.rpartition(".")[2])
    if found is None and name == "winmail.dat":
        return Kind.TNEF
    if found in _OPENED and file.begins is Begins.PDF:
        return Kind.PDF
    if found in _OPENED - _ZIPPED and file.begins is Begins.ZIP and not file.is_said_to_be(_ARCHIVES):
        return Kind.OFFICE
    if found is None and (file.content_type.startswith(("text/", "message/")) or file.content_type.endswith(_WRITTEN)):
        return Kind.PLAIN
    return found


def octets_for(raw: bytes, part: Part, kind: Kind) -> bytes:
    """Return a part's content as the process takes it: text as UTF-8, anything else as it is."""
    content = mime.content_of(raw, part)
    return decoded(content, part.charset, kind)


def decoded(content: bytes, charset: str, kind: Kind) -> bytes:
    """Return text as UTF-8 and anything else as it is."""
    if kind not in _DECODED:
        return content
    label = charset or (label_of_page(content) if kind is Kind.HTML else "")
    return decode(content, label).encode("utf-8", "replace")
