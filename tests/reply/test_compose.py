from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email
from gatepost.reply.compose import Draft, recipient_of, write
from gatepost.reply.paper import Voice
from outbound import AGENT, BOSS, KEPT, NOW


def _write(parent: Email = KEPT, text: str = "Yes.", voice: Voice = Voice.REPLY) -> bytes:
    return write(
        Draft(
            email=EmailId("em_bbbbbbbbbbbbbbbb"),
            message_id="em_bbbbbbbbbbbbbbbb.tag@gatepost.test",
            author=AGENT,
            parent=parent,
            voice=voice,
            text=text,
            at=NOW,
            hostname="mail.gatepost.test",
        )
    )


def _read(octets: bytes) -> EmailMessage:
    message: Any = message_from_bytes(octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _text(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_reply_says_what_it_is() -> None:
    message = _read(_write(replace(KEPT, references=("zero@example.org",))))
    assert dict(message.items()) == {
        "From": "agent@gatepost.test",
        "To": "boss@example.org",
        "Subject": "Re: The meeting",
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "Message-ID": "<em_bbbbbbbbbbbbbbbb.tag@gatepost.test>",
        "In-Reply-To": "<one@example.org>",
        "References": "<zero@example.org> <one@example.org>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="us-ascii"',
        "Content-Transfer-Encoding": "7bit",
    }
    assert _text(message) == "Yes.\n"


def test_a_message_without_id_gets_a_reply_without_references() -> None:
    message = _read(_write(replace(KEPT, message_id="")))
    assert "In-Reply-To" not in message
    assert "References" not in message


def test_an_endless_thread_keeps_its_first_and_latest() -> None:
    many = tuple(f"{number}@example.org" for number in range(1_000))
    references = str(_read(_write(replace(KEPT, references=many)))["References"]).split()
    assert (len(references), references[0], references[-2:]) == (
        22,
        "<0@example.org>",
        ["<999@example.org>", "<one@example.org>"],
    )


def test_a_reply_goes_where_its_author_asked() -> None:
    asked = replace(KEPT, reply_to=(Address("office", "example.org"), Address("other", "example.org")))
    assert recipient_of(asked, Voice.REPLY) == Address("office", "example.org")
    assert recipient_of(KEPT, Voice.REPLY) == BOSS


def test_a_bounce_goes_to_the_author_alone() -> None:
    asked = replace(KEPT, reply_to=(Address("office", "example.org"),))
    assert recipient_of(asked, Voice.BOUNCE) == BOSS


def test_a_bounce_is_a_report_that_quotes_the_reason() -> None:
    reason = "We do not take invoices here.\nSüße Grüße"
    message = _read(_write(text=reason, voice=Voice.BOUNCE))
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    words, status = message.iter_parts()
    assert isinstance(words, EmailMessage)
    assert _text(words) == reason
    assert status.get_content_type() == "message/delivery-status"
    per_message, per_recipient = status.iter_parts()
    assert per_message["Reporting-MTA"] == "dns; mail.gatepost.test"
    assert dict(per_recipient.items()) == {
        "Final-Recipient": "rfc822; agent@gatepost.test",
        "Action": "failed",
        "Status": "5.7.1",
    }
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Subject"] == "Not accepted: The meeting"


def test_a_reason_cannot_end_its_part() -> None:
    hostile = "--=_em_bbbbbbbbbbbbbbbb\r\nContent-Type: text/html\r\n\r\n<b>"
    words, _status = _read(_write(text=hostile, voice=Voice.BOUNCE)).iter_parts()
    assert isinstance(words, EmailMessage)
    assert _text(words) == hostile.replace("\r\n", "\n")


def test_a_recipient_only_utf8_can_spell_is_spelled_in_ascii() -> None:
    octets = _write(replace(KEPT, recipient=Address.parse("josé@gatepost.test")), voice=Voice.BOUNCE)
    assert b"Final-Recipient: utf-8; jos\\x{E9}@gatepost.test\r\n" in octets


HOSTILE = st.text(max_size=200) | st.sampled_from(["\r\nBcc: a@b\r\n", "\r\n\r\nbody", "\nX: y", "\x00", "\u2028X: y"])


@settings(max_examples=150, deadline=None)
@given(subject=HOSTILE, message_id=HOSTILE, reference=HOSTILE, text=HOSTILE, voice=st.sampled_from(Voice))
def test_no_stranger_writes_our_header(subject: str, message_id: str, reference: str, text: str, voice: Voice) -> None:
    parent = replace(KEPT, subject=subject, message_id=message_id, references=(reference,))
    octets = _write(parent, text, voice)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    ours = {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    message = _read(octets)
    assert set(message.keys()) <= ours
    assert len(message.keys()) == len(set(message.keys()))


def test_every_voice_is_written() -> None:
    for voice in Voice:
        assert _write(voice=voice).endswith(b"\r\n")


@pytest.mark.parametrize("voice", list(Voice))
def test_a_message_of_ours_is_ascii(voice: Voice) -> None:
    assert _write(replace(KEPT, subject="Grüße"), "Grüße", voice).isascii()
