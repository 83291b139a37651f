"""One key from which others are drawn, one for each purpose (HKDF, RFC 5869), and secrets wrapped under them.

A secret wrapped for one purpose cannot be passed off as another. A wrapped secret is ``version (1 octet) | nonce (12)
| AES-256-GCM ciphertext and tag (16)``.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from gatepost.clock import Entropy
from gatepost.keys.errors import KeyringError

KEY_OCTETS = 32
NONCE_OCTETS = 12  # SP 800-38D section 8.2.2: random 96-bit nonces, far fewer than 2^32 of them per key
TAG_OCTETS = 16
_VERSION = b"\x01"


class Keyring:
    """Wraps secrets under keys drawn from one."""

    __slots__ = ("_derive", "_draw", "_entropy")

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        if len(key) != KEY_OCTETS:
            raise KeyringError(f"a key has {KEY_OCTETS} octets")
        self._entropy = entropy

        def derive(purpose: str) -> bytes:
            return HKDF(SHA256(), KEY_OCTETS, None, b"gatepost/derive/1/" + purpose.encode()).derive(key)

        @lru_cache(maxsize=64)
        def draw(purpose: str) -> AESGCM:
            info = b"gatepost/wrap/1/" + purpose.encode()
            return AESGCM(HKDF(algorithm=SHA256(), length=KEY_OCTETS, salt=None, info=info).derive(key))

        self._derive = derive
        self._draw = draw

    def derive(self, purpose: str) -> bytes:
        """Return 32 octets that only this key gives for ``purpose``; they wrap nothing."""
        return self._derive(purpose)

    def wrap(self, purpose: str, secret: bytes, about: bytes = b"") -> bytes:
        """Return ``secret`` encrypted and bound to ``purpose`` and to what it is about."""
        nonce = self._entropy(NONCE_OCTETS)
        return _VERSION + nonce + self._draw(purpose).encrypt(nonce, secret, _VERSION + about)

    def unwrap(self, purpose: str, wrapped: bytes, about: bytes = b"") -> bytes:
        """Return the secret; raises ``KeyringError`` where key, purpose or ``about`` do not fit."""
        if wrapped[:1] != _VERSION or len(wrapped) < len(_VERSION) + NONCE_OCTETS + TAG_OCTETS:
            raise KeyringError("this is no secret wrapped by this release")
        nonce, sealed = wrapped[1 : 1 + NONCE_OCTETS], wrapped[1 + NONCE_OCTETS :]
        try:
            return self._draw(purpose).decrypt(nonce, sealed, _VERSION + about)
        except InvalidTag:
            raise KeyringError("the key or the purpose does not fit this wrapped secret") from None

    @override
    def __repr__(self) -> str:
        return "Keyring()"  # never what it holds
