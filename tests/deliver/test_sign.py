import base64
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.deliver.sign import sign
from gatepost.domains.paper import SigningKey
from outbound import NOW

_RSA = rsa.generate_private_key(65537, 2048)
_ED = ed25519.Ed25519PrivateKey.generate()
_AT = datetime.now(UTC)  # noqa: TID251  # dkimpy compares x= with the real clock


def _key(selector: str, algorithm: str, private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> SigningKey:
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey("gatepost.test", selector, algorithm, der)


KEYS = [_key("r1", "rsa-sha256", _RSA), _key("e1", "ed25519-sha256", _ED)]
_RSA_TEXT = base64.b64encode(_RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
_ED_TEXT = base64.b64encode(_ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _dns(name: bytes, timeout: int = 5) -> bytes:
    del timeout
    return {
        b"r1._domainkey.gatepost.test.": b"v=DKIM1; k=rsa; p=" + _RSA_TEXT,
        b"e1._domainkey.gatepost.test.": b"v=DKIM1; k=ed25519; p=" + _ED_TEXT,
    }[name]


def _verify(message: bytes) -> list[bool]:
    return [_holds(message, index) for index in range(2)]


def _holds(message: bytes, index: int) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=_dns))
    except (dkim.ValidationError, dkim.MessageFormatError):
        return False


MAIL = (
    b"From: agent@gatepost.test\r\nTo: boss@example.org\r\nSubject: Re: a\r\n b\r\n"
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <em_a@gatepost.test>\r\n\r\n"
    b"Yes.  \r\n\r\n\tNo\t \r\n\r\n\r\n"
)


def test_a_stranger_verifies_both_signatures() -> None:
    assert _verify(sign(MAIL, KEYS, at=_AT)) == [True, True]


def test_a_changed_body_breaks_both() -> None:
    assert _verify(sign(MAIL, KEYS, at=_AT).replace(b"Yes.", b"No.")) == [False, False]


def test_a_changed_subject_breaks_both() -> None:
    assert _verify(sign(MAIL, KEYS, at=_AT).replace(b"Re: a", b"Re: c")) == [False, False]


def test_a_second_from_breaks_both() -> None:
    assert _verify(b"From: evil@example.net\r\n" + sign(MAIL, KEYS, at=_AT)) == [False, False]


def test_it_expires_after_seven_days() -> None:
    signed = sign(MAIL, KEYS[:1], at=NOW)
    begins, ends = (int(signed.partition(tag)[2].partition(b";")[0]) for tag in (b" t=", b" x="))
    assert (begins, ends - begins) == (NOW.timestamp(), 7 * 86_400)


def test_from_is_signed_once_more_than_it_occurs() -> None:
    signed = sign(MAIL, KEYS[:1], at=_AT).replace(b"\r\n ", b" ")
    names = signed.partition(b"h=")[2].partition(b";")[0].replace(b" ", b"").split(b":")
    assert names.count(b"from") == 2


def test_no_line_of_a_signature_is_long() -> None:
    header = sign(MAIL, KEYS, at=_AT).removesuffix(MAIL)
    assert max(len(line) for line in header.split(b"\r\n")) <= 90


def test_the_message_itself_stays_as_it_was() -> None:
    assert sign(MAIL, KEYS, at=_AT).endswith(MAIL)


def test_an_empty_body_is_signed_too() -> None:
    assert _verify(sign(b"From: agent@gatepost.test\r\n\r\n", KEYS, at=_AT)) == [True, True]


def test_a_key_of_another_kind_is_refused() -> None:
    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="cannot sign"):
        sign(MAIL, [SigningKey("gatepost.test", "x", "ecdsa", der)], at=_AT)


_line = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("\t"), max_size=90)


@settings(max_examples=40, deadline=None)
@given(st.lists(_line, max_size=12))
def test_whatever_the_body_the_stranger_agrees(lines: list[str]) -> None:
    body = "".join(line + "\r\n" for line in lines).encode("ascii")
    assert _verify(sign(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body, KEYS, at=_AT)) == [True, True]
