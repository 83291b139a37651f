"""Versions of a policy: immutable, each signed by its actor's key (docs/adr/0033). Pure.

The key is Ed25519 and derived from the tenant's own, one for each actor: an API key is a secret that the house does not
keep, so it cannot sign. A signature shows that this house, when it knew the tenant's key, made this version for this
actor; a database that was written to from outside shows none.
"""

import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatepost.ids import AccountId, KeyId, TenantId
from gatepost.keys import Vault

WHY_MAX_CHARS = 500
_CONTEXT = "gatepost policy version 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version, as it was made; ``why`` is empty where nobody said."""

    tenant: TenantId
    account: AccountId
    version: int
    digest: str
    at: datetime
    actor: KeyId
    why: str = ""

    @property
    def statement(self) -> bytes:
        """What is signed; ``why`` by its digest, so that a statement can be shown without it."""
        why = hashlib.sha256(self.why.encode()).hexdigest()
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        told = [_CONTEXT, self.tenant, self.account, self.version, self.digest, at, self.actor, why]
        return json.dumps(told, separators=(",", ":")).encode()


class Spelled(NamedTuple):
    """A version's signature as text: what is signed, and in Base64 public key and signature; empty where unsigned."""

    statement: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A version with its signature, and its actor's public key; both empty where there were no signatures yet."""

    version: Version
    signer: bytes
    signature: bytes

    def is_genuine(self, vault: Vault) -> bool | None:
        """Tell whether its actor's key signed exactly this; None where it was never signed."""
        if not self.signature:
            return None
        key = _key(vault, self.version.actor).public_key()
        if key.public_bytes_raw() != self.signer:
            return False
        return verifies(self.version, self.signer, self.signature)

    def spelled(self) -> Spelled:
        """Return what is signed, by which key, and the signature, for whoever checks it without the house."""
        signer, signature = (b64encode(each).decode() for each in (self.signer, self.signature))
        return Spelled(self.version.statement.decode() if signature else "", signer, signature)


def sign(version: Version, vault: Vault) -> Signed:
    """Sign a version with its actor's key."""
    key = _key(vault, version.actor)
    return Signed(version, key.public_key().public_bytes_raw(), key.sign(version.statement))


def verifies(version: Version, signer: bytes, signature: bytes) -> bool:
    """Tell whether that public key signed this version, without any secret."""
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, version.statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _key(vault: Vault, actor: KeyId) -> Ed25519PrivateKey:
    halves = (vault.blind(f"policy-signer-{half}", actor) for half in (1, 2))  # a token is 128 bits, a seed 256
    return Ed25519PrivateKey.from_private_bytes(b"".join(halves))
