"""Names of hosts as people read them: which one a text names, and which only looks like another."""

import re
from functools import lru_cache
from urllib.parse import unquote

from gatepost.mail.address import AddressError, normalise_domain
from gatepost.mail.glance import Glance
from gatepost.mail.suffix import is_name, organizational_domain
from gatepost.verify.reading.web_address import DOTS

_LATIN = (
    "\u0430a\u0435e\u043eo\u0440p\u0441c\u0443y\u0445x\u0455s\u0456i\u0458j\u04bbh\u0501d\u051bq\u051dw\u04cfl"
    "\u0410A\u0412B\u0415E\u041aK\u041cM\u041dH\u041eO\u0420P\u0421C\u0422T\u0423Y\u0425X\u0405S\u0406I\u0408J"
    "\u051aQ\u051cW\u043ak\u043cm\u0442t\u0475v\u0261g\u0501d\u04c0I\u0432b\u043dh\u0433r\u0499e"
    "\u03bfo\u03b1a\u03c1p\u03bdv\u03c5u\u03c7x\u03b9i\u03bak\u03c4t\u0391A\u0392B\u0395E\u0396Z\u0397H\u0399I"
    "\u039aK\u039cM\u039dN\u039fO\u03a1P\u03a4T\u03a5Y\u03a7X\u03f2c\u03f3j\u0131i\u0261g"
)
_SKELETON = str.maketrans(dict(zip(_LATIN[::2], _LATIN[1::2], strict=True)))
_MAIL_TARGET = re.compile(r"\s*mailto:[^@?]{0,300}@(?P<domain>[^?&,;>\s]{1,255})", re.IGNORECASE)
_HOST = r"(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,10}(?:[^\W\d_]{2,24}|xn--[a-z0-9\-]{1,59})"
_SHOWN = re.compile(
    rf"\s*(?:https?://(?:(?P<user>{_HOST})(?::[^\s/@]{{0,64}})?@\S*|[^\s/@]{{1,64}}@)?)?"
    rf"(?(user)|(?P<host>{_HOST})\.?(?::\d{{1,5}})?(?:[/?#]\S*)?)\s*",
    re.IGNORECASE,
)
"""Of an address with a user's name in it, that name is what people read where it is a host's."""
_MENTIONED = re.compile(
    rf"https?://(?P<user>{_HOST})(?::[^\s/@]{{0,64}})?@\S{{0,300}}"
    rf"|(?<![\w.\-@])(?P<local>[^\s/@<>()]{{1,64}}@)?(?P<host>{_HOST})(?![\w\-@])",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<![\w.\-])(?:[^\W_][\w\-]{0,62}\.){1,10}[^\W\d_][\w\-]{1,62}(?![\w\-])")
_ENCODED = Glance(rb"xn--")
MAX_SHOWN_CHARS = 300


def skeleton(text: str) -> str:
    """Return ``text`` with letters of other alphabets that look Latin written in Latin (UTS #39, the common ones)."""
    return text.translate(_SKELETON)


def mail_domain_of(target: str) -> str:
    """Return the domain a link writes mail to, lowercase; empty where it writes none."""
    found = _MAIL_TARGET.match(unquote(target[:MAX_SHOWN_CHARS]))
    return found["domain"].lower().rstrip(".") if found else ""


def shown_host(text: str) -> str:
    """Return the host that a link's text names, where the text is nothing but an address; else empty."""
    if len(text) > MAX_SHOWN_CHARS or "." not in (text := text.translate(DOTS)):
        return ""
    found = _SHOWN.fullmatch(text)
    return (found["user"] or found["host"]).lower() if found else ""


def mentioned(text: str, *, in_addresses: bool) -> list[str]:
    """Return the hosts that running text names; or, ``in_addresses``, the domains of its mail addresses."""
    text = text[:MAX_SHOWN_CHARS].translate(DOTS)
    if "." not in text:
        return []
    found = (((one["user"] or one["host"]).lower(), one["local"] is not None) for one in _MENTIONED.finditer(text))
    return [host for host, is_address in found if is_address is in_addresses and is_name(_normalised(host))]


def is_same_site(one: str, other: str) -> bool:
    """Tell whether two hosts lie in one registered domain, however each is spelled."""
    return organizational_domain(_normalised(one)) == organizational_domain(_normalised(other))


def _normalised(host: str) -> str:
    try:
        return normalise_domain(host)
    except AddressError:
        return host


@lru_cache(maxsize=1024)
def looks_like_another(host: str) -> bool:
    """Tell whether a host's name reads like one in other letters: Latin look-alikes, whole or mixed with Latin."""
    return any(not label.isascii() and skeleton(label).isascii() for label in map(_as_people_see_it, host.split(".")))


def _as_people_see_it(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def lookalikes(text: str) -> list[tuple[int, int]]:
    """Return where a text names such hosts."""
    if text.isascii() and not _ENCODED.see(text.encode("ascii")):
        return []
    return [found.span() for found in _NAMED.finditer(text) if looks_like_another(found[0][:255].lower())]
