"""Text as a body part (RFC 2045): CRLF lines, 7bit where that is enough, quoted-printable where not."""

import binascii
import re

_LINE_OCTETS = 78  # RFC 5322 section 2.1.1
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


def text_part(text: str) -> bytes:
    """Return the part's fields, an empty line, and ``text`` in UTF-8; whatever it holds, the lines stay ours."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    octets = [line.encode("utf-8", "replace") for line in lines]
    is_plain = all(_is_plain(line) for line in octets)
    body = b"".join(line + b"\r\n" for line in octets)
    if not is_plain:
        body = binascii.b2a_qp(body, istext=True)
    encoding = b"7bit" if is_plain else b"quoted-printable"
    charset = b"us-ascii" if is_plain else b"utf-8"
    return (
        b"Content-Type: text/plain; charset=" + charset + b"\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body
    )


def with_footer(text: str, footer: str) -> str:
    """Return ``text`` with ``footer`` below it, under the mark that signatures have; once, where it stands there."""
    if not footer or text.split()[-len(footer.split()) :] == footer.split():
        return text
    return f"{text.rstrip()}\n\n-- \n{footer}"


def _is_plain(line: bytes) -> bool:
    return (
        line.isascii()
        and len(line) <= _LINE_OCTETS
        and not line.endswith((b" ", b"\t"))
        and not line.startswith((b".", b"From ", b"--"))  # what a careless relay might change, or read as a boundary
        and not _CONTROL.search(line)
    )
