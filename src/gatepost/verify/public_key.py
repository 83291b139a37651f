"""Public keys in DNS (RFC 6376 section 3.6.1, RFC 8463 section 3, RFC 8301 section 3.2)."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gatepost.dns.paper import Answer, Status
from gatepost.mail import taglist

ED25519_BITS = 256
MIN_RSA_BITS = 1024  # RFC 8301 section 3.2
MAX_RSA_BITS = 8192  # more costs the verifier more than it tells
MAX_EXPONENT_BITS = 64  # 65537 has 17; a check costs in proportion to it
MAX_RECORD = 8_192
_ED25519_OCTETS = 32
_PREHASHED = Prehashed(SHA256())
_PADDING = PKCS1v15()


class KeyUnusableError(ValueError):
    """There is no key that could verify; ``bits`` where its size is the trouble."""

    def __init__(self, reason: str, bits: int | None = None) -> None:
        super().__init__(reason)
        self.bits = bits


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key record.

    Attributes:
        family: the word before the dash of a= that this key can answer.
        bits: modulus size of RSA, 256 for Ed25519.
        is_strict: t=s, the i= domain must equal d=.
        is_testing: t=y, the domain says that it only tries DKIM out.
    """

    key: RSAPublicKey | Ed25519PublicKey
    family: str
    bits: int
    is_strict: bool = False
    is_testing: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether others could have found the private key: its signatures prove nothing (RFC 8301 section 3.2)."""
        return self.bits < MIN_RSA_BITS and self.family == "rsa"

    @classmethod
    def of(cls, key: RSAPublicKey | Ed25519PublicKey, flags: Collection[str] = ()) -> Self:
        """Write the paper of a key; ``flags`` are those of t=."""
        is_rsa = isinstance(key, RSAPublicKey)
        return cls(
            key,
            "rsa" if is_rsa else "ed25519",
            key.key_size if isinstance(key, RSAPublicKey) else ED25519_BITS,
            is_strict="s" in flags,
            is_testing="y" in flags,
        )

    def verify(self, signature: bytes, digest: bytes) -> bool:
        """Tell whether ``signature`` is this key's over the SHA-256 ``digest``."""
        try:
            if self.family == "rsa":  # quicker than what the key itself is an instance of
                cast("RSAPublicKey", self.key).verify(signature, digest, _PADDING, _PREHASHED)
            else:  # RFC 8463 section 3: PureEdDSA over the digest
                cast("Ed25519PublicKey", self.key).verify(signature, digest)
        except InvalidSignature:
            return False
        return True


def choose(answer: Answer) -> PublicKey:
    """Take the key out of a DNS answer that did not fail.

    Raises:
        KeyUnusableError: no record, or none that can be used. RFC 6376 section 6.1.2 leaves several records open:
            the first usable one is taken.
    """
    if answer.status is not Status.OK:
        raise KeyUnusableError("no key is published")
    trouble = KeyUnusableError("no key is published")
    for record in answer.records[:4]:
        try:
            return parse(record)
        except KeyUnusableError as error:
            trouble = error
    raise trouble


@lru_cache(maxsize=2048)
def parse(record: str) -> PublicKey:
    """Read one key record.

    Raises:
        KeyUnusableError: it breaks the grammar, is revoked, not for email, or too weak.
    """
    if len(record) > MAX_RECORD:
        raise KeyUnusableError("the key record is longer than 8 KiB")
    try:
        tags = taglist.parse(record)
    except taglist.TagListError:
        raise KeyUnusableError("the key record is no tag list") from None
    _check_tags(tags, record)
    try:
        octets = base64.b64decode(taglist.without_space(tags["p"]), validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnusableError("p= is not base64") from None
    if not octets:
        raise KeyUnusableError("the key is revoked")
    flags = set(taglist.words(tags.get("t", "")))
    kind = tags.get("k", "rsa").lower()
    key: RSAPublicKey | Ed25519PublicKey = _read_ed25519(octets) if kind == "ed25519" else _read_rsa(octets)
    return PublicKey.of(key, flags)


def _check_tags(tags: dict[str, str], record: str) -> None:
    if "v" in tags and (tags["v"] != "DKIM1" or not record.lstrip().startswith("v")):
        raise KeyUnusableError("v= is not DKIM1, or does not stand first")
    if tags.get("k", "rsa").lower() not in {"rsa", "ed25519"}:
        raise KeyUnusableError("k= is a key type we do not know")
    if "h" in tags and "sha256" not in {name.lower() for name in taglist.words(tags["h"])}:
        raise KeyUnusableError("h= does not allow SHA-256")
    if not {name.lower() for name in taglist.words(tags.get("s", "*"))} & {"*", "email"}:
        raise KeyUnusableError("s= does not allow email")
    if "p" not in tags:
        raise KeyUnusableError("the record holds no key")


def _read_ed25519(octets: bytes) -> Ed25519PublicKey:
    if len(octets) != _ED25519_OCTETS:
        raise KeyUnusableError("an Ed25519 key has 32 octets")
    try:
        return Ed25519PublicKey.from_public_bytes(octets)
    except ValueError:
        raise KeyUnusableError("the Ed25519 key is not a key") from None


def _read_rsa(octets: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise KeyUnusableError("the RSA key is not a key") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyUnusableError("p= holds another kind of key than k= says")
    if key.key_size > MAX_RSA_BITS:
        raise KeyUnusableError(f"an RSA key of {key.key_size} bits is not accepted", key.key_size)
    if key.public_numbers().e.bit_length() > MAX_EXPONENT_BITS:
        raise KeyUnusableError("the exponent of the RSA key is longer than 64 bits", key.key_size)
    return key
