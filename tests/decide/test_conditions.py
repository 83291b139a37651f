"""Conditions: what each asks, and that what cannot be known counts against the message."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import pytest

from decide.scene import content, evidence, inbound
from gatepost.arrive.paper import Peer, Tls
from gatepost.decide.conditions import compile_conditions
from gatepost.decide.hours import DAYS, compile_hours
from gatepost.decide.paper import Facts, Seen
from gatepost.decide.rules import see
from gatepost.mail.kinds import Begins
from gatepost.mail.reading import Attachment, Extraction, ModelView, Reading, Span, Technique
from gatepost.verify.paper import AutoMail, Evidence, Family, Injection, Language, Marker, ScanResult, ScanVerdict

HOURS = compile_hours({"timeZone": "UTC", "days": list(DAYS), "from": 480, "to": 1020})


def asked(name: str, wanted: object, seen: Seen) -> bool | None:
    (condition,) = compile_conditions({name: wanted}, HOURS)
    return condition.ask(seen)


def seen(found: Evidence | None = None, facts: Facts | None = None, **changes: Any) -> Seen:
    return see(inbound(found, **changes), facts or Facts())


def reading(**changes: Any) -> Evidence:
    return evidence(content=content(reading=Reading("", ModelView(""), **changes)))


def files(*attachments: Attachment, **changes: Any) -> Evidence:
    return reading(attachments=attachments, **changes)


def file(name: str = "a.pdf", kind: str = "application/pdf", size: int = 10, **changes: Any) -> Attachment:
    return Attachment(1, name, kind, size, **changes)


INJECTED = evidence(injection=Injection(0.8004, (Family.OVERRIDE, Family.TOOL)))
HIDDEN = reading(spans=(Span(Technique.ZERO_SIZE, "html", 0, 1, "x"),))
SHOWN = reading(spans=(Span(Technique.HOMOGLYPH, "text", 0, 1, "x"),))


@pytest.mark.parametrize(
    ("name", "wanted", "found", "answer"),
    [
        ("injectionScore", {"atLeast": 800}, INJECTED, True),
        ("injectionScore", {"atLeast": 801}, INJECTED, False),
        ("injectionScore", {"below": 800}, INJECTED, False),
        ("injectionScore", {"below": 801}, INJECTED, True),
        ("injectionScore", {"atLeast": 100, "below": 900}, INJECTED, True),
        ("injectionFamilies", ["tool"], INJECTED, True),
        ("injectionFamilies", ["code", "role"], INJECTED, False),
        ("hiddenText", True, HIDDEN, True),
        ("hiddenText", False, HIDDEN, False),
        ("hiddenText", True, SHOWN, False),
        ("hiddenText", False, SHOWN, True),
        ("hiddenText", False, reading(is_cut=True), None),
        ("techniques", ["homoglyph", "preamble"], SHOWN, True),
        ("techniques", ["preamble"], SHOWN, False),
        ("techniques", ["preamble"], reading(is_malformed=True), None),
        ("hasAttachments", True, files(file()), True),
        ("hasAttachments", False, files(), True),
        ("hasAttachments", False, files(is_malformed=True), None),
        ("attachmentTypes", ["application/pdf"], files(file("x", "Application/PDF")), True),
        ("attachmentTypes", ["image/*"], files(file("x", "image/png")), True),
        ("attachmentTypes", [".exe"], files(file("x.EXE", "text/plain")), True),
        ("attachmentTypes", [".exe"], files(file()), False),
        ("attachmentTypes", ["application/pdf"], files(file("a.exe")), None),
        ("attachmentTypes", ["application/pdf"], files(file("a.exe"), file()), True),
        ("attachmentTypes", ["application/pdf"], files(file(begins=Begins.MZ)), None),
        ("attachmentTypes", [".exe"], files(file(begins=Begins.MZ)), None),
        ("otherAttachmentTypes", ["application/pdf"], files(file("a.exe")), None),
        ("otherAttachmentTypes", ["application/pdf"], files(file(begins=Begins.ELF), file()), None),
        ("otherAttachmentTypes", ["application/pdf"], files(file()), False),
        ("otherAttachmentTypes", ["application/pdf", "image/*"], files(file(), file(kind="image/gif")), False),
        ("otherAttachmentTypes", ["image/*"], files(file(), file(kind="image/gif")), True),
        ("attachmentOctets", {"over": 20}, files(file(size=10), file(size=11)), True),
        ("attachmentOctets", {"atMost": 20}, files(file(size=10), file(size=10)), True),
        ("attachmentOctets", {"atMost": 20}, files(file(size=10), file(size=11)), False),
        ("unreadAttachments", True, files(file(extraction=Extraction.ENCRYPTED)), True),
        ("unreadAttachments", True, files(file(extraction=Extraction.TOO_LARGE)), True),
        ("unreadAttachments", True, files(file(extraction=Extraction.DONE)), False),
        ("automatic", True, evidence(auto=AutoMail(markers=(Marker.LIST,))), True),
        ("automatic", True, evidence(auto=AutoMail(markers=(Marker.SUBSCRIPTION,))), False),
        ("scans", ["found", "unavailable"], evidence(scans=(ScanVerdict("av", ScanResult.UNAVAILABLE),)), True),
        ("scans", ["found"], evidence(), False),
        ("list", "dev.lists.example", evidence(content=content(list_id="dev.lists.example")), True),
        ("list", "dev.lists.example", evidence(), False),
        ("language", ["de", "fr"], evidence(language=Language.FRENCH), True),
        ("language", ["de"], evidence(language=Language.FRENCH), False),
        ("language", ["de"], evidence(language=Language.UNKNOWN), False),
        ("language", ["de", "unknown"], evidence(language=Language.UNKNOWN), True),
        ("language", ["fr"], evidence(), None),
        ("language", ["fr"], replace(reading(is_cut=True), language=Language.FRENCH), None),
    ],
)
def test_a_condition_asks_the_evidence(name: str, wanted: object, found: Evidence, answer: bool | None) -> None:  # noqa: FBT001  # the expected value
    assert asked(name, wanted, seen(found)) is answer


@pytest.mark.parametrize(
    ("name", "facts_of"),
    [
        ("firstTime", lambda known: Facts(is_first_time=known)),
        ("answersUs", lambda known: Facts(answers_us=known)),
        ("replayed", lambda known: Facts(is_replayed=known)),
    ],
)
def test_what_only_the_database_knows_is_unknown_until_it_is_asked(
    name: str, facts_of: Callable[[bool | None], Facts]
) -> None:
    for known, answers in ((None, (None, None)), (True, (True, False)), (False, (False, True))):
        case = seen(facts=facts_of(known))
        assert (asked(name, True, case), asked(name, False, case)) == answers  # noqa: FBT003  # the document's values


def test_the_circumstances_of_a_message_can_be_asked() -> None:
    peer = Peer(IPv4Address("192.0.2.1"), "mx", Tls("TLSv1.3", "x"))
    assert asked("tls", True, seen(peer=peer)) is True  # noqa: FBT003  # the document's value
    assert asked("tls", True, seen()) is False  # noqa: FBT003  # as above
    assert asked("messageOctets", {"over": 3}, seen(raw=b"four")) is True
    assert asked("messageOctets", {"over": 4}, seen(raw=b"four")) is False
    noon, night = datetime(2026, 11, 2, 12, tzinfo=UTC), datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert asked("workingHours", "inside", seen(received_at=noon)) is True
    assert asked("workingHours", "outside", seen(received_at=night)) is True


def test_what_cannot_be_known_keeps_a_rule_from_delivering_and_lets_any_other_speak() -> None:
    unknown = compile_conditions({"firstTime": False}, None)[0]
    assert unknown.holds(seen(), delivers=True) is False
    assert unknown.holds(seen(), delivers=False) is True
