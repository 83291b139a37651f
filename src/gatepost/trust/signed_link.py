"""A link that says one thing to us alone: which row, and which of its rounds. Signed; kept nowhere. Pure.

``base64url(claims) "." base64url(HMAC-SHA256)``, as the links of holds (``deliver.link``). A link that may count once
names the round its row is in: when it has counted, the row goes on to the next.
"""

import base64
import binascii
import hmac

import orjson

from gatepost.keys import Keyring

TOKEN_MAX_CHARS = 256


def sign(purpose: str, row: str, round_: int, keyring: Keyring) -> str:
    """Return the token; the same words give the same token, so a mail sent twice holds one link."""
    claims = orjson.dumps([row, round_])
    return f"{_spell(claims)}.{_spell(_tag(purpose, claims, keyring))}"


def read(purpose: str, token: str, keyring: Keyring) -> tuple[str, int] | None:
    """Return the row and the round a token stands for; None where it is none of ours, or for another purpose."""
    if len(token) > TOKEN_MAX_CHARS or not token.isascii():
        return None
    claims, _, tag = token.partition(".")
    try:
        octets, found = _octets(claims), _octets(tag)
    except binascii.Error:
        return None
    if not hmac.compare_digest(_tag(purpose, octets, keyring), found):
        return None
    row, round_ = orjson.loads(octets)
    return str(row), int(round_)


def _tag(purpose: str, claims: bytes, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.derive(f"link/{purpose}"), claims, "sha256")


def _spell(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
