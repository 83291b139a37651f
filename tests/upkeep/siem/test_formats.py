"""ECS, OCSF and our own: what every entry must carry, held to the published schemas."""

import copy
from typing import Any

import pytest

from gatepost.decide.paper import Disposition
from gatepost.ledger.merkle import leaf_hash
from gatepost.record.paper import Kind as EntryKind
from gatepost.record.vocabulary import VOCABULARY
from gatepost.upkeep.siem import ecs, ocsf
from gatepost.upkeep.siem.event import native, searchable, writer
from gatepost.upkeep.siem.paper import Event, Format
from record.papers import decision
from upkeep.siem.papers import OPENED, acted, decided, sent
from upkeep.siem.validity import ecs_faults, ocsf_faults

ACTED = [
    acted(of.kind, action)
    for action, of in VOCABULARY.items()
    if of.kind not in {EntryKind.DECISION, EntryKind.TRUST}  # trust: never exported
]
EVENTS = [
    decided(),
    decided(opened={}),
    sent(),
    *(decided(judged=decision(disposition=each)) for each in Disposition),
    *ACTED,
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.leaf["action"])
def test_an_ecs_document_has_its_marks_and_only_expected_pairs(event: Event) -> None:
    made = ecs.document(event)
    assert ecs_faults(made) == []
    assert made["ecs"] == {"version": "9.0.0"}
    assert made["@timestamp"] == event.leaf["ts"]
    told = made["event"]
    assert (told["id"], told["hash"], told["sequence"]) == (event.leaf_hash, event.leaf_hash, event.leaf_index)
    assert leaf_hash(told["original"].encode()).hex() == told["hash"]
    assert told["outcome"] in {"success", "failure", "unknown"}
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
    assert ocsf_faults(made) == []
    assert made["time"] == int(event.at.timestamp() * 1000)
    said = made["metadata"]
    assert (said["sequence"], said["original_event_uid"]) == (event.leaf_index, event.leaf_hash)
    assert (said["log_name"], said["tenant_uid"]) == (event.log_origin, event.tenant)


def test_the_schemas_notice_what_does_not_fit() -> None:
    made = ocsf.event(decided())
    faults: dict[str, Any] = {
        "smtp_hello: deprecated since 1.4.0": {"smtp_hello": "mx.corp.example"},
        "sender: unknown": {"sender": "boss@corp.example"},
        "direction_id: 7 is none of its values": {"direction_id": 7},
        "to: no array": {"to": "agent@house.example"},
        "severity_id: no integer_t: '1'": {"severity_id": "1"},
        "src_endpoint.: none of": {"src_endpoint": {}},
        "metadata.product: missing": {"metadata": {"version": "1.8.0", "profiles": ["security_control"]}},
        "type_uid": {"type_uid": 400999},
    }
    for expected, wrong in faults.items():
        assert any(fault.startswith(expected) for fault in ocsf_faults({**made, **wrong})), expected
    del made["direction_id"]
    assert ocsf_faults(made) == ["direction_id: missing"]
    document = copy.deepcopy(ecs.document(decided()))
    document["event"] |= {"kind": "happening", "type": ["user"]}
    document["email"]["to"] = {"address": "agent@house.example"}
    document["mail"] = "x"
    assert len(ecs_faults(document)) == 4


def test_the_verdict_of_a_mail_is_email_activity_with_its_control() -> None:
    made = ocsf.event(decided())
    assert (made["class_uid"], made["activity_id"], made["direction_id"]) == (4009, 2, 1)
    assert (made["action_id"], made["disposition_id"]) == (1, 1)
    assert made["metadata"]["profiles"] == ["security_control"]
    assert made["policy"]["is_applied"]
    assert made["message_trace_uid"] == decided().leaf["email"]
    assert made["email"] == {
        "from": OPENED["sender"],
        "to": [OPENED["recipient"]],
        "size": decided().leaf["decision"]["size_octets"],
    }


@pytest.mark.parametrize(("verb", "activity"), [("on", 8), ("off", 9)])
def test_what_is_switched_is_enabled_or_disabled(verb: str, activity: int) -> None:
    event = acted(EntryKind.ACT, f"hosting.{verb}")
    assert (ocsf.event(event)["activity_id"], ecs.document(event)["event"]["type"]) == (activity, ["change"])


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
