import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from gatepost.dns.paper import Answer, Status
from gatepost.verify import public_key
from gatepost.verify.public_key import KeyUnusableError
from verify.arrivals import ED25519_RECORD, RSA_RECORD

EC_RECORD = (
    "p="
    + base64.b64encode(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
)


@pytest.mark.parametrize(
    ("record", "family"),
    [
        (RSA_RECORD, "rsa"),
        (RSA_RECORD.replace("v=DKIM1; k=rsa; ", ""), "rsa"),
        (RSA_RECORD.replace("k=rsa", "k=RSA; n=a note; x=y; s=email:web; t=y"), "rsa"),
        (RSA_RECORD.replace("p=MIIB", "p=MI IB") + ";", "rsa"),
        (ED25519_RECORD, "ed25519"),
    ],
)
def test_records_in_odd_shapes_are_read(record: str, family: str) -> None:
    assert public_key.parse(record).family == family


@pytest.mark.parametrize(
    "record",
    ["", "p=", "k=rsa", "v=DKIM2; p=x", "p=!!!", "p=AAAA", EC_RECORD, "k=ed25519; p=AAAA", "k=dsa; p=AAAA",
     RSA_RECORD.replace("v=DKIM1; k=rsa", "k=rsa; v=DKIM1"), "x" * 9000],
)  # fmt: skip
def test_what_is_no_key_is_refused(record: str) -> None:
    with pytest.raises(KeyUnusableError):
        public_key.parse(record)


def rsa_record(bits: int, exponent: int) -> str:
    """Return a key that nobody holds: an odd number for a modulus will do."""
    key = rsa.RSAPublicNumbers(exponent, (1 << (bits - 1)) | 1).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "v=DKIM1; p=" + base64.b64encode(der).decode()


@pytest.mark.parametrize(("bits", "exponent"), [(1024, 3), (2048, 65537), (2048, (1 << 63) | 1), (8192, 65537)])
def test_a_key_of_ordinary_cost_is_taken(bits: int, exponent: int) -> None:
    assert public_key.parse(rsa_record(bits, exponent)).bits == bits


@pytest.mark.parametrize(
    ("bits", "exponent"), [(8200, 65537), (16_384, 65537), (2048, (1 << 64) | 1), (3072, (1 << 3000) | 1)]
)
def test_a_key_that_costs_more_than_it_tells_is_refused_and_its_size_is_told(bits: int, exponent: int) -> None:
    with pytest.raises(KeyUnusableError) as refused:
        public_key.parse(rsa_record(bits, exponent))
    assert refused.value.bits == bits


def test_a_record_as_rfc_6376_has_it_is_read() -> None:
    key = rsa.RSAPublicNumbers(65537, (1 << 2047) | 1).public_key()
    bare = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)  # section 3.6.1: RSAPublicKey
    assert public_key.parse("p=" + base64.b64encode(bare).decode()).bits == 2048


def test_the_first_usable_of_several_records_counts() -> None:
    assert public_key.choose(Answer(Status.OK, ("junk", RSA_RECORD))).family == "rsa"
    with pytest.raises(KeyUnusableError, match="no key"):
        public_key.choose(Answer(Status.NODATA))


@given(st.text(max_size=60) | st.binary(max_size=300).map(lambda octets: "p=" + base64.b64encode(octets).decode()))
def test_any_record_is_a_key_or_refused(record: str) -> None:
    with pytest.raises(KeyUnusableError):
        public_key.parse(record)
