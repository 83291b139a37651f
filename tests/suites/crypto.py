"""Wycheproof: what the house verifies with must refuse every crafted lie and take every odd truth."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gatepost.verify.public_key import PublicKey
from suites import jose
from suites.case import Case, FailedError

Vector = dict[str, Any]
REFUSALS = (InvalidSignature, InvalidTag, ValueError)
REFUSABLE = {"SmallIv", "LongIv"}
"""Flags of true vectors with parameters we never choose; a library that refuses them is right too."""


def read(folder: Path) -> Iterator[Case]:
    """Yield every vector of every file below ``wycheproof``."""
    for path in sorted((folder / "wycheproof").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        works = WORKS[document.get("algorithm", "JOSE").partition("-")[0]]
        for group in document["testGroups"]:
            for vector in group["tests"]:
                yield Case(f"{path.stem}/{vector['tcId']}", partial(_check, works, group, vector))


async def _check(works: Callable[[Vector, Vector], bool], group: Vector, vector: Vector) -> None:
    try:
        is_taken = works(group, vector)
    except REFUSALS:
        is_taken = False
    is_undecided = vector["result"] == "acceptable" or ("jws" in vector and jose.is_undecided(group, vector))
    is_refusable = bool(REFUSABLE & set(vector["flags"]))
    if vector["result"] == "valid" and not is_taken and not is_undecided and not is_refusable:
        raise FailedError(f"refused, though it is true ({vector['comment']})")
    if vector["result"] == "invalid" and is_taken and not is_undecided:
        raise FailedError(f"taken, though it is wrong ({vector['comment']})")


def _signed(group: Vector, vector: Vector) -> bool:
    """RSA and Ed25519 through the reader the house verifies mail with; ECDSA through the library."""
    key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
    octets, signature = bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])
    match key:
        case rsa.RSAPublicKey():
            return PublicKey.of(key).verify(signature, hashlib.sha256(octets).digest())
        case ed25519.Ed25519PublicKey():
            return PublicKey.of(key).verify(signature, octets)
        case ec.EllipticCurvePublicKey():
            key.verify(signature, octets, ec.ECDSA(hashes.SHA256()))
            return True
        case _:
            raise FailedError("a kind of key nobody reads")


def _aead(group: Vector, vector: Vector, *, cipher: Callable[[bytes], AESGCM | ChaCha20Poly1305]) -> bool:
    if group["tagSize"] != 128:
        raise ValueError("a tag cut short")
    key, iv, aad, text = (bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "msg"))
    sealed = bytes.fromhex(vector["ct"] + vector["tag"])
    box = cipher(key)
    return box.decrypt(iv, sealed, aad) == text and box.encrypt(iv, text, aad) == sealed


def _hmac(group: Vector, vector: Vector) -> bool:
    made = hmac.digest(bytes.fromhex(vector["key"]), bytes.fromhex(vector["msg"]), "sha256")
    return hmac.compare_digest(made[: group["tagSize"] // 8], bytes.fromhex(vector["tag"]))


def _hkdf(_: Vector, vector: Vector) -> bool:
    ikm, salt, info = (bytes.fromhex(vector[name]) for name in ("ikm", "salt", "info"))
    return HKDF(hashes.SHA256(), vector["size"], salt, info).derive(ikm) == bytes.fromhex(vector["okm"])


def _pbkdf2(_: Vector, vector: Vector) -> bool:
    password, salt = bytes.fromhex(vector["password"]), bytes.fromhex(vector["salt"])
    made = PBKDF2HMAC(hashes.SHA256(), vector["dkLen"], salt, vector["iterationCount"]).derive(password)
    return made == bytes.fromhex(vector["dk"])


def _x25519(_: Vector, vector: Vector) -> bool:
    private = x25519.X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private"]))
    public = x25519.X25519PublicKey.from_public_bytes(bytes.fromhex(vector["public"]))
    return private.exchange(public) == bytes.fromhex(vector["shared"])


WORKS: dict[str, Callable[[Vector, Vector], bool]] = {
    "AES": partial(_aead, cipher=AESGCM),
    "CHACHA20": partial(_aead, cipher=ChaCha20Poly1305),
    "ECDSA": _signed,
    "EDDSA": _signed,
    "HKDF": _hkdf,
    "HMACSHA256": _hmac,
    "JOSE": jose.verifies,
    "PBKDF2": _pbkdf2,
    "RSASSA": _signed,
    "XDH": _x25519,
}
"""By the first word of a file's ``algorithm``; the files of JOSE have none."""
