"""How an API key is spelled: ``gp_<id>_<secret>``, shown once, kept as a digest.

SHA-256 is enough: the secret is 256 random bits, so a digest that leaks cannot be searched. Slow hashes are for
secrets that people choose.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Self

from gatepost.clock import Entropy
from gatepost.ids import KeyId, token

_SECRET_OCTETS = 32
_SPELLING = re.compile(r"gp_([a-z2-7]{16})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Presented:
    """A key as its holder presents it: which one it claims to be, and the secret that shows it."""

    id: KeyId
    secret: str = field(repr=False)

    @classmethod
    def make(cls, entropy: Entropy) -> Self:
        """Make a new key."""
        secret = base64.urlsafe_b64encode(entropy(_SECRET_OCTETS)).rstrip(b"=").decode("ascii")
        return cls(KeyId(token("ky", entropy(10))), secret)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what somebody presented; None where it is not spelled as our keys are."""
        match = _SPELLING.fullmatch(text)
        return cls(KeyId(f"ky_{match[1]}"), match[2]) if match else None

    @property
    def text(self) -> str:
        """The whole key, to be shown once and never logged."""
        return f"gp_{self.id.removeprefix('ky_')}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What we keep. Over the text, not the octets it spells: exactly one spelling opens the door."""
        return hashlib.sha256(self.secret.encode("ascii")).digest()

    def fits(self, digest: bytes) -> bool:
        """Compare in a time that does not depend on where the two differ."""
        return hmac.compare_digest(self.digest, digest)
