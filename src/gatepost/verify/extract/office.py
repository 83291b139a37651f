"""Word and Excel files (ECMA-376): the words in their XML, within bounds that no archive can stretch."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from gatepost.verify.extract import plain
from gatepost.verify.extract.kinds import MAX_TEXT_CHARS

MAX_XML_OCTETS = 40_000_000
"""Unpacked, of all parts together: an archive may promise a thousand times its size."""
MAX_PARTS = 200
MAX_DEPTH = 256
"""Of elements in one another; no office program writes a tenth."""
MAX_ELEMENTS = 1_000_000
"""Of one part."""
_STEP = 65_536
_INDEX_DIGITS = 10
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What an encrypted document is wrapped in ([MS-OFFCRYPTO] section 2.3)."""

_WORD_PARTS = re.compile(
    r"word/(?:[^/]+/)*(?!(?:styles|stylesWithEffects|settings|webSettings|fontTable|numbering|theme|colors)\d*\.xml)[^/]+\.xml",
    re.IGNORECASE,
)
_MAIN = re.compile(r"word/(?:[^/]+/)*document\d*\.xml", re.IGNORECASE)
_IMPORTED = re.compile(r"word/(?:[^/]+/)*[^/]+\.(?:x?html?|txt)", re.IGNORECASE)
"""What Word shows as its own (``altChunk``)."""
_SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_STRINGS = re.compile(r"xl/sharedStrings\.xml", re.IGNORECASE)
_WORKBOOK = re.compile(r"xl/workbook\.xml", re.IGNORECASE)
_PROPERTIES = re.compile(r"docProps/(?:core|custom)\.xml", re.IGNORECASE)
_NOTES = re.compile(
    r"xl/(?:comments/)?comments?\d*\.xml|xl/(?:drawings/drawing|charts/chart|chartsheets/sheet|diagrams/data)\d*\.xml",
    re.IGNORECASE,
)
_THREADS = re.compile(r"xl/threadedComments/[^/]+\.xml", re.IGNORECASE)
_TYPES = re.compile(r"\[Content_Types\]\.xml", re.IGNORECASE)
_MAIN_TYPES = {"wordprocessingml.document.main": "word", "document.macroenabled.main": "word",
               "spreadsheetml.worksheet": "sheet"}  # fmt: skip
"""What a package calls the parts that are its text, wherever they lie (ECMA-376 part 2 section 10.1.2)."""
_SPOKEN = frozenset({"t", "delText", "instrText"})
"""Elements with words: drawn ones, deleted ones, and what a field computes its words from."""
_TOLD = frozenset({"title", "subject", "description", "keywords", "category", "lpwstr"})
_THREADED = frozenset({"text"})
_CELLS = frozenset({"v", "t", "f", "oddHeader", "evenHeader", "firstHeader", "oddFooter", "evenFooter", "firstFooter"})
"""Values, words, formulas, and what is printed above and below a sheet."""
_SAID = ("prompt", "promptTitle", "error", "errorTitle", "tooltip")
"""Attributes that speak: of a cell's allowed values, and of a link."""
_BREAKS = {"p": "\n", "br": "\n", "cr": "\n", "tab": "\t", "tr": "\n"}


class EncryptedError(Exception):
    """It opens only with a password."""


class MalformedError(Exception):
    """It is not what it says."""


class TooLargeError(Exception):
    """It unpacks to more than we read."""


class _Enough(Exception):  # noqa: N818  # no error: the text is long enough
    """As much text as we keep."""


class _Archive:
    """A zip archive read within bounds."""

    def __init__(self, octets: bytes) -> None:
        if octets.startswith(_OLE):
            raise EncryptedError
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(octets))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
            raise MalformedError from error
        self._left = MAX_XML_OCTETS

    def names(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the parts of such names; case says nothing in them (ECMA-376 part 2 section 9.1.1)."""
        return sorted(name for name in self._zip.namelist() if pattern.fullmatch(_plain(name)))[:MAX_PARTS]

    def main(self, kind: str) -> list[str]:
        """Return the parts that the package itself calls text of a Word file, or sheets."""
        called: set[str] = set()

        def start(_tag: str, told: dict[str, str]) -> None:
            told_type = told.get("ContentType", "").lower()
            if any(name in told_type and of == kind for name, of in _MAIN_TYPES.items()):
                called.add(_plain(told.get("PartName", "")).lower())

        for name in self.names(_TYPES)[:1]:
            _parse(self, name, start, _ignore, _ignore)
        return [name for name in self._zip.namelist() if _plain(name).lower() in called][:MAX_PARTS]

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's content, as far as the bounds go."""
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise EncryptedError
        try:
            with self._zip.open(info) as member:
                while piece := member.read(_STEP):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise TooLargeError
                    yield piece
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError) as error:
            raise MalformedError from error


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


def _parse(
    archive: _Archive, name: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:  # fmt: skip
    """Parse one part. Entities of its own make it malformed: no office program writes any, every XML bomb does."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = count = 0

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise TooLargeError
        start(tag.rpartition(" ")[2], attributes)

    def closed(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag.rpartition(" ")[2])

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = text

    def refuse(*_: object) -> None:
        raise MalformedError

    parser.EntityDeclHandler = refuse
    try:
        for piece in archive.pieces(name):
            parser.Parse(piece, False)  # noqa: FBT003  # expat takes it by position
        parser.Parse(b"", True)  # noqa: FBT003  # as above
    except expat.ExpatError as error:
        raise MalformedError from error


class _Text:
    """Collects words up to what we keep."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._chars = 0

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self._chars += len(text)
        if self._chars > MAX_TEXT_CHARS:
            raise _Enough

    def whole(self) -> str:
        return "".join(self._pieces)


def word(octets: bytes) -> str:
    """Return the text of a Word file: body, headers, footers, notes and comments, properties; hidden text too."""
    archive = _Archive(octets)
    found = _Text()
    main = archive.names(_MAIN) or archive.main("word")
    if not main:
        raise MalformedError
    try:
        for name in dict.fromkeys((*archive.names(_WORD_PARTS), *main)):
            _words(archive, name, found, _SPOKEN)
        for name in archive.names(_IMPORTED):
            found.add(f"\n{plain.page(b''.join(archive.pieces(name)))}\n")
        for name in archive.names(_PROPERTIES):
            _words(archive, name, found, _TOLD)
    except _Enough:
        pass
    return found.whole()


def _words(archive: _Archive, name: str, found: _Text, spoken: frozenset[str]) -> None:
    """Add what the elements of these names say, a paragraph a line, and what is said in place of a picture."""
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += tag in spoken
        if tag in {"br", "cr", "tab"}:
            found.add(_BREAKS[tag])
        elif tag in {"docPr", "cNvPr"}:
            told = " ".join(filter(None, (attributes.get("title"), attributes.get("descr"))))
            found.add(f"{told}\n" if told else "")

    def end(tag: str) -> None:
        nonlocal depth
        depth -= tag in spoken
        if tag == "p" or (spoken is _TOLD and tag in spoken):
            found.add("\n")

    _parse(archive, name, start, end, lambda text: found.add(text) if depth else None)


def sheet(octets: bytes) -> str:
    """Return the cells of an Excel file, a row a line, cells parted by tabs; hidden ones too, then what stands beside.

    That is the names of sheets, comments, text boxes, pictures' descriptions and properties.
    """
    archive = _Archive(octets)
    names = list(dict.fromkeys((*archive.names(_SHEETS), *archive.main("sheet"))))
    if not names:
        raise MalformedError
    found = _Text()
    try:
        strings = [words for name in archive.names(_STRINGS)[:1] for words in _strings(archive, name)]
        for name in names:
            _Rows(strings, found).read(archive, name)
        for name in archive.names(_WORKBOOK)[:1]:
            _parse(archive, name, lambda tag, told: _name_sheet(tag, told, found), _ignore, _ignore)
        for name in archive.names(_NOTES):
            _words(archive, name, found, _SPOKEN)
        for name in archive.names(_THREADS):
            _words(archive, name, found, _THREADED)
        for name in archive.names(_PROPERTIES):
            _words(archive, name, found, _TOLD)
    except _Enough:
        pass
    return found.whole()


def either(octets: bytes) -> str:
    """Return the text of a Word or an Excel file, whichever it is."""
    try:
        return word(octets)
    except MalformedError:
        return sheet(octets)


def _name_sheet(tag: str, attributes: dict[str, str], found: _Text) -> None:
    name = attributes.get("name", "")
    if tag == "sheet" and " " in name.strip():  # one word is no message
        found.add(f"{name}\n")


def _ignore(_: str) -> None:
    """Want none of it."""


def _strings(archive: _Archive, name: str) -> list[str]:
    """Return the table of shared strings."""
    strings: list[str] = []
    is_text = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal is_text
        is_text = tag == "t"
        if tag == "si":
            strings.append("")

    def end(_: str) -> None:
        nonlocal is_text
        is_text = False

    def text(words: str) -> None:
        if is_text and strings:
            strings[-1] += words

    _parse(archive, name, start, end, text)
    return strings


class _Rows:
    """Reads the cells of one sheet."""

    def __init__(self, strings: list[str], found: _Text) -> None:
        self._strings = strings
        self._found = found
        self._is_shared = False
        self._value: list[str] | None = None

    def read(self, archive: _Archive, name: str) -> None:
        _parse(archive, name, self._start, self._end, self._text)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._is_shared = attributes.get("t") == "s"
        elif tag in _CELLS:
            self._value = []
        elif tag in {"dataValidation", "hyperlink"}:
            self._found.add("".join(f"{attributes[name]}\n" for name in _SAID if name in attributes))

    def _end(self, tag: str) -> None:
        if tag == "row":
            self._found.add("\n")
        elif tag in _CELLS and self._value is not None:
            value = "".join(self._value)
            self._value = None
            if tag == "f" and " " not in value:
                return  # it computes, and says nothing
            if self._is_shared and tag == "v":
                at = int(value) if value.isascii() and value.isdigit() and len(value) < _INDEX_DIGITS else -1
                value = self._strings[at] if 0 <= at < len(self._strings) else ""
            self._found.add(value + "\t")

    def _text(self, words: str) -> None:
        if self._value is not None:
            self._value.append(words)
