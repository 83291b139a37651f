"""ECS, OCSF and our own: what every entry must carry. The required names of OCSF are our own list of its classes'."""

from typing import Any

import pytest

from gatepost.ledger.merkle import leaf_hash
from gatepost.record.paper import Kind as EntryKind
from gatepost.upkeep.siem import ecs, ocsf
from gatepost.upkeep.siem.event import native, searchable, writer
from gatepost.upkeep.siem.paper import Event, Format
from upkeep.siem.papers import OPENED, acted, decided

EVENTS = [
    decided(),
    decided(opened={}),
    acted(EntryKind.ACT, "policy.set"),
    acted(EntryKind.ACT, "key.remove"),
    acted(EntryKind.ACT, "export.test"),
    acted(EntryKind.ATTEMPT, "attempt.accepted"),
    acted(EntryKind.ATTEMPT, "attempt.failed"),
    acted(EntryKind.REPLY, "reply.queued"),
    acted(EntryKind.BOUNCE, "bounce.queued"),
    acted(EntryKind.WEBHOOK, "webhook.delivered"),
    acted(EntryKind.USAGE, "usage.reported"),
    acted(EntryKind.REFUSALS, "refusals.counted"),
    acted(EntryKind.EGRESS, "egress.refused"),
]
EXPECTED_TYPES = {  # ECS: which event.type goes with which event.category
    "email": {"info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
}
REQUIRED = {"category_uid", "class_uid", "activity_id", "type_uid", "severity_id", "time", "metadata"}
REQUIRED_OF = {
    4009: {"direction_id", "email"},
    3004: {"entity"},
    6003: {"actor", "api", "src_endpoint"},
}
DEPRECATED = {"smtp_hello", "reply_to"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.leaf["action"])
def test_an_ecs_document_has_its_marks_and_only_expected_pairs(event: Event) -> None:
    made = ecs.document(event)
    assert made["ecs"] == {"version": "9.0.0"}
    assert made["@timestamp"] == event.leaf["ts"]
    told = made["event"]
    assert (told["id"], told["hash"], told["sequence"]) == (event.leaf_hash, event.leaf_hash, event.leaf_index)
    assert leaf_hash(told["original"].encode()).hex() == told["hash"]
    assert told["outcome"] in {"success", "failure", "unknown"}
    for kind in told["type"]:
        assert any(kind in EXPECTED_TYPES[category] for category in told["category"])
    assert event.marks.items() <= made["gatepost"].items()


def test_mail_is_email_and_network_info_and_allowed() -> None:
    made = ecs.document(decided())
    assert (made["event"]["category"], made["event"]["type"]) == (["email", "network"], ["info", "allowed"])
    assert made["email"]["from"] == {"address": ["boss@corp.example"]}
    assert made["email"]["direction"] == "inbound"
    assert made["source"] == {"ip": "192.0.2.7"}
    assert made["gatepost"]["auth"] == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.leaf["action"])
def test_an_ocsf_event_has_all_that_its_class_requires(event: Event) -> None:
    made = ocsf.event(event)
    assert set(made) >= REQUIRED | REQUIRED_OF[made["class_uid"]]
    assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
    assert made["category_uid"] == made["class_uid"] // 1000
    assert made["time"] == int(event.at.timestamp() * 1000)
    said = made["metadata"]
    assert (said["sequence"], said["original_event_uid"]) == (event.leaf_index, event.leaf_hash)
    assert (said["log_name"], said["tenant_uid"]) == (event.log_origin, event.tenant)
    assert {"version", "product"} <= set(said)
    assert not DEPRECATED & set(made)
    if made["class_uid"] == 4009:
        assert made["email"].get("from") or made["email"].get("to")


def test_the_verdict_of_a_mail_is_email_activity_with_its_control() -> None:
    made = ocsf.event(decided())
    assert (made["class_uid"], made["activity_id"], made["direction_id"]) == (4009, 2, 1)
    assert (made["action_id"], made["disposition_id"]) == (1, 1)
    assert made["metadata"]["profiles"] == ["security_control"]
    assert made["policy"]["is_applied"]
    assert made["email"] == {
        "uid": decided().leaf["email"],
        "from": OPENED["sender"],
        "to": [OPENED["recipient"]],
        "size": decided().leaf["decision"]["size_octets"],
    }


def test_without_persons_a_mailbox_stands_for_its_address() -> None:
    made: dict[str, Any] = ocsf.event(decided(opened={}))
    assert made["email"]["to"] == ["mailbox-7@withheld.invalid"]
    assert "corp.example" not in str(made)


@pytest.mark.parametrize("wanted", Format)
def test_a_data_stream_finds_time_and_marks_in_every_format(wanted: Format) -> None:
    event = decided()
    made = searchable(wanted)(event)
    assert made["@timestamp"] == event.leaf["ts"]
    assert event.marks.items() <= made["gatepost"].items()
    assert writer(wanted)(event)


def test_our_own_format_is_the_leaf_itself() -> None:
    assert native(decided()) == {**decided().marks, "leaf": decided().leaf, "opened": OPENED}
    assert "opened" not in native(decided(opened={}))
