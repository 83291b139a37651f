"""Octets to text by a charset label a stranger wrote: never raises, never slow."""

import codecs
import re
from functools import lru_cache

_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
    | {"cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140", "utf-32", "utf-32-be", "utf-32-le"}
)
"""Python codecs that are no MIME charsets, some of which take quadratic time; and those that mail programs do not know:
they show plain ASCII under such a label as it stands, which EBCDIC and UTF-32 would make unreadable here alone."""

_MEANT = {
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874",
    "gb2312": "gb18030", "gb-2312-80": "gb18030", "chinese": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms-kanji": "cp932", "windows-31j": "cp932",
    "x-euc-jp": "euc-jp", "big5": "big5-hkscs", "cn-big5": "big5-hkscs", "x-x-big5": "big5-hkscs",
    "euc-kr": "cp949", "ks-c-5601-1987": "cp949", "ks-c-5601-1989": "cp949", "ksc5601": "cp949", "korean": "cp949",
    "windows-949": "cp949", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "dos-874": "cp874",
    "x-mac-roman": "macintosh", "mac": "macintosh", "x-mac-cyrillic": "mac-cyrillic", "x-cp1252": "cp1252",
    "x-cp1250": "cp1250", "x-cp1251": "cp1251", "unicode-1-1-utf-8": "utf-8", "x-unicode20utf8": "utf-8",
}  # fmt: skip
"""What mail programs take a label for; underscores are written as dashes.

deviation: RFC 2046 section 4.1.2 has a label name one registered charset. Senders of ``iso-8859-1`` quote with the
marks of windows-1252, those of ``gb2312`` use all of GB 18030, and so on: mail programs read the superset, as browsers
do (WHATWG Encoding section 4.2), and what they show must be what was examined.
"""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Byte order marks: they go before any label, as they do in browsers (WHATWG Encoding section 6)."""
_META = re.compile(rb"""<meta\s[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:\-]{1,40})""", re.IGNORECASE)
_META_OCTETS = 1_024
_SURROGATES = re.compile("[\ud800-\udfff]")
"""What UTF-7 can spell, and no text may hold."""


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    try:
        info = codecs.lookup(_MEANT.get(label.replace("_", "-"), label))
    except (LookupError, ValueError):
        return None
    name = info.name.replace("_", "-")
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and name not in _NOT_CHARSETS else None


def decode(octets: bytes, label: str) -> str:
    """Return ``octets`` as text: by its byte order mark, its label, else as UTF-8, else as windows-1252.

    Undecodable octets are replaced.
    """
    for mark, spelling in _MARKS:
        if octets.startswith(mark):
            return octets.decode(spelling, "replace").removeprefix("\ufeff")
    codec = _codec(label.strip().lower()[:40]) if label else None
    if codec is not None and codec != "ascii":
        try:
            text = octets.decode(codec, "replace")
            return _SURROGATES.sub("\ufffd", text) if codec.startswith("utf-7") else text
        except (ValueError, LookupError, AssertionError):
            pass  # a codec that cannot replace
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def label_of_page(octets: bytes) -> str:
    """Return the charset that a page names itself, as browsers look for it; empty where it names none."""
    found = _META.search(octets[:_META_OCTETS])
    label = found[1].decode("ascii").lower() if found is not None else ""
    return "utf-8" if label.startswith("utf-16") else label  # who could read this much reads no UTF-16
