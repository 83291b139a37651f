"""What a part's structure fields say (RFC 2045, RFC 2183): total; what many parts say is read once."""

import re
from functools import lru_cache
from typing import NamedTuple

from gatepost.mail import parameters
from gatepost.mail.charset import decode

NAMES = (b"type", b"transfer-encoding", b"disposition", b"id")
"""The structure fields, without ``content-``."""
Written = tuple[tuple[bytes, ...], ...]
"""The values of a part's structure fields as received, in the order of ``NAMES``."""
MAX_KEPT_OCTETS = 200
"""Values that are no longer together are remembered: most parts say what others said."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_MEDIA_TYPE = re.compile(r"[^\s/\x00-\x1f\x7f]+/[^\s/\x00-\x1f\x7f]+")


class Structure(NamedTuple):
    """What the fields say.

    Attributes:
        content_type: lowercase; the default where none can be read (RFC 2045 section 5.2).
        encoding: the transfer encoding, lowercase.
        filename: decoded; a stranger's word, no path.
        content_id: without angle brackets.
        boundary: of a multipart; empty where it names none.
        is_joined: lines that end in a blank go on without it (RFC 3676, DelSp=yes).
        is_doubtful: a field stands more than once, so that others may read another.
    """

    content_type: str
    charset: str
    encoding: str
    disposition: str
    filename: str
    content_id: str
    boundary: bytes
    is_joined: bool
    is_doubtful: bool


def read(written: Written, default: str) -> Structure:
    """Read the fields of one part; ``default`` is its type where it names none."""
    is_short = sum([len(value) for values in written for value in values]) <= MAX_KEPT_OCTETS
    return _read_often(written, default) if is_short else _read(written, default)


def _read(written: Written, default: str) -> Structure:
    named_type, encoding, named_disposition, content_id = [_unfolded(values[0]) if values else "" for values in written]
    content_type, typed = parameters.read(named_type)
    disposition, disposed = parameters.read(named_disposition)
    content_type = _readable(content_type)
    filename = parameters.file_name(_readable(disposed.get("filename", "")), _readable(typed.get("name", "")))
    return Structure(
        content_type=content_type if _MEDIA_TYPE.fullmatch(content_type) else default,
        charset=parameters.token(_readable(typed.get("charset", ""))),
        encoding=parameters.token(_readable(encoding)).lower(),
        disposition=_readable(disposition),
        filename=_CONTROLS.sub("", filename),
        content_id=_readable(content_id).strip("<> "),
        boundary=typed.get("boundary", "").rstrip(" \t").encode("utf-8", "surrogateescape"),
        is_joined=(typed.get("format", "").lower(), typed.get("delsp", "").lower()) == ("flowed", "yes"),
        is_doubtful=any(len(values) > 1 for values in written),
    )


_read_often = lru_cache(maxsize=1024)(_read)


def _unfolded(value: bytes) -> str:
    """Return a field on one line, octets that are no UTF-8 as surrogates: a boundary must be found again as it is."""
    return value.replace(b"\r", b"").replace(b"\n", b"").decode("utf-8", "surrogateescape")


def _readable(text: str) -> str:
    """Return ``text`` without surrogates, its octets read as UTF-8 or else as senders of old wrote them."""
    return text if text.isascii() else decode(text.encode("utf-8", "surrogateescape"), "")
