"""The document's newer members: what is read, what is refused, and that old documents keep their digest."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decide.scene import document
from gatepost.decide.grammar import schema
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
    ("change", "path", "nearest"),
    [
        ({"match": {"anyone": True, "assurance": "spf"}}, "match.assurance", "aligned"),
        ({"match": {"anyone": True, "assurance": "no"}}, "match.assurance", "aligned"),
        ({"match": {"anyone": True, "assurance": "None"}}, "match.assurance", "none"),
        ({"match": {"anyone": True, "assurance": "dmark"}}, "match.assurance", "dmarc"),
        ({"match": {"user": "a@b.example"}}, "match.user", "answersUs"),
        ({"match": {"from": "a@b.example"}}, "match.from", "address"),
        ({"match": {"one": True}}, "match.one", "domain"),
        ({"match": {"anyon": True}}, "match.anyon", "anyone"),
        ({"match": {"anyone": True}, "action": "silver"}, "action", "defer"),
        ({"match": {"anyone": True}, "action": "hold", "hold": {"then": "expire"}}, "hold.then", "refuse"),
    ],
)
def test_no_likeness_of_letters_leads_to_a_weaker_word(change: dict[str, Any], path: str, nearest: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse({**document(), "senders": [change]}, version=1)
    assert [(each.path, each.nearest) for each in caught.value.faults] == [(f"senders[0].{path}", nearest)]


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
        (with_rule(expiresAt="2027-01-31"), ["senders[0].expiresAt must be a time such as 2027-01-31T00:00:00Z"]),
        (
            with_rule(expiresAt="2027-02-31T00:00:00Z"),
            ["senders[0].expiresAt must be a time such as 2027-01-31T18:00:00Z"],
        ),
        (
            with_rule(when={"attachmentTypes": ["pdf"]}),
            [f"senders[0].when.attachmentTypes[0] must be {TYPES}; the nearest is .pdf"],
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


SCHEMA = Path(__file__).parents[2] / "docs" / "policy.schema.json"
FULL: dict[str, Any] = {
    "defaultAction": "drop",
    "groups": {"team": ["a@x.example", "*.z.example"]},
    "workingHours": {"timeZone": "Europe/Berlin", "days": ["monday"], "from": "08:00", "to": "24:00"},
    "senders": [
        {
            "name": "all",
            "match": {
                "group": "team",
                "list": "dev.lists.example",
                "answersUs": True,
                "assurance": {"arc": ["a.example"]},
            },
            "when": {
                "injectionScore": {"atLeast": 0.25, "below": 1},
                "injectionFamilies": ["tool"],
                "hiddenText": False,
                "techniques": ["homoglyph"],
                "hasAttachments": True,
                "attachmentTypes": ["image/*", ".pdf"],
                "otherAttachmentTypes": ["text/plain"],
                "attachmentOctets": {"over": 1, "atMost": 2},
                "unreadAttachments": False,
                "messageOctets": {"atMost": 5},
                "automatic": False,
                "tls": True,
                "scans": ["clean"],
                "language": ["de", "unknown"],
                "workingHours": "inside",
                "firstTime": True,
                "replayed": False,
            },
            "action": "hold",
            "labels": ["seen"],
            "reason": "why",
            "expiresAt": "2027-01-31T18:00:00+01:00",
            "capabilities": ["read_calendar"],
            "rateLimit": {"perHour": 1, "perDay": None, "per": "rule"},
            "tokenBudget": {"perMessage": 1, "perThread": 2, "perSender": 3, "perDay": 4},
        },
        {"match": {"domain": "x.example", "subdomains": True, "assurance": {"signedBy": ["b.example"]}}},
        {"match": {"anyone": True, "assurance": "dmarcOrAligned"}},
    ],
    "contentGuards": [{"reject": "x", "reason": "y", "in": ["subject", "links"], "action": "hold"}],
    "auditLog": {"retentionDays": 3, "includeBodyHash": True},
}


def test_the_published_schema_is_what_the_grammar_says() -> None:
    """After a change: .venv/bin/python tools/policy_schema.py."""
    published = json.loads(SCHEMA.read_text())
    assert published.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
    assert published == schema()


def test_a_document_with_every_member_is_read_and_fits_the_schema() -> None:
    policy = read(FULL)
    assert policy.warnings == ()
    jsonschema_rs.validator_for(schema()).validate(FULL)


def faults_of(document: object) -> list[str]:
    try:
        parse(document, version=1)
    except PolicyError as error:
        return error.errors
    return []


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from places(each, (*path, index))


def changed(path: tuple[str | int, ...], value: object) -> Any:
    document: Any = json.loads(json.dumps(FULL))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return document


ODD = [None, 7, -1, "", "odd", True, [], {}, ["odd"], {"odd": 1}, 2**60, "\x00"]


@example(("senders", 1, "match", "assurance"), [])
@given(st.sampled_from([path for path in places(FULL) if path]), st.sampled_from(ODD))
def test_whatever_the_language_reads_fits_the_schema_and_the_rest_is_refused_in_words(
    path: tuple[str | int, ...], value: object
) -> None:
    document = changed(path, value)
    said = faults_of(document)
    assert all(sentence.isprintable() for sentence in said)
    if not said:
        jsonschema_rs.validator_for(schema()).validate(document)


def slips(word: str) -> dict[str, str]:
    """Return a word as fingers write it: two letters the other way round, one lost, one twice, and in another case."""
    in_another_case = re.sub("(?<=[a-z])([A-Z])", r"-\1", word).replace("_", "-").upper()
    if len(word) < len("each"):
        return {"dashed": in_another_case}  # of two letters nobody can tell which was meant
    at = next((at for at in range(1, len(word) - 1) if word[at] != word[at + 1]), 0)
    return {
        "swapped": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        "dropped": word[:at] + word[at + 1 :],
        "doubled": word[: at + 1] + word[at:],
        "dashed": in_another_case,
    }


def words_of(value: object, shape: dict[str, Any]) -> Iterator[tuple[str, list[str | int], list[str]]]:
    """Yield each field's name in a document, and each of its words that is one of several, with what may stand there.

    A place is its path, the steps to it, and the valid words; the last step is the field itself where names are asked.
    """
    for each in [shape, *shape.get("anyOf", ()), *shape.get("oneOf", ())]:
        if isinstance(value, dict) and "properties" in each:
            for name, inner in value.items():
                if name in each["properties"]:
                    yield "name", [name], list(each["properties"])
                    for kind, steps, valid in words_of(inner, each["properties"][name]):
                        yield kind, [name, *steps], valid
        elif isinstance(value, list) and "items" in each:
            for number, inner in enumerate(value):
                for kind, steps, valid in words_of(inner, each["items"]):
                    yield kind, [number, *steps], valid
        elif isinstance(value, str) and value in each.get("enum", ()):
            yield "word", [], each["enum"]


def misspelt() -> Iterator[tuple[dict[str, Any], list[str | int], str, str]]:
    """Yield documents with one slip: the steps to it, how it was meant, and how it is written."""
    for kind, steps, valid in words_of(FULL, schema()):
        for meant in [str(steps[-1])] if kind == "name" else valid:
            for written in dict.fromkeys(slips(meant).values()):
                if written in valid:
                    continue
                whole: Any = copy.deepcopy(FULL)
                inner = whole
                for step in steps[:-1]:
                    inner = inner[step]
                if kind == "name":
                    inner[written] = inner.pop(meant)
                else:
                    inner[steps[-1]] = written
                yield whole, [*steps[:-1], written] if kind == "name" else steps, meant, written


def test_each_name_and_each_word_of_the_language_is_told_where_it_is_misspelt() -> None:
    """In four ways each: with the path, and with the spelling that was meant as the nearest."""
    missed: list[tuple[object, ...]] = []
    count = 0
    for whole, steps, meant, written in misspelt():
        count += 1
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
        try:
            parse(whole, version=1)
            missed.append((path, written, "was read"))
        except PolicyError as error:
            if not any(each.path == path and each.nearest == meant for each in error.faults):
                missed.append((path, written, [(each.path, each.nearest) for each in error.faults][:2]))
    assert missed == []
    assert count > 600
