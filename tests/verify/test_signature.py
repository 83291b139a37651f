import pytest

from gatepost.mail.canonical import Canon
from gatepost.mail.fields import Field
from gatepost.verify.signature import Signature, SignatureSyntaxError, parse, without_signature

GOOD = "v=1; a=rsa-sha256; c=relaxed/simple; d=Corp.example; s=Sel; h=From : to:; bh=YWJj; b=YW Jj\r\n ; t=1; x=2; l=3"


def read(text: str) -> Signature:
    return parse(Field(b"dkim-signature", b"DKIM-Signature: " + text.encode()))


def test_tags_are_read_and_normalised() -> None:
    made = read(GOOD)
    assert (made.domain, made.selector, made.key_name) == ("corp.example", "sel", "sel._domainkey.corp.example")
    assert (made.header_canon, made.body_canon) == (Canon.RELAXED, Canon.SIMPLE)
    assert made.signed == (b"from", b"to")
    assert (made.signature, made.length, made.signed_at, made.expires_at) == (b"abc", 3, 1, 2)


def test_internationalised_domains_are_a_labels() -> None:
    assert read(GOOD.replace("Corp.example", "bücher.example")).domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=1", "v=2"), ("a=rsa-sha256", "a=md5"), ("a=rsa-sha256; ", ""), ("c=relaxed/simple", "c=loose"),
        ("d=Corp.example", "d=example"), ("d=Corp.example", "d=a b.example"), ("s=Sel", "s=a/b"), ("s=Sel; ", ""),
        ("From", "Sender"), ("bh=YWJj", "bh="), ("b=YW Jj", "b=!!"), ("x=2", "x=0"), ("t=1", "t=soon"),
        ("l=3", "l=-1"), ("v=1", "v=1; q=http"), ("v=1", "v=1; i=@other.example"), ("v=1", "v=1; v=1"),
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(SignatureSyntaxError):
        read(GOOD.replace(old, new, 1))


def test_only_the_value_of_b_is_emptied() -> None:
    raw = b"DKIM-Signature: bh=x; b=ab\r\n c; d=e; b2=y"
    assert without_signature(raw) == b"DKIM-Signature: bh=x; b=; d=e; b2=y"
    assert without_signature(b"X: b =ab") == b"X: b ="
