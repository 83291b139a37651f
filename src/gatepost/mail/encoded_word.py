"""Encoded words (RFC 2047): header text as a person reads it; linear, never raises."""

import base64
import binascii
import re

from gatepost.mail.charset import decode

_WORD = re.compile(
    r"=\?(?P<charset>[A-Za-z0-9_.:\-]{1,40})(?:\*[A-Za-z0-9\-]{1,20})?\?(?P<form>[bBqQ])\?(?P<text>[^?\x00-\x1f]*)\?="
)
"""A word as it may be written, and as many are: with blanks inside, which section 2 forbids and readers decode."""
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")


def decode_text(text: str) -> str:
    """Return ``text`` with its encoded words decoded; white space between two of them vanishes (section 6.2).

    Neighbours of one charset are joined before decoding: senders cut inside characters, against section 5.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[bytes] = []
    run_charset = ""
    at = 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        charset = found["charset"].lower()
        if run and (between.strip() or charset != run_charset):
            out.append(decode(b"".join(run), run_charset))
            run = []
        if between.strip() or not at:
            out.append(between)
        run_charset = charset
        run.append(_octets(found["form"], found["text"]))
        at = found.end()
    if run:
        out.append(decode(b"".join(run), run_charset))
    out.append(text[at:])
    return "".join(out)


def _octets(form: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if form in "qQ":
        return _HEX.sub(lambda found: bytes((int(found[1], 16),)), raw.replace(b"_", b" "))
    raw = raw.replace(b" ", b"").rstrip(b"=")
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw
