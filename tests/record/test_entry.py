import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.blobs import address_of
from gatepost.decide.paper import Decided, Grant, Step
from gatepost.ids import ThreadId
from gatepost.mail.fields import body_sha256
from gatepost.record.canonical import UnrecordableError, canonical
from gatepost.record.entry import (
    LEAF_MAX_OCTETS,
    Draft,
    consequence_draft,
    decision_drafts,
    timestamp,
)
from gatepost.record.paper import Json, Kind
from record.papers import (
    NOON,
    RAW,
    TENANT,
    consequence,
    counting,
    decision,
    email_id,
    evidence,
    inbound,
    outbound,
)


def leaf_of(draft: Draft, *, follows: int | None = None, number: int = 12) -> bytes:
    """Put a draft together as the database does."""
    head, middle, tail = draft.pieces
    return b"%b%b%b%d%b" % (head, b"null" if follows is None else b"%d" % follows, middle, number, tail)


def read(draft: Draft) -> dict[str, Any]:
    leaf: dict[str, Any] = json.loads(leaf_of(draft))
    return leaf


def only(decided: Decided) -> Draft:
    (draft,) = decision_drafts(decided, thread=None, entropy=counting())
    return draft


def test_a_leaf_is_canonical_json_with_the_fields_the_format_names() -> None:
    leaf = leaf_of(only(inbound()), follows=3)
    assert canonical(json.loads(leaf)).encode() == leaf
    named = "v tenant seq ts kind actor_ref action object_ref decision policy_version tokens prev_decision_ref c"
    assert set(json.loads(leaf)) == {*named.split(), "salt_ref", "key_epoch", "account", "email", "detail"}


def test_a_decision_stands_in_the_open_and_persons_do_not() -> None:
    draft = only(inbound())
    leaf, text = read(draft), leaf_of(draft).decode()
    assert (leaf["kind"], leaf["tenant"], leaf["policy_version"]) == ("decision", TENANT, 3)
    assert leaf["decision"]["outcome"] == "delivered"
    assert leaf["decision"]["trace"] == [["rule:0", "match"], ["assurance", "pass"]]
    assert leaf["decision"]["tls"] == "TLSv1.3"
    assert {"sender", "recipient", "mail_from", "remote_address", "helo", "blob", "message_id"} <= set(leaf["c"])
    digest = inbound().decision.policy_digest  # a short policy can be guessed, with the addresses in it, and hashed
    for personal in ("boss", "agent@", "corp.example", "192.0.2.7", "m@x", address_of(RAW), digest):
        assert personal not in text
        assert personal in draft.opening.decode()


def test_each_recipient_has_an_entry_with_salts_of_its_own() -> None:
    first, second = decision_drafts(inbound(rcpt_to=("a@h.example", "b@h.example")), thread=None, entropy=counting())
    assert json.loads(first.opening)["recipient"]["value"] == "a@h.example"
    assert json.loads(second.opening)["recipient"]["value"] == "b@h.example"
    assert not set(read(first)["c"].values()) & set(read(second)["c"].values())
    assert first.opening_ref != second.opening_ref


def test_the_thread_it_will_lie_in_is_named() -> None:
    (draft,) = decision_drafts(inbound(), thread=ThreadId("th_1"), entropy=counting())
    assert read(draft)["decision"]["thread"] == "th_1"


def test_the_body_hash_is_committed_only_where_the_policy_wants_it() -> None:
    wanted = only(inbound(decided=decision(body_hash_wanted=True)))
    assert json.loads(wanted.opening)["body_hash"]["value"] == address_of(b"Hello\r\n") == body_sha256(RAW)
    assert b"body_hash" not in only(inbound()).opening


def test_a_guards_own_words_are_committed() -> None:
    draft = only(inbound(decided=decision(detail="prompt_injection_suspected")))
    assert json.loads(draft.opening)["detail"]["value"] == "prompt_injection_suspected"
    assert "prompt" not in leaf_of(draft).decode()


def test_a_reply_names_who_submitted_it_and_what_it_answers() -> None:
    draft = only(outbound(2, answers=email_id(1)))
    assert read(draft)["actor_ref"] == "ky_1"
    assert read(draft)["decision"]["in_reply_to"] == draft.follows == email_id(1)


def test_words_that_do_not_look_like_codes_are_committed() -> None:
    public: dict[str, Json] = {"tokens": 5, "model": "write to Alice"}
    draft = consequence_draft(TENANT, consequence(Kind.USAGE, "usage.metered", public=public), entropy=counting())
    leaf = read(draft)
    assert (leaf["detail"]["tokens"], leaf["tokens"]) == (5, 5)
    assert "model" not in leaf["detail"]
    assert set(leaf["c"]) == {"model"}
    assert json.loads(draft.opening)["model"]["value"] == "write to Alice"


@given(st.integers(0, 400), st.integers(0, 60), st.text(max_size=600), st.text(max_size=900))
@settings(max_examples=40)
def test_no_decision_is_too_long_for_a_leaf(steps: int, granted: int, helo: str, message_id: str) -> None:
    trace = tuple(Step(f"check:{number}", "no") for number in range(steps))
    grant = Grant(tuple(f"capability_{number}" for number in range(granted)), 0)
    judged = decision(trace=trace, grant=grant, detail=helo)
    decided = inbound(decided=judged, seen=evidence(message_id=message_id), helo=helo)
    leaf = leaf_of(only(decided), follows=2**53, number=2**53)
    assert len(leaf) <= LEAF_MAX_OCTETS
    assert canonical(json.loads(leaf)).encode() == leaf


def test_a_trace_that_does_not_fit_is_committed_whole() -> None:
    trace = tuple(Step(f"check:{number}", "no") for number in range(200))
    draft = only(inbound(decided=decision(trace=trace)))
    assert "trace" not in read(draft)["decision"]
    assert len(json.loads(draft.opening)["trace"]["value"]) == 200


def test_a_consequence_with_more_fields_than_a_leaf_holds_is_refused() -> None:
    private = {f"field{number}": "x" for number in range(60)}
    with pytest.raises(UnrecordableError):
        consequence_draft(TENANT, consequence(Kind.ACT, "a.b", private=private), entropy=counting())


def test_an_id_that_is_no_plain_word_is_refused() -> None:
    with pytest.raises(UnrecordableError):
        consequence_draft(TENANT, consequence(Kind.ACT, "a.b", object_ref="bob@x.example"), entropy=counting())


def test_times_are_utc_to_the_microsecond() -> None:
    assert timestamp(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-11-20T12:00:00.000000Z"


def test_a_message_without_an_empty_line_has_an_empty_body() -> None:
    assert body_sha256(b"Subject: x\r\n") == address_of(b"")
