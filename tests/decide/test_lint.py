"""What is said of a policy is true of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from decide.scene import document, policy
from gatepost.decide.fixtures import run
from gatepost.decide.language import parse
from gatepost.decide.lint import lint

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def codes(*rules: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    written = {**document(), "senders": list(rules), **members}
    return [(each.code, each.path) for each in lint(parse(written, version=1)[0], now=NOW)]


def rule(name: str, **more: Any) -> dict[str, Any]:
    kind = "address" if "@" in name else "domain"
    return {"match": {kind: name, **more.pop("match", {})}, **more}


@pytest.mark.parametrize("first", [rule("example.com"), {"match": {"anyone": True}}])
def test_a_rule_whose_authors_have_an_earlier_one_is_unreachable(first: dict[str, Any]) -> None:
    assert codes(first, rule("boss@example.com")) == [("rule.unreachable", "senders[1]")]
    assert codes(rule("boss@example.com"), first) == []
    assert codes({**first, "when": {"tls": True}}, rule("boss@example.com")) == []
    assert codes({**first, "expiresAt": "2027-01-01T00:00:00Z"}, rule("boss@example.com")) == []


def test_a_rule_some_of_whose_authors_have_an_earlier_one_is_shadowed() -> None:
    groups = {"g": ["boss@example.com", "other.example"]}
    assert codes(rule("example.com"), {"match": {"group": "g"}}, groups=groups) == [("rule.shadowed", "senders[1]")]
    above = rule("example.com", match={"subdomains": True})
    assert codes(above, rule("a@x.y.example.com")) == [("rule.unreachable", "senders[1]")]


@pytest.mark.parametrize(
    "dead",
    [
        {"expiresAt": "2026-01-01T00:00:00Z"},
        {"when": {"injectionScore": {"atLeast": 0.5, "below": 0.5}}},
        {"when": {"messageOctets": {"over": 9, "atMost": 9}}},
        {"when": {"hasAttachments": False, "attachmentTypes": [".pdf"]}},
        {"match": {"domain": "other.example"}},
    ],
)
def test_a_rule_that_can_never_speak_is_unreachable_and_shadows_nothing(dead: dict[str, Any]) -> None:
    assert codes(rule("boss@example.com", **dead), rule("boss@example.com")) == [("rule.unreachable", "senders[0]")]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("/wire money/i", "(?i)wire money"), ("/a\\/b/gm", "(?m)a\\/b"), ("/x/g", "x"), ("/home/", "")],
)
def test_a_pattern_between_slashes_is_told_how_it_is_written_here(pattern: str, meant: str) -> None:
    drawn = policy(guards=[{"reject": pattern, "reason": "r"}])
    found = [each.sentence for each in lint(drawn, now=NOW) if each.code == "guard.slashes"]
    assert found == ([f"it looks for the slashes, too: without them it is written {meant}"] if meant else [])


def test_a_rule_that_speaks_of_damaged_mail_alone_is_not_called_unreachable() -> None:
    """What it asks cannot be known of such mail, and then a rule that refuses speaks."""
    careful = rule("boss@example.com", when={"hasAttachments": False, "attachmentTypes": [".pdf"]}, action="reject")
    assert codes(careful, rule("boss@example.com")) == []
    mail = {"name": "t", "mail": {"from": "boss@example.com", "damaged": True}, "expect": {"reason": "rule.rejected"}}
    written = {**document(), "senders": [careful]}
    assert run(parse(written, version=1)[0], [mail])[0].faults == ()


def test_guards_that_find_nothing_or_add_nothing_are_told() -> None:
    guards = [
        {"reject": each, "reason": "r"}
        for each in (r"[^\s\S]", "a^b", "a$b", "money", "money", "^a$", "(a^)?b", r"a\bb")
    ]
    found = codes(rule("example.com"), contentGuards=guards)
    assert found == [
        ("guard.never_matches", "contentGuards[0]"),
        ("guard.never_matches", "contentGuards[1]"),
        ("guard.never_matches", "contentGuards[2]"),
        ("guard.never_counts", "contentGuards[4]"),
        ("guard.never_matches", "contentGuards[7]"),
    ]
    assert codes(rule("example.com", action="reject"), contentGuards=guards[3:4]) == [
        ("guard.never_asked", "contentGuards[0]")
    ]


@pytest.mark.parametrize("pattern", ["a*", "(?i)wire|", "^", r"\s*(?:wire)?", "x{0,9}"])
def test_a_guard_that_finds_nothing_at_all_stops_every_text_and_is_told(pattern: str) -> None:
    found = codes(rule("example.com"), contentGuards=[{"reject": pattern, "reason": "r"}])
    assert found == [("guard.always_matches", "contentGuards[0]")]


def test_trust_without_proof_is_told() -> None:
    (found,) = lint(policy({"anyone": True, "assurance": "none"}, capabilities=["reply", "send"]), now=NOW)
    assert (found.code, found.sentence) == (
        "assurance.none",
        "whoever writes the From field is believed and is granted send",
    )
    anyone = {"anyone": True, "assurance": {"signedBy": ["a.example"]}}
    assert [each.code for each in lint(policy(anyone), now=NOW)] == ["assurance.anyone"]
    assert lint(policy({"anyone": True, "assurance": "none"}, action="reject"), now=NOW) == []


def test_widening_is_told_against_what_is_in_force() -> None:
    wide = policy({"domain": "example.com"})
    (found,) = lint(wide, now=NOW, live=policy(), has_live=True)
    assert (found.code, found.sentence) == (
        "widening",
        "it lets in more than the policy in force: mail of x-nobody-else@example.com, proof dmarc",
    )
    assert lint(policy(), now=NOW, live=wide, has_live=True) == []
    (undecided,) = lint(
        policy(guards=[]), now=NOW, live=policy(guards=[{"reject": "a{3}b", "reason": "r"}]), has_live=True
    )
    assert undecided.code == "widening.undecided"
