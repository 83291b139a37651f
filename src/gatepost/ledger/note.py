"""Signed notes (C2SP signed-note v1.0.0): a text, an empty line, and lines of signatures, with Ed25519 keys."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from typing_extensions import override

from gatepost.ledger.errors import LedgerError

ED25519 = 0x01
COSIGNATURE = 0x04
KEY_ID_OCTETS = 4
SIGNATURES_MAX = 100
NOTE_MAX_OCTETS = 1_000_000
STAMP_OCTETS = 8
_ED25519_OCTETS = 32
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


def cosigned(text: bytes, at_s: int) -> bytes:
    """Return what an Ed25519 cosignature of a checkpoint signs (cosignature/v1); ``at_s`` is POSIX time."""
    return b"cosignature/v1\ntime %d\n%b" % (at_s, text)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under; ``str()`` gives the vkey text.

    ``kind`` is ``ED25519``, or ``COSIGNATURE`` for a witness, whose signatures hold the time (C2SP tlog-cosignature).
    """

    name: str
    public: bytes
    kind: int = ED25519

    @classmethod
    def parse(cls, text: str, *, kind: int = ED25519) -> Self:
        """Read a vkey, ``name+hex key id+base64 key``, of one kind: a witness's key is none of a log.

        Raises:
            LedgerError: malformed, its id does not fit, or not an Ed25519 key of that kind.
        """
        parts = text.split("+", 2)  # base64 may hold more of them
        if len(parts) != 3:  # noqa: PLR2004  # the three parts above
            raise LedgerError("a verifier key has three parts")
        name, id_hex, material_base64 = parts
        _check_name(name)
        material = decode_base64(material_base64)
        if len(material) != 1 + _ED25519_OCTETS or material[0] != kind:
            raise LedgerError("the verifier key is not an Ed25519 key of the kind wanted")
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
        if self.kind == COSIGNATURE:
            stamp, signature = signature[:STAMP_OCTETS], signature[STAMP_OCTETS:]
            text = cosigned(text, int.from_bytes(stamp, "big"))
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):  # ValueError: 32 octets that are no point on the curve
            return False
        return True


@dataclass(frozen=True, slots=True)
class _PrivateKey:
    """An Ed25519 key and the name it signs under; what it signs is its heirs'."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != _ED25519_OCTETS:
            raise LedgerError("an Ed25519 seed is 32 octets long")

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
    """A witness's private key and the name it cosigns under."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw(), COSIGNATURE)

    def cosign(self, text: str, at_s: int) -> bytes:
        """Return the signature line over a checkpoint's text, at a POSIX time."""
        signature = self._private.sign(cosigned(text.encode(), at_s))
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
