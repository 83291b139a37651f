import json
from dataclasses import replace
from datetime import UTC, datetime

import mailbuttons
import pytest
import standardwebhooks

from gatepost.act.webhook import BODY_TEXT_MAX_CHARACTERS, check_url, event_id, headers, payload, standard_secret
from gatepost.ids import EmailId, WebhookId
from gatepost.mail.reading import of_text
from outbound import KEPT, NOW

SECRET = "0123456789abcdef" * 4
HOOK = WebhookId("wh_a")


def test_the_public_client_verifies_and_reads_it() -> None:
    body = payload(KEPT)
    sent = headers(body, event="ev_x", secret=SECRET, at=NOW)
    assert mailbuttons.verify_webhook(body, sent["X-Mailbuttons-Signature"], SECRET)
    message = mailbuttons.parse_webhook(body).data
    assert (message.message_id, message.thread_id) == (KEPT.id, KEPT.thread)
    assert (message.from_, message.to) == ("boss@example.org", "agent@gatepost.test")
    assert (message.subject, message.body_text) == (KEPT.subject, KEPT.text)
    assert message.received_at == "2026-11-20T12:00:00.000Z"
    assert message.capabilities == ["read_calendar"]
    assert (message.verification.dkim, message.verification.from_alignment) == ("pass", True)


def test_the_public_client_refuses_a_changed_body() -> None:
    sent = headers(payload(KEPT), event="ev_x", secret=SECRET, at=NOW)
    assert not mailbuttons.verify_webhook(
        payload(replace(KEPT, reading=of_text("no"))), sent["X-Mailbuttons-Signature"], SECRET
    )


def test_standard_webhooks_verifies_it() -> None:
    body = payload(KEPT)
    sent = headers(body, event="ev_x", secret=SECRET, at=datetime.now(UTC))  # noqa: TID251  # the library asks the real clock
    assert standardwebhooks.Webhook(standard_secret(SECRET)).verify(body, sent) == json.loads(body)


def test_standard_webhooks_refuses_another_event_id() -> None:
    body = payload(KEPT)
    sent = headers(body, event="ev_x", secret=SECRET, at=datetime.now(UTC))  # noqa: TID251  # the library asks the real clock
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        standardwebhooks.Webhook(standard_secret(SECRET)).verify(body, {**sent, "webhook-id": "ev_y"})


def test_an_event_keeps_its_name_and_its_octets() -> None:
    assert event_id(KEPT.id, HOOK) == event_id(KEPT.id, HOOK)
    assert event_id(KEPT.id, HOOK) != event_id(EmailId("em_other"), HOOK)
    assert event_id(KEPT.id, HOOK) != event_id(KEPT.id, WebhookId("wh_b"))
    assert payload(KEPT) == payload(KEPT)


def test_an_endless_text_is_cut_and_said_to_be() -> None:
    data = json.loads(payload(replace(KEPT, reading=of_text("x" * (BODY_TEXT_MAX_CHARACTERS + 1)))))["data"]
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
