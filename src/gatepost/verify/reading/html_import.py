"""Style sheets that a mail carries in an address (``data:``, RFC 2397); nothing is fetched from anywhere."""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from gatepost.verify.reading.html_media import media
from gatepost.verify.reading.html_tokens import written

_IMPORT = re.compile(
    r"\s*@import\s*(?:url\(\s*(?P<quote>[\"']?)(?P<address>data:.*?)(?P=quote)\s*\)|(?P<sign>[\"'])(?P<text>data:.*?)(?P=sign))"
    r"\s*(?P<layer>layer(?:\([^)]*\))?(?![\w-]))?\s*(?P<supports>supports\((?:[^()]|\([^()]*\))*\))?(?P<media>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)


def imported(statement: str) -> str:
    """Return the sheet that an ``@import`` of a plain sheet brings (CSS Cascading 5 section 2); empty if none does."""
    found = _IMPORT.match(written(statement))
    if found is None:
        return ""
    sheet = sheet_at(found["address"] or found["text"], found["media"])
    for around in (found["supports"], found["layer"]):
        if around and sheet:  # a block of that name says the same
            name, _, inside = around.partition("(")
            sheet = f"@{name} {f'({inside}' if name == 'supports' else inside.removesuffix(')')} {{{sheet}}}"
    return sheet


def sheet_at(address: str, asked: str = "") -> str:
    """Return the style sheet in an address; empty if there is none, or none for screens.

    Args:
        address: any; only ``data:`` ones of type ``text/css`` hold a sheet.
        asked: the media that it is for, as written; empty for all.
    """
    scheme, _, rest = address.strip().partition(":")
    head, comma, data = rest.partition(",")
    kind, *more = (part.strip().lower() for part in head.split(";"))
    if scheme.lower() != "data" or not comma or kind != "text/css" or media(asked.strip().lower()) is False:
        return ""
    octets = unquote_to_bytes(data)
    if "base64" in more:
        try:
            octets = base64.b64decode(b"".join(octets.split()) + b"==")
        except binascii.Error:
            return ""
    return octets.decode("utf-8", "replace")


def linked(attributes: Mapping[str, str]) -> str:
    """Return the style sheet that a link carries in its address; empty where it carries none."""
    is_sheet = "stylesheet" in attributes.get("rel", "").lower().split()
    return sheet_at(attributes.get("href", ""), attributes.get("media", "")) if is_sheet else ""
