"""A signer that writes any signature, right or wrong: canonical forms line by line, as RFC 6376 section 3.4 tells them.

It shares no line with the house's own, nor with dkimpy, which writes only what is right.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Key = rsa.RSAPrivateKey | Ed25519PrivateKey
Fields = Sequence[bytes]
"""Header fields top to bottom, folds included, without their final CRLF."""

HEAD: Fields = (
    b"From: Boss <boss@corp.example>",
    b"To: agent@house.example",
    b"Subject:  Budget\t of  the\r\n\tyear ",
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000",
)
BODY = b"Please send me the  numbers. \r\n\r\nBoss\t\r\n\r\n\r\n"
NAMES = "from:to:subject:date"


_PRIMES = {  # of keys that no library makes any more
    512: (
        0xC20B49F83B6DC6AB5B047C42E454021A7521269B7523B960C82B9CA50BBCB351,
        0xE46DE651C353BD863A9BC3DB34890F5946E46F6B12FC0EBBCDF149A66EDFBAF9,
    ),
    1023: (
        0x7AC3C3EAC03FF6FFCA1062D20B3E2A116FB0B199843D6FA743290A8A1C1425759BB6FCCDD4E7D20ED2E55A106962247886DED4F09F3D18D963CF28E33039D085,
        0xEE2645F3B215B99E20F3D5DC2CF5DE9B6449393EB56EEEA173BADD1246C079BE68E8384EC39FCF235267FDC267D4B6A25F48C1843143C572B98C8E22BFE6F679,
    ),
}


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """Return a key of that size."""
    if bits >= 1024:
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)
    prime, other = _PRIMES[bits]
    private = pow(65537, -1, (prime - 1) * (other - 1))
    public = rsa.RSAPublicNumbers(65537, prime * other)
    exponents = rsa.rsa_crt_dmp1(private, prime), rsa.rsa_crt_dmq1(private, other)
    numbers = rsa.RSAPrivateNumbers(prime, other, private, *exponents, rsa.rsa_crt_iqmp(prime, other), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def key_record(key: Key, tags: str = "v=DKIM1; ") -> str:
    """Return the TXT record that publishes a key, other tags first."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        octets = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        tags += "k=ed25519; "
    return f"{tags}p={base64.b64encode(octets).decode()}"


def canonical_field(raw: bytes, canon: str) -> bytes:
    """Return a field as it is signed, with its CRLF."""
    if canon == "simple":
        return raw + b"\r\n"
    name, _, value = raw.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def canonical_body(body: bytes, canon: str) -> bytes:
    """Return a body as it is hashed."""
    lines = body.split(b"\r\n")
    if canon == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    whole = b"".join(line + b"\r\n" for line in lines)
    return whole or (b"\r\n" if canon == "simple" else b"")


def picked(head: Fields, names: str) -> list[bytes]:
    """Return the fields that h= names, from the bottom up; what is missing adds nothing."""
    left = list(head)
    found = []
    for name in (one.strip().lower() for one in names.split(":")):
        for at in range(len(left) - 1, -1, -1):
            if left[at].partition(b":")[0].strip().lower().decode("latin-1") == name:
                found.append(left.pop(at))
                break
    return found


def made(key: Key, octets: bytes) -> bytes:
    """Sign octets as a= says: RSA over SHA-256, or Ed25519 over the hash (RFC 8463 section 3)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(hashlib.sha256(octets).digest())


def field(
    name: str,
    tags: Mapping[str, str | None],
    head: Fields,
    body: bytes = BODY,
    *,
    key: Key,
    canon: str = "",
    spelled: str = "{}={}",
    ended: str = "",
) -> bytes:
    """Write one signature field, ``bh`` and ``b`` filled in unless the tags say otherwise; a tag of None is left out.

    Args:
        name: of the field.
        tags: in order.
        head: what the names of h= are looked up in.
        body: what ``bh`` is of.
        key: signs.
        canon: what is done, where c= does not say it.
        spelled: how tag and value are put together.
        ended: what follows the last tag.
    """
    header_canon, _, body_canon = (canon or tags.get("c") or "simple/simple").lower().partition("/")
    body_canon = body_canon or "simple"
    hashed = canonical_body(body, body_canon)
    length = tags.get("l")
    if length is not None and length.isdigit():
        hashed = hashed[: int(length)]
    filled = {"bh": base64.b64encode(hashlib.sha256(hashed).digest()).decode(), **tags, "b": tags.get("b", "")}
    text = "; ".join(spelled.format(tag, value) for tag, value in filled.items() if value is not None) + ended
    raw = f"{name}: {text}".encode()
    if tags.get("b", "") != "":
        return raw
    octets = b"".join(canonical_field(one, header_canon) for one in picked(head, tags.get("h") or ""))
    octets += canonical_field(raw, header_canon)[:-2]
    before, _, after = raw.rpartition(spelled.format("b", "").encode())
    return before + spelled.format("b", base64.b64encode(made(key, octets)).decode()).encode() + after


def mail(*parts: bytes, body: bytes = BODY) -> bytes:
    """Return a message of these fields."""
    return b"".join(part + b"\r\n" for part in parts) + b"\r\n" + body
