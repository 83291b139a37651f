import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gatepost.record import told
from gatepost.record.canonical import canonical, canonical_plain
from gatepost.record.entry import decision_drafts
from gatepost.verify.paper import Family, Injection, ScanResult, ScanVerdict, Signal
from record.papers import counting, decision, email_id, evidence, inbound, outbound


def test_signs_of_an_injection_and_scanners_answers_stand_in_the_open_without_the_messages_words() -> None:
    signal = Signal("override.ignore", Family.OVERRIDE, "human", 3, 9, 4.0)
    seen = replace(
        evidence(),
        injection=Injection(0.9876, (Family.OVERRIDE, Family.HIDDEN), (signal,)),
        scans=(ScanVerdict("clamd", ScanResult.FOUND, "Eicar-Signature"),),
    )
    assert told.verdicts(seen)["injection"] == [988, ["override", "hidden"]]
    assert told.verdicts(seen)["scans"] == [["clamd", "found", "Eicar-Signature"]]
    (draft,) = decision_drafts(inbound(seen=seen), thread=None, entropy=counting())
    leaf = json.loads(b"%bnull%b12%b" % draft.pieces)
    assert {name: leaf["decision"][name] for name in told.verdicts(seen)} == told.verdicts(seen)


def test_what_a_scanner_calls_its_find_in_words_is_committed_to() -> None:
    seen = replace(evidence(), scans=(ScanVerdict("clamd", ScanResult.FOUND, "a letter to Bob"),))
    (draft,) = decision_drafts(inbound(seen=seen), thread=None, entropy=counting())
    leaf = json.loads(b"%bnull%b12%b" % draft.pieces)
    assert "scans" not in leaf["decision"]
    assert "scans" in leaf["c"]
    assert json.loads(draft.opening)["scans"]["value"] == [["clamd", "found", "a letter to Bob"]]


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_nothing_told_of_a_decision_parts_the_quick_spelling_from_the_canonical_one(
    helo: str, message_id: str, detail: str
) -> None:
    judged = decision(detail=detail, body_hash_wanted=True)
    for decided in (
        inbound(decided=judged, seen=evidence(message_id=message_id), helo=helo),
        outbound(2, answers=email_id(1)),
    ):
        for value in (*told.persons(decided).values(), told.codes(decided, None), told.phrases(decided)):
            assert canonical_plain(value) == canonical(value).encode()
