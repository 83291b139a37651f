import hashlib

from gatepost.mail import fields
from gatepost.mail.canonical import Canon
from gatepost.verify.signed_data import Body, signed_fields, unsigned_fields


def test_a_body_is_hashed_as_far_as_asked() -> None:
    body = Body(b"abc  \r\n\r\n")
    assert body.digest(Canon.RELAXED, None) == hashlib.sha256(b"abc\r\n").digest()
    assert body.digest(Canon.RELAXED, 2) == hashlib.sha256(b"ab").digest()
    assert body.form(Canon.SIMPLE) == b"abc  \r\n"


def test_fields_are_picked_from_the_bottom_and_missing_ones_add_nothing() -> None:
    header = fields.split(b"A: 1\r\nB: x\r\nA: 2\r\n\r\n")
    picked = signed_fields(header, (b"a", b"none", b"a", b"a", b"b"))
    assert [field.raw for field in picked] == [b"A: 2", b"A: 1", b"B: x"]


def test_what_decides_how_a_mail_is_read_and_is_not_signed_is_named() -> None:
    header = fields.split(b"Content-Type: text/html\r\nSubject: x\r\nFrom: a@b.example\r\n\r\n")
    assert unsigned_fields(header, (b"from", b"subject")) == ("content-type",)
    assert unsigned_fields(header, (b"from", b"subject", b"content-type")) == ()
    listed = fields.split(b"List-Id: <dev.lists.example>\r\nFrom: a@b.example\r\n\r\n")
    assert unsigned_fields(listed, (b"from",)) == ("list-id",)
    assert unsigned_fields(listed, (b"from", b"list-id")) == ()


def test_a_body_that_is_canonical_as_it_came_has_one_hash_for_every_use() -> None:
    for octets, is_one in ((b"abc\r\n", True), (b"abc \r\n", False)):
        body = Body(octets)
        assert body.sha256 == hashlib.sha256(octets).digest()
        assert (body.digest(Canon.RELAXED, None) is body.sha256) is is_one
        assert body.digest(Canon.SIMPLE, None) == hashlib.sha256(body.form(Canon.SIMPLE)).digest()
