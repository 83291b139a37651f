import base64
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from domains.scene import AT, SEEDED
from gatepost.domains import dkim


def _tags(text: str) -> dict[str, str]:
    return dict(tag.strip().split("=", 1) for tag in text.split(";"))


def test_an_rsa_key_signs_what_its_record_verifies() -> None:
    key = dkim.make_rsa(AT)
    private = load_der_private_key(key.private_der, None)
    tags = _tags(key.public_text)
    public = load_der_public_key(base64.b64decode(tags["p"], validate=True))
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    assert (tags["v"], tags["k"], private.key_size) == ("DKIM1", "rsa", 2048)
    public.verify(private.sign(b"x", padding.PKCS1v15(), SHA256()), b"x", padding.PKCS1v15(), SHA256())


def test_an_ed25519_key_signs_what_its_record_verifies() -> None:
    key = dkim.make_ed25519(AT, SEEDED)
    private = load_der_private_key(key.private_der, None)
    tags = _tags(key.public_text)
    octets = base64.b64decode(tags["p"], validate=True)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    assert (tags["v"], tags["k"], len(octets)) == ("DKIM1", "ed25519", 32)
    ed25519.Ed25519PublicKey.from_public_bytes(octets).verify(private.sign(b"x"), b"x")


def test_selectors_tell_year_and_kind() -> None:
    at = datetime(2031, 1, 1, tzinfo=UTC)
    assert dkim.make_ed25519(at, SEEDED).selector == "gp2031e"
    assert dkim.make_rsa(at).selector == "gp2031r"


def test_a_fresh_key_does_not_show_its_private_half() -> None:
    key = dkim.make_ed25519(AT, SEEDED)
    assert "private" not in repr(key)
    assert key.public_text in repr(key)


def test_each_key_is_wrapped_for_its_own_name() -> None:
    assert dkim.purpose("a.test", "gp2026r") != dkim.purpose("a.test", "gp2026e")
    assert dkim.purpose("a.test", "gp2026r") == "dkim/gp2026r._domainkey.a.test"
