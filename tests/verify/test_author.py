import pytest

from gatepost.mail import fields
from gatepost.verify import author
from gatepost.verify.author import AMBIGUOUS, MISSING


@pytest.mark.parametrize(
    ("header", "address", "problem"),
    [
        ("From: Bob <bob@b.example>", "bob@b.example", ""),
        ("FROM : bob@b.example", "bob@b.example", ""),
        ("From: =?utf-8?q?boss=40corp.example?= <bob@b.example>", "bob@b.example", ""),
        ("From: bob@bücher.example", "bob@xn--bcher-kva.example", ""),
        ("From: team: bob@b.example;", "bob@b.example", ""),
        ("Subject: x", None, MISSING),
        ("From: ", None, MISSING),
        ("From: nobody:;", None, MISSING),
        ("From: a@b.example, c@d.example", None, AMBIGUOUS),
        ("From: a@b.example\r\nFrom: a@b.example", None, AMBIGUOUS),
        ("From: boss@corp.example <bob@b.example>", None, AMBIGUOUS),
        ("From: bob@[192.0.2.1]", None, AMBIGUOUS),
        ("From: bob@b.example\nFrom: x@y.example", None, AMBIGUOUS),
        ("From: \udcffbob@b.example", None, AMBIGUOUS),
    ],
)
def test_there_is_one_author_or_a_reason(header: str, address: str | None, problem: str) -> None:
    found = author.find(fields.split(header.encode("utf-8", "surrogateescape") + b"\r\n\r\n"))
    assert (str(found.address) if found.address else None, found.problem) == (address, problem)


def test_lists_give_what_can_be_read() -> None:
    header = fields.split(b"Reply-To: a@b.example, c@d.example\r\nReply-To: (\r\n\r\n")
    assert [str(address) for address in author.addresses(header, b"reply-to")] == ["a@b.example", "c@d.example"]
