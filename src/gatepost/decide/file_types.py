"""What a policy names files by: a media type, all of one kind, or the end of a name. Pure.

What no file can have is refused: a rule against ``application/zip;`` would be silent, and nobody would hear of it.
"""

import re

from gatepost.decide.nearest import nearest_type
from gatepost.decide.shape import Faults, Parser

TYPE_MAX_CHARS = 128
_NAME = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"  # RFC 6838 section 4.2
_MEDIA = rf"{_NAME}/(?:\*|{_NAME})"
_END = r"(?:\.[A-Za-z0-9!#$&^_+~-]+)+"
_WANTED = {
    False: "must be a media type such as application/pdf or image/*",
    True: "must be a media type such as application/pdf or image/*, or a name's end such as .pdf",
}


def _parser(pattern: str, *, may_be_end: bool) -> Parser:
    wanted = re.compile(pattern, re.ASCII)

    def read(value: object, path: str, faults: Faults) -> str:
        if isinstance(value, str) and len(value) <= TYPE_MAX_CHARS and wanted.fullmatch(value):
            return value.lower()
        near = nearest_type(value, may_be_end=may_be_end)
        near = near if near and wanted.fullmatch(near) else None
        faults.tell(path, _WANTED[may_be_end] + (f"; the nearest is {near}" if near else ""), near)
        return ""

    return Parser(read, {"type": "string", "maxLength": TYPE_MAX_CHARS, "pattern": f"^{pattern}$"})


media_type = _parser(_MEDIA, may_be_end=False)
"""Accepts ``application/pdf`` or ``image/*``; returns it in lower case. So does the next."""

type_or_end = _parser(f"(?:{_MEDIA}|{_END})", may_be_end=True)
"""Accepts ``.pdf``, too."""
