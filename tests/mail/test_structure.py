import pytest

from gatepost.mail import structure
from gatepost.mail.structure import MAX_KEPT_OCTETS, NAMES, Structure


def said(default: str = "text/plain", **values: bytes) -> Structure:
    return structure.read(tuple((values[name],) if (name := key.decode()) in values else () for key in NAMES), default)


def test_a_part_that_says_nothing_is_its_default() -> None:
    assert said() == Structure("text/plain", "", "", "", "", "", b"", is_joined=False, is_doubtful=False)
    assert said("message/rfc822").content_type == "message/rfc822"  # the same words, another place


def test_every_field_is_read() -> None:
    found = structure.read(
        (
            (b' Multipart/Mixed; charset="UTF-8" (say some); boundary="b \r\n c  "',), (b" Base64 ",),
            (b" ATTACHMENT; filename==?utf-8?q?a=2Epdf?=",), (b" <one@two>",),
        ),
        "text/plain",
    )  # fmt: skip
    assert found == Structure(
        "multipart/mixed",
        "UTF-8",
        "base64",
        "attachment",
        "a.pdf",
        "one@two",
        b"b  c",
        is_joined=False,
        is_doubtful=False,
    )


@pytest.mark.parametrize("padding", [0, MAX_KEPT_OCTETS])
def test_a_field_that_stands_twice_is_read_first_and_told(padding: int) -> None:
    values = ((b" text/html", b" text/plain" + b" " * padding), (), (), ())
    assert structure.read(values, "text/plain")[0] == "text/html"
    assert structure.read(values, "text/plain").is_doubtful


def test_what_is_remembered_is_what_is_read() -> None:
    for padding in (b"", b"x" * MAX_KEPT_OCTETS):
        for _ in range(2):
            assert said(type=b" text/html; name=" + padding + b"\xfc.htm").filename == padding.decode() + "\xfc.htm"
