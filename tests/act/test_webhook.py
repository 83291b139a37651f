import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import mailbuttons
import pytest
import standardwebhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import structs

from act.scene import happened
from gatepost.act.paper import EventKind
from gatepost.act.webhook import (
    BODY_TEXT_MAX_CHARACTERS,
    Signers,
    check_url,
    headers,
    payload,
    public_key,
    standard_secret,
)
from gatepost.mail.reading import of_text
from outbound import KEPT, NOW

SECRET, OLD = "0123456789abcdef" * 4, "fedcba9876543210" * 4
SEED = bytes(range(32))
EVENT = happened()
BODY = payload(EVENT, KEPT)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the library asks the real clock


def test_the_public_client_verifies_and_reads_it() -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((SECRET,)), at=NOW)
    assert mailbuttons.verify_webhook(BODY, sent["X-Mailbuttons-Signature"], SECRET)
    message = mailbuttons.parse_webhook(BODY).data
    assert (message.message_id, message.thread_id) == (KEPT.id, KEPT.thread)
    assert (message.from_, message.to) == ("boss@example.org", "agent@gatepost.test")
    assert (message.subject, message.body_text) == (KEPT.subject, KEPT.text)
    assert message.received_at == "2026-11-20T12:00:00.000Z"
    assert message.capabilities == ["read_calendar"]
    assert (message.verification.dkim, message.verification.from_alignment) == ("pass", True)


def test_the_public_client_refuses_a_changed_body() -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((SECRET,)), at=NOW)
    other = payload(EVENT, structs.replace(KEPT, reading=of_text("no")))
    assert not mailbuttons.verify_webhook(other, sent["X-Mailbuttons-Signature"], SECRET)


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_standard_webhooks_verifies_it_under_each_secret_in_force(secret: str) -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((OLD, SECRET), SEED), at=_now())
    assert standardwebhooks.Webhook(standard_secret(secret)).verify(BODY, sent) == json.loads(BODY)


def test_while_a_secret_is_replaced_the_one_compatible_signature_is_the_old_ones() -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((OLD, SECRET)), at=NOW)
    assert mailbuttons.verify_webhook(BODY, sent["X-Mailbuttons-Signature"], OLD)


def test_standard_webhooks_refuses_another_event_id() -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((SECRET,)), at=_now())
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        standardwebhooks.Webhook(standard_secret(SECRET)).verify(BODY, {**sent, "webhook-id": "ev_y"})


def test_whoever_has_the_public_key_alone_can_check_and_changes_are_seen() -> None:
    sent = headers(BODY, event=EVENT, signers=Signers((SECRET,), SEED), at=NOW)
    spelled = public_key(SEED)
    assert spelled.startswith("whpk_")
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(spelled.removeprefix("whpk_")))
    [signature] = [each for each in sent["webhook-signature"].split(" ") if each.startswith("v1a,")]
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + BODY
    octets = base64.b64decode(signature.removeprefix("v1a,"))
    key.verify(octets, signed)
    with pytest.raises(InvalidSignature):
        key.verify(octets, signed + b" ")


def test_an_event_keeps_its_name_and_its_octets() -> None:
    assert happened().id == happened().id != happened(2).id
    assert happened(kind=EventKind.HELD).id != happened().id
    assert payload(EVENT, KEPT) == BODY


@pytest.mark.parametrize("kind", [EventKind.HELD, EventKind.REJECTED, EventKind.SENT, EventKind.BOUNCED])
def test_of_mail_that_was_not_kept_no_word_is_told(kind: EventKind) -> None:
    event = replace(happened(kind=kind), email=KEPT.id, detail={"reason": "sender.unproven"})
    said = json.loads(payload(event, KEPT))
    assert (said["event"], said["type"], said["id"]) == (kind.value, kind.value, event.id)
    assert said["data"] == {"mailbox_id": KEPT.account, "email_id": KEPT.id, "reason": "sender.unproven"}


def test_an_endless_text_is_cut_and_said_to_be() -> None:
    endless = structs.replace(KEPT, reading=of_text("x" * (BODY_TEXT_MAX_CHARACTERS + 1)))
    data = json.loads(payload(EVENT, endless))["data"]
    assert (len(data["body_text"]), data["body_text_truncated"]) == (BODY_TEXT_MAX_CHARACTERS, True)


@pytest.mark.parametrize("url", ["https://agent.example/hook", "http://127.0.0.1:8080/a?b=c"])
def test_an_absolute_url_is_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hook",
        "agent.example",
        "ftp://agent.example",
        "file:///etc/passwd",
        "https://",
        "https://a:b@agent.example",
        "https://agent.example/#x",
        "https://agent.example/\r\nX: y",
        "http://[::1",
        "https://agent.example/" + "x" * 3_000,
        "https://agent.example:99999/",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        check_url(url)


def test_no_character_of_a_stranger_ends_a_line() -> None:
    hostile = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\rj\nk"
    octets = payload(happened(), structs.replace(KEPT, subject=hostile, reading=of_text(hostile)))
    assert len(octets.decode().splitlines()) == 1
    assert json.loads(octets)["data"]["body_text"] == hostile
