"""Signature fields (RFC 6376 section 3.5; RFC 8617 sections 4.1.2 and 4.1.3): octets in, checked tags out."""

import binascii
import re
from functools import lru_cache
from typing import NamedTuple

from gatepost.mail import taglist
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.mail.canonical import Canon
from gatepost.mail.fields import Field

ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256", "rsa-sha1"})
"""What we can name; rsa-sha1 only to refuse it (RFC 8301 section 3.1)."""

_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?", re.ASCII)
_DIGITS_MAX = 76  # RFC 6376 section 3.5, l=
_QUOTED_OCTET = re.compile(rb"=([0-9A-F]{2})")
_MAX_TAGS_OCTETS = 65_536
_FWS = b" \t\r\n"
_SIGNATURE_TAG = re.compile(rb"(;[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_FIRST_SIGNATURE_TAG = re.compile(rb"([ \t\r\n]*b[ \t\r\n]*=)[^;]*")


class SignatureSyntaxError(ValueError):
    """The field cannot be read as a signature; the message says why."""


class Signature(NamedTuple):
    """One DKIM-Signature or ARC-Message-Signature.

    Attributes:
        field: the header field itself, part of what is signed.
        signed: the names of h=, lowercase, in order.
        user: the i= identity; empty where absent.
        length: l=, octets of the canonical body; None for all of it.
        signed_at: t=, seconds since the epoch; None where absent.
        expires_at: x=, as above.
        key_name: where the public key is published (RFC 6376 section 3.6.2.1).
    """

    field: Field
    algorithm: str
    domain: str
    selector: str
    header_canon: Canon
    body_canon: Canon
    signed: tuple[bytes, ...]
    body_hash: bytes
    signature: bytes
    key_name: str
    user: str = ""
    length: int | None = None
    signed_at: int | None = None
    expires_at: int | None = None


def read_tags(field: Field) -> dict[str, str]:
    """Return a signature field's tags.

    Raises:
        SignatureSyntaxError: no tag list, too long, or not UTF-8 (RFC 8616 section 5).
    """
    value = field.value
    if len(value) > _MAX_TAGS_OCTETS:
        raise SignatureSyntaxError("the field is longer than 64 KiB")
    try:
        return taglist.parse(value.decode("utf-8"))
    except UnicodeDecodeError:
        raise SignatureSyntaxError("the field is not UTF-8") from None
    except taglist.TagListError as error:
        raise SignatureSyntaxError(str(error)) from None


def read_base64(tags: dict[str, str], name: str) -> bytes:
    """Return a base64 tag's octets, white space allowed inside.

    Raises:
        SignatureSyntaxError: absent, empty or not base64.
    """
    try:
        octets = binascii.a2b_base64(tags.get(name, "").encode().translate(None, _FWS), strict_mode=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not octets:
        raise SignatureSyntaxError(f"{name}= is missing or not base64")
    return octets


def read_place(tags: dict[str, str]) -> tuple[str, str]:
    """Return domain and selector, lowercase A-labels.

    Raises:
        SignatureSyntaxError: absent, or not names DNS can carry.
    """
    try:
        domain = normalise_domain(tags.get("d", ""))
        selector = tags.get("s", "")
        selector = selector.lower() if selector.isascii() else normalise_domain(selector)
    except AddressError:
        raise SignatureSyntaxError("d= or s= is not a domain name") from None
    if "." not in domain or _SELECTOR.fullmatch(selector) is None:
        raise SignatureSyntaxError("d= or s= is missing or not a domain name")
    return domain, selector


def read_algorithm(tags: dict[str, str]) -> str:
    """Return a= in lower case.

    Raises:
        SignatureSyntaxError: absent or unknown.
    """
    algorithm = tags.get("a", "").lower()
    if algorithm not in ALGORITHMS:
        raise SignatureSyntaxError("a= is missing or an algorithm we do not know")
    return algorithm


def read_number(tags: dict[str, str], name: str) -> int | None:
    """Return an unsigned decimal tag, None where absent.

    Raises:
        SignatureSyntaxError: not a number of at most 76 digits.
    """
    text = tags.get(name)
    if text is None:
        return None
    if len(text) > _DIGITS_MAX or not (text.isdigit() and text.isascii()):
        raise SignatureSyntaxError(f"{name}= is not a number")
    return int(text)


class _Terms(NamedTuple):
    """What a signer writes into every signature alike."""

    algorithm: str
    domain: str
    selector: str
    header_canon: Canon
    body_canon: Canon
    signed: tuple[bytes, ...]
    user: str
    key_name: str


def _read_canon(written: str | None, *, is_arc: bool) -> tuple[Canon, Canon]:
    # deviation: RFC 8617 section 4.1.2 inherits DKIM's default, simple; every known sealer and verifier means relaxed.
    default = "relaxed/relaxed" if is_arc else "simple/simple"
    header, slash, body = (default if written is None else written).lower().partition("/")
    try:
        return Canon(header), Canon(body if slash else "simple")
    except ValueError:
        raise SignatureSyntaxError("c= names a canonicalisation we do not know") from None


def _read_terms(tags: dict[str, str], *, is_arc: bool) -> _Terms:
    # deviation: RFC 6376 section 3.5 demands v=; signers older than it leave it out and lose nothing by it.
    if not is_arc and tags.get("v", "1") != "1":
        raise SignatureSyntaxError("v= is not 1")
    # deviation: as above, a bare "dns" is how drafts spelled dns/txt.
    if "q" in tags and not {method.lower() for method in taglist.words(tags["q"])} & {"dns/txt", "dns"}:
        raise SignatureSyntaxError("q= offers no way to the key we know")
    domain, selector = read_place(tags)
    algorithm = read_algorithm(tags)
    signed = tuple(name.lower().encode() for name in taglist.words(tags.get("h", "")) if name)
    header_canon, body_canon = _read_canon(tags.get("c"), is_arc=is_arc)
    user = "" if is_arc else _unquoted(tags.get("i", ""))
    if b"from" not in signed:
        raise SignatureSyntaxError("h= does not cover From")
    if is_arc and b"arc-seal" in signed:
        raise SignatureSyntaxError("h= covers ARC-Seal (RFC 8617 section 4.1.2)")
    if user and not ("@" in user and is_within(user_domain(user), domain)):
        raise SignatureSyntaxError("i= is no identity of d=")
    return _Terms(
        algorithm, domain, selector, header_canon, body_canon, signed, user, f"{selector}._domainkey.{domain}"
    )


_TERMS = ("v", "a", "c", "d", "h", "i", "q", "s")
"""The tags that are the same in all mail of a signer."""
_SHORT_OCTETS = 4_096
"""The terms of fields no longer than this are remembered: most mail comes from who wrote before."""


@lru_cache(maxsize=1024)
def _remember_terms(is_arc: bool, *written: str | None) -> _Terms:  # noqa: FBT001  # a cache is quickest without names
    tags = {name: value for name, value in zip(_TERMS, written, strict=True) if value is not None}
    return _read_terms(tags, is_arc=is_arc)


def parse(field: Field, *, is_arc: bool = False) -> Signature:
    """Read a DKIM-Signature, or an ARC-Message-Signature, which has an instance where DKIM has v= and i=.

    Raises:
        SignatureSyntaxError: it is none (RFC 6376 section 6.1.1).
    """
    tags = read_tags(field)
    if len(field.raw) <= _SHORT_OCTETS:
        terms = _remember_terms(is_arc, *map(tags.get, _TERMS))
    else:
        terms = _read_terms(tags, is_arc=is_arc)
    algorithm, domain, selector, header_canon, body_canon, signed, user, key_name = terms
    signed_at, expires_at = read_number(tags, "t"), read_number(tags, "x")
    if expires_at is not None and signed_at is not None and expires_at <= signed_at:
        raise SignatureSyntaxError("x= does not lie after t=")
    return Signature(
        field, algorithm, domain, selector, header_canon, body_canon, signed,
        read_base64(tags, "bh"), read_base64(tags, "b"),
        key_name, user, read_number(tags, "l"), signed_at, expires_at,
    )  # fmt: skip


def _unquoted(text: str) -> str:
    """Undo DKIM-Quoted-Printable (RFC 6376 section 2.11): white space means nothing, ``=41`` is an A."""
    if "=" not in text:
        return text
    octets = taglist.without_space(text).encode()
    return _QUOTED_OCTET.sub(lambda found: bytes((int(found[1], 16),)), octets).decode("utf-8", "replace")


def user_domain(user: str) -> str:
    """Return the domain of an i= identity in lowercase A-labels; empty where it has none."""
    try:
        return normalise_domain(user.rpartition("@")[2])
    except AddressError:
        return ""


def is_within(name: str, domain: str) -> bool:
    """Tell whether a normalised name is the domain or lies below it."""
    return name == domain or name.endswith("." + domain)


def without_signature(raw: bytes) -> bytes:
    """Return a signature field with the value of b= emptied, every other octet kept (RFC 6376 section 3.5)."""
    value_at = raw.find(b":") + 1
    found = _SIGNATURE_TAG.search(raw, value_at)
    if found is None:
        found = _FIRST_SIGNATURE_TAG.match(raw, value_at)
    return raw if found is None else raw[: found.end(1)] + raw[found.end() :]
