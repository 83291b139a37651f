"""Signed notes (C2SP signed-note v1.0.0): a text, an empty line, and lines of signatures.

Logs sign with Ed25519, witnesses with Ed25519 or ML-DSA-44 (FIPS 204).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from typing_extensions import override

from gatepost.ledger import cosigned
from gatepost.ledger.errors import LedgerError

ED25519 = 0x01
COSIGNATURE = 0x04
MLDSA44_COSIGNATURE = 0x06
WITNESS_KINDS = (COSIGNATURE, MLDSA44_COSIGNATURE)
KEY_ID_OCTETS = 4
SIGNATURES_MAX = 100
NOTE_MAX_OCTETS = 1_000_000
STAMP_OCTETS = 8
STAMP_MAX = 2**63 - 1
"""The latest time a cosignature may hold (C2SP tlog-cosignature, "Format")."""

_SEED_OCTETS = 32
_PUBLIC_OCTETS = {ED25519: 32, COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}
_DASH = "\N{EM DASH}"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def encode_base64(octets: bytes) -> str:
    """Spell octets in standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(octets).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling.

    Raises:
        LedgerError: it is anything else, also where only the unused bits differ.
    """
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LedgerError("this is not base64") from error
    if encode_base64(octets) != text:
        raise LedgerError("this is not canonical base64")
    return octets


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name) or _CONTROL.search(name):
        raise LedgerError("a key name is not empty and has neither spaces nor a plus sign")


def _key_id(name: str, material: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:KEY_ID_OCTETS]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under; ``str()`` gives the vkey text.

    ``kind`` is ``ED25519``, or one of ``WITNESS_KINDS``, whose signatures hold the time (C2SP tlog-cosignature).
    """

    name: str
    public: bytes
    kind: int = ED25519

    @classmethod
    def parse(cls, text: str, *, kinds: Collection[int] = (ED25519,)) -> Self:
        """Read a vkey, ``name+hex key id+base64 key``, of these kinds: a witness's key is none of a log.

        Raises:
            LedgerError: malformed, its id does not fit, or not a key of those kinds.
        """
        parts = text.split("+", 2)  # base64 may hold more of them
        if len(parts) != 3:  # noqa: PLR2004  # the three parts above
            raise LedgerError("a verifier key has three parts")
        name, id_hex, material_base64 = parts
        _check_name(name)
        material = decode_base64(material_base64)
        kind = material[0] if material else 0
        if kind not in kinds or len(material) != 1 + _PUBLIC_OCTETS[kind]:
            raise LedgerError("the verifier key is not a key of the kind wanted")
        try:
            key_id = _key_id(name, material)
        except UnicodeEncodeError as error:
            raise LedgerError("a key name is valid Unicode") from error
        if key_id.hex() != id_hex:
            raise LedgerError("the verifier key's id does not fit the key")
        return cls(name, material[1:], kind)

    @property
    def key_id(self) -> bytes:
        """The four octets that stand before each of its signatures."""
        return _key_id(self.name, bytes([self.kind]) + self.public)

    @override
    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Return whether ``signature``, without the key id, is this key's over ``text``."""
        stamp, stamped = int.from_bytes(signature[:STAMP_OCTETS], "big"), signature[STAMP_OCTETS:]
        if self.kind in WITNESS_KINDS and stamp > STAMP_MAX:
            return False
        try:
            match self.kind:
                case 0x04:  # COSIGNATURE
                    Ed25519PublicKey.from_public_bytes(self.public).verify(stamped, cosigned.by_ed25519(text, stamp))
                case 0x06:  # MLDSA44_COSIGNATURE
                    signed = cosigned.by_mldsa44(self.name, text, stamp)
                    MLDSA44PublicKey.from_public_bytes(self.public).verify(stamped, signed)
                case _:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        # ValueError: octets that are no key; UnsupportedAlgorithm: a system's own OpenSSL that is older than 3.5
        except (InvalidSignature, LedgerError, UnsupportedAlgorithm, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class _PrivateKey:
    """A private key's seed and the name it signs under; what it signs is its heirs'."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != _SEED_OCTETS:
            raise LedgerError("a seed is 32 octets long")

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class SigningKey(_PrivateKey):
    """A private key and the name it signs under."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the note of ``text`` with this key's signature. Ed25519: the same text gives the same note.

        Raises:
            LedgerError: the text does not end its last line, or holds control characters.
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise LedgerError("a note's text ends with a line feed and has no other control characters")
        signature = self._private.sign(text.encode())
        line = f"{_DASH} {self.name} {encode_base64(self.verifier.key_id + signature)}\n"
        return f"{text}\n{line}".encode()


@dataclass(frozen=True, slots=True)
class CosigningKey(_PrivateKey):
    """A witness's private key and the name it cosigns under; ``kind`` is one of ``WITNESS_KINDS``.

    A seed belongs to one kind: the same one must not sign with both.
    """

    kind: int = COSIGNATURE

    @property
    def _mldsa44(self) -> MLDSA44PrivateKey:
        return MLDSA44PrivateKey.from_seed_bytes(self.seed)

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        private = self._private if self.kind == COSIGNATURE else self._mldsa44
        return VerifierKey(self.name, private.public_key().public_bytes_raw(), self.kind)

    def cosign(self, text: str, at_s: int) -> bytes:
        """Return the signature line over a checkpoint's text, at a POSIX time.

        Raises:
            LedgerError: the text is no checkpoint.
        """
        if self.kind == COSIGNATURE:
            signature = self._private.sign(cosigned.by_ed25519(text.encode(), at_s))
        else:
            signature = self._mldsa44.sign(cosigned.by_mldsa44(self.name, text.encode(), at_s))
        octets = self.verifier.key_id + at_s.to_bytes(STAMP_OCTETS, "big") + signature
        return f"{_DASH} {self.name} {encode_base64(octets)}\n".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, as it stands there; nobody has verified it yet."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart, not yet verified."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Take a note apart at its last empty line.

        Raises:
            LedgerError: it is not a signed note.
        """
        if len(octets) > NOTE_MAX_OCTETS:
            raise LedgerError("the note is longer than we read")
        try:
            whole = octets.decode()
        except UnicodeDecodeError as error:
            raise LedgerError("the note is not UTF-8") from error
        if _CONTROL.search(whole):
            raise LedgerError("the note holds control characters")
        text, empty_line, tail = whole.rpartition("\n\n")
        if not empty_line or not tail.endswith("\n"):
            raise LedgerError("the note has no signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > SIGNATURES_MAX:
            raise LedgerError("the note has more signatures than we read")
        return cls(text + "\n", tuple(_parse_signature(line) for line in lines))

    def verify(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Return the keys that signed it, in the order of their lines; lines of unknown keys are passed over.

        Raises:
            LedgerError: a known key's signature is wrong, no known key signed it, or two of ``keys`` claim one id.
        """
        known: dict[tuple[str, bytes], VerifierKey] = {}
        for key in keys:
            if (key.name, key.key_id) in known:
                raise LedgerError("two of the trusted keys have the same name and id")
            known[key.name, key.key_id] = key
        signed: list[VerifierKey] = []
        text = self.text.encode()
        for line in self.signatures:
            signer = known.get((line.name, line.key_id))
            if signer is None or signer in signed:
                continue
            if not signer.verifies(text, line.signature):
                raise LedgerError(f"the signature of {signer.name} is wrong")
            signed.append(signer)
        if not signed:
            raise LedgerError("no trusted key signed the note")
        return tuple(signed)


def _parse_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:  # noqa: PLR2004  # dash, name, base64
        raise LedgerError("a signature line is a dash, a name and base64")
    _check_name(parts[1])
    octets = decode_base64(parts[2])
    if len(octets) <= KEY_ID_OCTETS:
        raise LedgerError("a signature is longer than its key id")
    return Signature(parts[1], octets[:KEY_ID_OCTETS], octets[KEY_ID_OCTETS:])
