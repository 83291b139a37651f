"""The document's newer members: what is read, what is refused, and that old documents keep their digest."""

from typing import Any

import pytest

from decide.scene import document
from gatepost.decide.language import Policy, PolicyError, parse
from gatepost.mail.address import Address


def rules_of(match: dict[str, Any], author: str, **more: Any) -> bool:
    compiled = parse({**document(match), **more}, version=1)[0]
    return bool(compiled.rules_for(Address.parse(author)))


def faults(written: object) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse(written, version=1)
    return caught.value.errors


TYPES = "a media type such as application/pdf or image/*, or a name's end such as .pdf"
ACTIONS = '"deliver" or "hold" or "defer" or "discard" or "reject"'
GROUP = {"groups": {"team": ["a@x.example", "y.example", "*.z.example"]}}


@pytest.mark.parametrize(
    ("match", "author", "matches"),
    [
        ({"domain": "x.example", "subdomains": True}, "a@x.example", True),
        ({"domain": "x.example", "subdomains": True}, "a@deep.sub.x.example", True),
        ({"domain": "x.example", "subdomains": True}, "a@notx.example", False),
        ({"domain": "x.example", "subdomains": False}, "a@sub.x.example", False),
        ({"group": "team"}, "A@x.example", True),
        ({"group": "team"}, "b@x.example", False),
        ({"group": "team"}, "b@y.example", True),
        ({"group": "team"}, "b@sub.y.example", False),
        ({"group": "team"}, "b@sub.z.example", True),
        ({"group": "team"}, "b@z.example", False),
        ({"anyone": True}, "b@z.example", True),
        ({"answersUs": True}, "b@z.example", True),
        ({"list": "dev.lists.example"}, "b@z.example", True),
        ({"list": "dev.lists.example", "domain": "z.example"}, "b@y.example", False),
    ],
)
def test_a_rule_may_go_by_more_than_one_name(match: dict[str, Any], author: str, *, matches: bool) -> None:
    assert rules_of(match, author, **GROUP) is matches


def with_rule(**rule: Any) -> dict[str, Any]:
    return document(**rule)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            document({"group": "teem"}) | {"groups": {"team": ["a@x.example"]}},
            ["senders[0].match.group must be a name in groups; the nearest is team"],
        ),
        (document({"group": "team"}), ["senders[0].match.group must be a name in groups"]),
        (
            document({"anyone": True, "domain": "x.example"}),
            ["senders[0].match must have only one of: an address or a domain, a group, anyone"],
        ),
        (document({"anyone": False}), ["senders[0].match.anyone must be true, or left out"]),
        (
            document({"address": "a@x.example", "subdomains": True}),
            ["senders[0].match.subdomains must stand beside a domain, without an address"],
        ),
        (
            document({"domain": "x.example", "assurance": "signedBy"}),
            ['senders[0].match.assurance must name the signers: {"signedBy": ["lists.example"]}'],
        ),
        (
            with_rule(when={"workingHours": "inside"}),
            ["senders[0].when.workingHours needs the policy's own workingHours"],
        ),
        (with_rule(rateLimit={"per": "rule"}), ["senders[0].rateLimit.per needs the rule to have a name"]),
        (
            with_rule(when={"injectionScore": {}}),
            ["senders[0].when.injectionScore must have at least 1 of: atLeast, below"],
        ),
        (
            with_rule(when={"injectionScor": {"atLeast": 1}}),
            ["senders[0].when.injectionScor is not a field; the nearest is injectionScore"],
        ),
        (
            with_rule(when={"injectionScore": {"atLeast": 1.01}}),
            ["senders[0].when.injectionScore.atLeast must be a number from 0 to 1"],
        ),
        (with_rule(expiresAt="2027-01-31"), ["senders[0].expiresAt must be a time such as 2027-01-31T18:00:00Z"]),
        (
            with_rule(expiresAt="2027-02-31T00:00:00Z"),
            ["senders[0].expiresAt must be a time such as 2027-01-31T18:00:00Z"],
        ),
        (
            with_rule(when={"attachmentTypes": ["pdf"]}),
            [f"senders[0].when.attachmentTypes[0] must be {TYPES}"],
        ),
        (
            with_rule(action="rejct"),
            [f'senders[0].action must be {ACTIONS} (the nearest is "reject")'],
        ),
    ],
)
def test_each_fault_of_a_newer_member_says_where_and_what(written: object, expected: list[str]) -> None:
    assert faults(written) == expected


def test_two_rules_cannot_have_one_name() -> None:
    written = document(name="a")
    written["senders"].append({**written["senders"][0]})
    assert faults(written) == ["senders[1].name must not be another rule's too"]


def read(written: object) -> Policy:
    return parse(written, version=1)[0]


def test_a_document_of_the_first_release_keeps_its_digest() -> None:
    written = document(capabilities=["read_calendar"], rateLimit={"perHour": 1}, tokenBudget={"perDay": 2})
    written["contentGuards"] = [{"reject": "(?i)wire", "reason": "money"}]
    assert read(written).digest == "edafb48de90e411efeb34714f5094fadf39828c9544cc93d38a3e080ac684505"


def test_members_that_are_null_are_as_if_absent() -> None:
    nulls = {"when": None, "action": None, "labels": None, "reason": None, "expiresAt": None, "name": None}
    assert read(document(**nulls)).digest == read(document()).digest
