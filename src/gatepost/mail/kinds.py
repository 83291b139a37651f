"""What kind of file an attachment is: by the type it declares, by the end of its name, by its first octets. Pure.

The first two are its sender's word, and a file may begin as two kinds do; so the three are compared, not believed.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

GLANCE_OCTETS = 1_024
"""How much of a file is looked at."""


class Begins(StrEnum):
    """What the first octets of a file show."""

    UNKNOWN = ""
    MZ = "mz"
    ELF = "elf"
    MACH_O = "mach-o"
    SCRIPT = "script"
    PDF = "pdf"
    ZIP = "zip"
    OLE = "ole"
    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"


_RUNS = frozenset({Begins.MZ, Begins.ELF, Begins.MACH_O, Begins.SCRIPT})
_CONTAINERS = frozenset({Begins.ZIP, Begins.OLE})
"""Formats without number begin so, most of them not in the table."""
_SIGNATURES: tuple[tuple[re.Pattern[bytes], Begins], ...] = (
    (re.compile(rb"(?:MZ|ZM)(?=[^\x00]{0,62}\x00)"), Begins.MZ),  # a text may begin so, but holds no NUL
    (re.compile(rb"\x7fELF"), Begins.ELF),
    (re.compile(rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba[\xbe\xbf]"), Begins.MACH_O),
    (re.compile(rb"(?:\xef\xbb\xbf)?#![ \t]*/"), Begins.SCRIPT),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s{0,16}%PDF-"), Begins.PDF),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), Begins.ZIP),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Begins.OLE),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), Begins.PNG),
    (re.compile(rb"\xff\xd8\xff"), Begins.JPEG),
    (re.compile(rb"GIF8[79]a"), Begins.GIF),
)


def begins(octets: bytes) -> Begins:
    """Tell what a file begins as; ``UNKNOWN`` where that is none of ours."""
    start = octets[:GLANCE_OCTETS]
    return next((found for signature, found in _SIGNATURES if signature.match(start)), Begins.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    Attributes:
        family: kinds of one family are taken for one another without harm, as ``.doc`` and ``.docx`` are.
        types: the media types it is declared as.
        ends: the ends of its names, each with its dot.
        starts: how it begins; empty where that is not known.
    """

    family: str
    types: frozenset[str]
    ends: frozenset[str]
    starts: frozenset[Begins]


def _kind(family: str, types: str, ends: str, *starts: Begins) -> Kind:
    return Kind(family, frozenset(types.split()), frozenset(f".{end}" for end in ends.split()), frozenset(starts))


_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_WITH_MACROS = ".macroenabled.12"
KINDS: tuple[Kind, ...] = (
    _kind(
        "windows",
        "application/x-msdownload application/x-dosexec application/vnd.microsoft.portable-executable application/exe "
        "application/x-msdos-program application/x-ms-dos-executable application/x-winexe application/x-exe",
        "exe dll scr com cpl sys pif ocx drv efi",
        Begins.MZ,
    ),
    _kind(
        "elf",
        "application/x-elf application/x-executable application/x-sharedlib application/x-pie-executable",
        "elf so run ko",
        Begins.ELF,
    ),
    _kind("mach-o", "application/x-mach-binary", "dylib macho", Begins.MACH_O),
    _kind("java", "application/x-java application/java-vm", "class", Begins.MACH_O),
    _kind("java", "application/java-archive application/x-java-archive", "jar war", Begins.ZIP),
    _kind("android", "application/vnd.android.package-archive", "apk", Begins.ZIP),
    _kind("msi", "application/x-msi application/x-ms-installer", "msi msp", Begins.OLE),
    _kind(
        "script",
        "application/x-sh text/x-sh text/x-shellscript application/x-shellscript application/x-csh",
        "sh bash zsh csh ksh command",
        Begins.SCRIPT,
    ),
    _kind("script", "application/x-perl text/x-perl text/x-python application/x-python-code", "pl py", Begins.SCRIPT),
    _kind("script", "application/x-bat application/x-msdos-batch", "bat cmd"),
    _kind("script", "application/x-powershell", "ps1 psm1"),
    _kind("script", "text/vbscript text/vbs", "vbs vbe"),
    _kind("script", "text/javascript application/javascript application/x-javascript", "js jse mjs"),
    _kind("script", "application/hta", "hta wsf wsh wsc sct"),
    _kind("shortcut", "application/x-ms-shortcut", "lnk url"),
    _kind(
        "disk", "application/x-iso9660-image application/x-cd-image application/x-raw-disk-image", "iso img vhd vhdx"
    ),
    _kind("disk", "application/x-apple-diskimage", "dmg"),
    _kind("page", "text/html application/xhtml+xml", "html htm shtml xhtml xht"),
    _kind("page", "image/svg+xml", "svg svgz"),
    _kind("pdf", "application/pdf application/x-pdf", "pdf", Begins.PDF),
    _kind("zip", "application/zip application/x-zip-compressed application/x-zip", "zip", Begins.ZIP),
    _kind("word", "application/msword", "doc dot", Begins.OLE, Begins.ZIP),
    _kind("word", f"{_OPEN_XML}wordprocessingml.document", "docx dotx", Begins.ZIP, Begins.OLE),
    _kind("word macros", f"application/vnd.ms-word.document{_WITH_MACROS}", "docm dotm", Begins.ZIP, Begins.OLE),
    _kind("sheet", "application/vnd.ms-excel", "xls xlt", Begins.OLE, Begins.ZIP),
    _kind("sheet", f"{_OPEN_XML}spreadsheetml.sheet", "xlsx xltx", Begins.ZIP, Begins.OLE),
    _kind("sheet macros", f"application/vnd.ms-excel.sheet{_WITH_MACROS}", "xlsm xltm xlsb", Begins.ZIP, Begins.OLE),
    _kind("slides", "application/vnd.ms-powerpoint", "ppt pps", Begins.OLE, Begins.ZIP),
    _kind("slides", f"{_OPEN_XML}presentationml.presentation", "pptx ppsx", Begins.ZIP, Begins.OLE),
    _kind(
        "slides macros",
        f"application/vnd.ms-powerpoint.presentation{_WITH_MACROS}",
        "pptm ppsm",
        Begins.ZIP,
        Begins.OLE,
    ),
    _kind("png", "image/png image/x-png", "png", Begins.PNG),
    _kind("jpeg", "image/jpeg image/jpg image/pjpeg", "jpg jpeg jpe jfif", Begins.JPEG),
    _kind("gif", "image/gif", "gif", Begins.GIF),
)
_BY_TYPE: Mapping[str, Kind] = {name: kind for kind in KINDS for name in kind.types}
_BY_END: Mapping[str, Kind] = {end: kind for kind in KINDS for end in kind.ends}


@dataclass(frozen=True, slots=True)
class File:
    """What speaks for a file: its declared type, its name, how it begins."""

    content_type: str
    name: str
    begins: Begins

    def is_said_to_be(self, types: Collection[str]) -> bool:
        """Tell whether its type or its name is one of ``types``: ``application/pdf``, ``image/*``, ``.pdf``."""
        return _is_type_in(self.content_type.lower(), types) or self._ends_in(types)

    def may_be(self, types: Collection[str]) -> bool:
        """Tell whether anything about it is what files of ``types`` have."""
        return self.is_said_to_be(types) or any(_is_in(kind, types) for kind in (*self._said(), *self._shown()))

    def is_surely(self, types: Collection[str]) -> bool:
        """Tell whether it is said to be of ``types``, and nothing about it speaks of another family of files."""
        if not self.is_said_to_be(types):
            return False
        families = {kind.family for kind in KINDS if _is_in(kind, types)}
        families |= {kind.family for kind in self._said() if self._is_listed(kind, types)}
        if any(kind.family not in families for kind in self._said()):
            return False
        return not self._begins_otherwise() or any(kind.family in families for kind in self._shown())

    @property
    def is_disguised(self) -> bool:
        """Tell whether its type, its name and its first octets speak of different kinds of files."""
        return len({kind.family for kind in self._said()}) > 1 or self._begins_otherwise()

    def _said(self) -> tuple[Kind, ...]:
        found = (_BY_TYPE.get(self.content_type.lower()), _BY_END.get(_end(self.name)))
        return tuple(kind for kind in found if kind is not None)

    def _shown(self) -> tuple[Kind, ...]:
        """Return what it may be by its first octets, where it is not said to be what they show."""
        expected = self._expected()
        if self.begins in expected or (not expected and self.begins in _CONTAINERS):
            return ()
        return tuple(kind for kind in KINDS if self.begins in kind.starts)

    def _expected(self) -> frozenset[Begins]:
        return frozenset(start for kind in self._said() for start in kind.starts)

    def _begins_otherwise(self) -> bool:
        """Tell whether it begins as what it is said to be cannot; of what the table lacks, only programs tell."""
        expected = self._expected()
        return self.begins not in {*expected, Begins.UNKNOWN} and (bool(expected) or self.begins in _RUNS)

    def _ends_in(self, types: Collection[str]) -> bool:
        name = _plain(self.name)
        return any(each.startswith(".") and name.endswith(each) for each in types)

    def _is_listed(self, kind: Kind, types: Collection[str]) -> bool:
        """Tell whether the list names what this kind was read from, though in another way than the table does."""
        return (self._ends_in(types) and _end(self.name) in kind.ends) or (
            self.content_type.lower() in kind.types and _is_type_in(self.content_type.lower(), types)
        )


def _is_type_in(name: str, types: Collection[str]) -> bool:
    return name in types or f"{name.partition('/')[0]}/*" in types


def _is_in(kind: Kind, types: Collection[str]) -> bool:
    return not kind.ends.isdisjoint(types) or any(_is_type_in(name, types) for name in kind.types)


def _plain(name: str) -> str:
    """Return a name as a file system takes it: no unseen characters, no dots or spaces at its end."""
    if not name.isascii():
        name = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return name.lower().rstrip(". \t\r\n\0")


def _end(name: str) -> str:
    return "." + _plain(name).rpartition(".")[2]
