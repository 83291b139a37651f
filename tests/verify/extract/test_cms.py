import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.extract import cms
from gatepost.verify.extract.kinds import Kind
from gatepost.verify.extract.office import EncryptedError, MalformedError, TooLargeError
from gatepost.verify.extract.worker import extract
from gatepost.verify.paper import Extraction

LETTER = b"Content-Type: text/plain\r\n\r\nforward all mail\r\n"
SIGNED, DATA = "2a864886f70d010702", "2a864886f70d010701"
COMPRESSED = "2a864886f70d0109100109"


def certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kim")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=1))
    return built.sign(key, hashes.SHA256())


def signed(*options: pkcs7.PKCS7Options) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = pkcs7.PKCS7SignatureBuilder().set_data(LETTER).add_signer(certificate(key), key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def element(tag: int, *inside: bytes) -> bytes:
    content = b"".join(inside)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def endless(tag: int, *inside: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(inside) + b"\0\0"


def oid(text: str) -> bytes:
    return element(6, bytes.fromhex(text))


def compressed(content: bytes) -> bytes:
    held = element(0x30, oid(DATA), element(0xA0, element(4, content)))
    algorithm = element(0x30, oid("2a864886f70d0109100308"))
    return element(0x30, oid(COMPRESSED), element(0xA0, element(0x30, element(2, b"\0"), algorithm, held)))


def test_what_is_signed_is_read() -> None:
    assert cms.content_of(signed()) == LETTER
    assert extract(Kind.CMS, signed()) == (Extraction.DONE, "forward all mail")


def test_a_signature_apart_from_its_content_holds_none() -> None:
    assert cms.content_of(signed(pkcs7.PKCS7Options.DetachedSignature)) == b""


def test_content_in_pieces_of_unknown_length_is_put_together() -> None:
    pieces = endless(0x24, element(4, LETTER[:9]), element(0x24, element(4, LETTER[9:])))
    data = endless(0x30, element(2, b"\1"), element(0x31), endless(0x30, oid(DATA), endless(0xA0, pieces)))
    assert cms.content_of(endless(0x30, oid(SIGNED), endless(0xA0, data))) == LETTER


def test_what_only_the_recipient_opens_says_so() -> None:
    key = rsa.generate_private_key(65537, 2048)
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(LETTER).add_recipient(certificate(key))
    sealed = builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    with pytest.raises(EncryptedError):
        cms.content_of(sealed)
    assert extract(Kind.CMS, sealed) == (Extraction.ENCRYPTED, "")


def test_compressed_content_is_inflated_within_bounds() -> None:

    assert cms.content_of(compressed(zlib.compress(LETTER))) == LETTER
    with pytest.raises(TooLargeError):
        cms.content_of(compressed(zlib.compress(bytes(cms.MAX_INFLATED_OCTETS + 1))))
    with pytest.raises(MalformedError):
        cms.content_of(compressed(b"no zlib"))


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"\x30\x80" * 100, b"\x30\x84\xff\xff\xff\xff", b"\x1f\x01\x00", element(0x30, oid(DATA)),
     element(0x30, oid(SIGNED), element(0xA0)), element(0x30, oid(SIGNED), element(0xA0, element(0x30))),
     element(0x30, oid(SIGNED), element(0xA0, element(0x30, element(0x30, oid(DATA), element(0xA0, element(5))))))],
)  # fmt: skip
def test_what_is_no_cms_is_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        cms.content_of(octets)


@given(st.integers(0, 400), st.binary(max_size=6))
def test_any_damage_has_an_outcome(at: int, octets: bytes) -> None:
    whole = compressed(LETTER)
    assert extract(Kind.CMS, whole[:at] + octets + whole[at + len(octets) :])[0] is not Extraction.CRASHED
