"""A message that answers nothing."""

from email import message_from_bytes, policy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import KeyId
from gatepost.mail.address import Address
from gatepost.reply.identity import letter_digest_of, letter_identity_of
from gatepost.reply.letter import write_letter
from gatepost.reply.paper import Letter
from outbound import ACCOUNT, AGENT, BOSS, NOW, TENANT

ANN = Address("ann", "customer.example")


def letter(text: str = "It left today.", **changes: Any) -> Letter:
    values: dict[str, Any] = {"to": (BOSS, ANN), "subject": "Your order", **changes}
    return Letter(tenant=TENANT, account=ACCOUNT, submitter=KeyId("ky_a"), text=text, **values)


def written(one: Letter, footer: str = "") -> Any:
    octets = write_letter(one, author=AGENT, message_id="m.tag@gatepost.test", at=NOW, footer=footer)
    return message_from_bytes(octets, policy=policy.default)


def test_it_says_what_it_is() -> None:
    assert dict(written(letter()).items()) == {
        "From": "agent@gatepost.test",
        "To": "boss@example.org, ann@customer.example",
        "Subject": "Your order",
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "Message-ID": "<m.tag@gatepost.test>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="us-ascii"',
        "Content-Transfer-Encoding": "7bit",
    }


def test_the_footer_stands_below() -> None:
    assert written(letter(), "An agent.").get_content().splitlines() == ["It left today.", "", "-- ", "An agent."]


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_words_cannot_leave_their_field(subject: str, text: str) -> None:
    message = written(letter(text, subject=subject))
    assert set(message.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip


def test_the_same_words_to_the_same_people_are_the_same_letter() -> None:
    assert letter_identity_of(letter()) == letter_identity_of(letter(to=(ANN, BOSS, ANN)))
    for other in (letter("No."), letter(subject=""), letter(to=(ANN,)), letter(idempotency_key="k")):
        assert letter_identity_of(other) != letter_identity_of(letter())


def test_a_key_stands_for_one_letter() -> None:
    keyed = letter(idempotency_key="k")
    assert letter_identity_of(keyed) == letter_identity_of(letter("No.", idempotency_key="k"))
    assert letter_digest_of(keyed) != letter_digest_of(letter("No.", idempotency_key="k"))
    assert letter_digest_of(letter("\ud800"))
