from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from gatepost.decide.paper import Outcome
from gatepost.doors.rest.message_shapes import MessageShown, NewBounce, NewReply
from gatepost.doors.rest.record_shapes import AuditEntry
from gatepost.doors.rest.usage_shapes import NewUsage
from gatepost.doors.rest.webhook_shapes import AttemptShown

CONTRACT_FIELDS = [
    "id", "message_id", "thread_id", "sender_address", "recipient_address", "received_at", "outcome", "reason",
    "verification_dkim", "verification_spf", "verification_dmarc", "from_alignment", "body_hash",
    "capabilities_granted", "tools_used", "tokens_consumed", "reply_sent",
]  # fmt: skip


def test_the_contracts_audit_fields_come_first_and_are_all_there() -> None:
    assert list(AuditEntry.model_fields)[: len(CONTRACT_FIELDS)] == CONTRACT_FIELDS


def test_outcome_is_one_of_the_contracts_six() -> None:
    assert {outcome.value for outcome in Outcome} == {
        "delivered",
        "rejected_at_verification",
        "rejected_at_policy",
        "rejected_at_content_guard",
        "rate_limited",
        "budget_exhausted",
    }


def test_an_instant_is_told_in_utc_whatever_zone_it_came_in() -> None:
    at = datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=1)))
    shown = AttemptShown(at=at, status_code=200, reason="receiver.accepted", took_ms=3)
    assert '"2026-11-21T08:00:00Z"' in shown.model_dump_json()


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (NewReply, {"text_body": ""}),
        (NewReply, {"text_body": "a\x00b"}),
        (NewReply, {"text_body": "\ud800"}),
        (NewReply, {"text_body": "x" * 500_001}),
        (NewReply, {"text_body": "yes", "html_body": "<b>yes</b>"}),
        (NewBounce, {"reason": ""}),
        (NewUsage, {"tokens": -1}),
        (NewUsage, {"tokens": 1.5}),
        (NewUsage, {"tokens": True}),
        (NewUsage, {"tokens": "7"}),
        (NewUsage, {"tokens": 10**10}),
        (NewUsage, {"tokens": 1, "tools": ["read mail of boss@example.com"]}),
        (NewUsage, {"tokens": 1, "tools": ["a"] * 25}),
    ],
)
def test_what_a_room_could_not_bear_is_refused(shape: type[NewReply | NewBounce | NewUsage], body: object) -> None:
    with pytest.raises(ValidationError):
        shape.model_validate(body)


def test_usage_fits_a_leaf_at_its_largest() -> None:
    usage = NewUsage(tokens=10**9, tools=["t" * 48] * 24)
    assert len(usage.model_dump_json()) < 1300


def test_a_message_reads_as_the_peers_sdk_expects() -> None:
    import mailbuttons  # noqa: PLC0415  # only this test needs it

    shown = MessageShown.model_validate(
        {
            "message_id": "em_a", "thread_id": "th_a", "from": "boss@example.com", "to": "agent@house.test",
            "subject": "Tuesday", "received_at": datetime(2026, 11, 21, 8, tzinfo=UTC), "verification": {},
            "capabilities": ["read_calendar"], "size_octets": 9, "is_proven": True, "is_automatic": False,
            "is_erased": False, "body_text": "At ten?", "quoted_text": "", "signature_text": "", "attachments": [],
            "differences": [], "labels": [],
            "internet_message_id": None, "references": [], "is_unreadable": False,
        }
    )  # fmt: skip
    message = mailbuttons.Message.model_validate(shown.model_dump(mode="json", by_alias=True))
    assert (message.message_id, message.from_, message.body_text) == ("em_a", "boss@example.com", "At ten?")
