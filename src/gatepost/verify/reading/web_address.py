"""Links read as a browser reads them (the WHATWG URL standard), so that one host has one spelling.

A browser goes to ``bank.example`` by ``https://bank%2eexample`` too, by a host with an ideographic dot or a tab in it,
by backslashes, and to an IP address by its number. The parser is Ada's, as Node.js has it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import can_ada

_PLAIN = re.compile(r"https?://(?P<host>(?!xn--)(?:[a-z0-9](?:[a-z0-9\-]|\.(?!xn--))*\.)?[a-z][a-z0-9\-]*)(?=[/?#]|\Z)")
"""A host that a browser shows as it is written; the last label of a number begins with a digit (section 3.5)."""
_ENDS = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
"""With the above, what a browser takes out before it reads an address (section 4.4)."""
_HTTP = re.compile(r"(?:https?|wss?|ftp):", re.IGNORECASE)
"""Schemes in which a backslash is a slash; those of files lead to no host."""
_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[/\\]|(?<!http:)(?<!https:))", re.IGNORECASE)
"""What no base changes; ``https:page`` is relative to a base of its own scheme (section 4.4)."""
_IN_MARKDOWN = re.compile(rb"\]\(([^\s()]+)\)")
_IN_TEXT = {
    b"http": re.compile(rb"https?:[/\\][^\s<>\"|^`{}]*"),
    b"www": re.compile(rb"www[^a-z0-9\-\s<>\"|^`{}][^\s<>\"|^`{}]*"),
}
"""By what all of them begin with, in lowercase; ``re`` finds one such word quickly."""
_BEHIND = ").,;:!?'*_]"
"""What stands behind an address in running text and is no part of it."""
_ROUGHLY = re.compile(
    r"(?P<scheme>(?:https?|wss?|ftp):)[/\\]*(?:[^/\\?#]*@)?(?P<host>\[[^\]/\\?#]{1,2000}\]|[^/\\?#:@]{1,2000})",
    re.IGNORECASE,
)
DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
"""What IDNA reads as dots (RFC 3490 section 3.1)."""
MAX_CHARS = 2_000
"""A longer address is written with its host first: a name of a user before it may be of any length."""


class _Address(NamedTuple):
    """An address as a browser shows it. ``scheme``: with its colon; ``host``: in ASCII, without a final dot."""

    scheme: str
    host: str
    rest: str


def base_of(href: str) -> can_ada.URL | None:
    """Return the base that a document gives its relative links; None where it is no address of the web."""
    base = _parsed(href)
    return base if base is not None and base.protocol in {"http:", "https:"} else None


def written(href: str, base: can_ada.URL | None) -> str:
    """Return a link's target as it is written, but for what a browser drops, and whole where it is relative.

    Args:
        href: the attribute's value.
        base: of the document.
    """
    if _PLAIN.match(href) and len(href) <= MAX_CHARS:
        return href
    href = href.strip(_ENDS).translate(_DROPPED)
    if base is not None and not _WHOLE.match(href):
        try:
            return (base + _encodable(href)).href
        except ValueError:
            return href
    if len(href) > MAX_CHARS and (address := _address(href)) is not None:
        return f"{address.scheme}//{address.host}{address.rest}"
    if _HTTP.match(href) or href.startswith(("/", "\\")):
        path = re.split(r"[?#]", href, maxsplit=1)[0]
        return path.replace("\\", "/") + href[len(path) :]
    return href


def host(target: str) -> str:
    """Return the host a link leads to, lowercase, as people read it; empty where it leads to none."""
    if (plain := _PLAIN.match(target)) is not None:
        return plain["host"]
    address = _address(target)
    return _as_read(address.host) if address is not None else ""


def linked(*texts: str) -> list[str]:
    """Return the targets of the links that texts in Markdown have, each once, as they are written."""
    return list(dict.fromkeys(found[1].decode() for text in texts for found in _IN_MARKDOWN.finditer(text.encode())))


def targets(text: str) -> Iterator[str]:
    """Yield where the links of a text lead, Markdown or plain, if a browser shows another address than is written.

    Each with its host in ASCII and, where that differs, as people read it; without a user's name, without a port that
    goes without saying and without a final dot. The domain of a ``mailto:`` is decoded. Where the address leads on to
    is not asked. Linear.
    """
    for link in dict.fromkeys(_links(text.encode("utf-8", "replace"))):
        if _PLAIN.match(link):
            continue
        if link[:7].lower() == "mailto:":
            if "%" in link:
                yield unquote(link)
            continue
        address = _address(link)
        if address is None:
            continue
        for spelled in dict.fromkeys((address.host, _as_read(address.host))):
            if (shown := f"{address.scheme}//{spelled}{address.rest}") != link:
                yield shown


def _links(octets: bytes) -> Iterator[str]:
    for found in _IN_MARKDOWN.finditer(octets):
        yield found[1].decode()
    lowered = octets.lower()
    for word, link in _IN_TEXT.items():
        if word in lowered:
            for found in link.finditer(lowered):
                start, end = found.span()
                if octets[start - 2 : start] != b"](":
                    yield octets[start:end].decode("utf-8", "replace").rstrip(_BEHIND)


def _address(link: str) -> _Address | None:
    """Return the parts of an address of the web, in a page that has no base and came over HTTPS.

    Where the standard knows no host, as for ``xn--a`` or a blank in it, browsers go on. Then the host is decoded as
    well as can be.
    """
    link = link.lstrip(_ENDS).replace("%5B", "[", 1).replace("%5D", "]", 1)  # as they stand in Markdown
    if link.startswith(("/", "\\")):
        link = f"https:{link}"
    elif link[:3].lower() == "www":
        link = f"https://{link}"
    url = _parsed(link)
    if url is not None:
        return _parts(url) if _HTTP.match(url.protocol) and url.hostname else None
    found = _ROUGHLY.match(link.translate(_DROPPED))
    if found is None:
        return None
    name = unicodedata.normalize("NFKC", unquote(found["host"]).translate(DOTS)).lower().strip(". ")
    url = _parsed(f"{found['scheme']}//{name}")
    scheme, name, _ = _parts(url) if url is not None else (found["scheme"].lower(), name, "")
    return _Address(scheme, name, found.string[found.end() :])


def _parsed(link: str) -> can_ada.URL | None:
    try:
        return can_ada.parse(_encodable(link))
    except ValueError:
        return None


def _parts(url: can_ada.URL) -> _Address:
    port = f":{url.port}" if url.port else ""
    return _Address(url.protocol, url.hostname.rstrip("."), f"{port}{url.pathname}{url.search}{url.hash}")


def _encodable(link: str) -> str:
    return link.encode("utf-8", "replace").decode()


def _as_read(name: str) -> str:
    """Return a host with its labels in Unicode."""
    if "xn--" not in name:
        return name
    return can_ada.idna_decode(name.encode())  # type: ignore[arg-type]  # it takes octets, whatever its types say
