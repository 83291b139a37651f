"""JSON Web Signatures as the house will take them: joserfc, and the checks it leaves to its caller.

Nothing in the house reads JOSE yet. The first door that does takes ``opens`` over, and this suite then calls it there.
"""

import base64
import json
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError

FAMILIES = {
    "oct": ["HS256", "HS384", "HS512"],
    "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    "EC": ["ES256", "ES384", "ES512"],
}
"""Which algorithms a key of a kind may ever verify: a public key is never taken for a shared secret."""

_ROCA_GENERATOR = 65537
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def verifies(group: dict[str, Any], vector: dict[str, Any]) -> bool:
    """Tell whether the token is taken under the group's public keys."""
    written = group.get("public") or group["private"]
    keys = written.get("keys", [written])
    return any(_opens(key, vector["jws"]) for key in keys)


def is_undecided(group: dict[str, Any], vector: dict[str, Any]) -> bool:
    """Tell whether the vector asks for what cannot be right.

    Its group calls the very same token true and false, or it calls a token true that was made by another algorithm than
    the key names, which RFC 8725 section 3.1 forbids to take.
    """
    if any(other["jws"] == vector["jws"] and other["result"] != vector["result"] for other in group["tests"]):
        return True
    written = group.get("public") or group["private"]
    return vector["result"] == "valid" and written.get("alg", "") not in {"", _algorithm(vector["jws"])}


def _opens(key: dict[str, Any], token: Any) -> bool:
    if not isinstance(token, str):
        return False  # the JSON form: nothing of ours will speak it
    parts = token.split(".")
    if any(_decoded(part) is None for part in parts):
        return False
    algorithm = _algorithm(token)
    if not _is_strong(key, algorithm) or "verify" not in key.get("key_ops", ["verify"]):
        return False
    if key.get("alg", algorithm) != algorithm:
        return False
    try:
        jws.deserialize_compact(token, jwk.import_key(key), algorithms=FAMILIES.get(key["kty"], []))
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True


def _algorithm(token: Any) -> str:
    head = _decoded(token.partition(".")[0]) if isinstance(token, str) else None
    return str(json.loads(head or b"{}").get("alg", ""))


def _decoded(part: str) -> bytes | None:
    """Decode base64url that has one spelling only (RFC 4648 section 3.5), or return None."""
    try:
        octets = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return octets if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() == part else None


def _is_strong(key: dict[str, Any], algorithm: str) -> bool:
    """RFC 7518 section 3.2: a secret is as long as its hash; and no RSA modulus of the ROCA kind (CVE-2017-15361)."""
    if key["kty"] == "oct":
        octets = _decoded(key["k"]) or b""
        return 8 * len(octets) >= int(algorithm[2:]) if algorithm[2:].isdigit() else False
    if key["kty"] == "RSA" and "n" in key:
        modulus = int.from_bytes(_decoded(key["n"]) or b"")
        return not all(modulus % prime in _powers(prime) for prime in _ROCA_PRIMES)
    return True


def _powers(prime: int) -> set[int]:
    return {pow(_ROCA_GENERATOR, exponent, prime) for exponent in range(prime)}
