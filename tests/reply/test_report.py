"""Delivery status notifications: what people, machines and the header part read."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.reply.report import Failure, report
from outbound import BOSS, NOW

FAILURE = Failure(hostname="mail.gatepost.test", arrived_at=NOW, recipient=BOSS, status="5.1.1", reply_code=550)
EMAIL = EmailId("em_bbbbbbbbbbbbbbbb")


def parts_of(original: bytes = b"", text: str = "Sorry.", failure: Failure = FAILURE) -> list[EmailMessage]:
    message: Any = message_from_bytes(report(EMAIL, text, failure, original), policy=policy.default)
    assert message.get_content_type() == "multipart/report"
    return list(message.iter_parts())


def test_the_status_says_who_and_why() -> None:
    _, status = parts_of()
    per_message, per_recipient = status.iter_parts()
    assert dict(per_message.items()) == {
        "Reporting-MTA": "dns; mail.gatepost.test",
        "Arrival-Date": "Fri, 20 Nov 2026 12:00:00 +0000",
    }
    assert dict(per_recipient.items()) == {
        "Final-Recipient": "rfc822; boss@example.org",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1",
    }


def test_an_address_only_utf8_can_spell_is_spelled_in_ascii() -> None:
    failure = Failure(
        hostname="h.test", arrived_at=NOW, recipient=Address("j\u00fcrgen", "example.org"), status="5.1.1"
    )
    _, status = parts_of(failure=failure)
    assert list(status.iter_parts())[1]["Final-Recipient"] == "utf-8; j\\x{FC}rgen@example.org"


HEADER = (
    b"From: a@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Long: " + b"x" * 200 + b"\r\nX-Raw: \xff\xfe"
)


def test_the_header_is_shown_as_it_was() -> None:
    *_, header = parts_of(HEADER)
    assert header.get_content_type() == "text/rfc822-headers"
    shown = header.get_payload(decode=True)
    assert isinstance(shown, bytes)
    assert shown.rstrip() == HEADER


@pytest.mark.parametrize("start", ["", "X: y\r\n"])
def test_a_header_cannot_end_its_part(start: str) -> None:
    hostile = f"{start}--=_{EMAIL}--\r\n\r\n--=_{EMAIL}\r\nContent-Type: text/html\r\n\r\n<b>".encode()
    parts = parts_of(hostile)
    assert len(parts) == 3
    assert parts[2].get_payload(decode=True) == hostile


@given(st.binary(min_size=1, max_size=300))
def test_whatever_the_header_holds_there_are_three_parts_in_ascii(original: bytes) -> None:
    assert report(EMAIL, "Sorry.", FAILURE, original).isascii()
    assert len(parts_of(original)) == 3
