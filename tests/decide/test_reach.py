"""A rule that is called unreachable speaks for no mail."""

import time
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import document
from gatepost.decide.fixtures import see_mail
from gatepost.decide.language import Policy, parse
from gatepost.decide.lint import lint
from gatepost.decide.reach import Reach, silent_conditions
from gatepost.decide.specimens import mails

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER: dict[str, Any] = {"expiresAt": "2026-07-01T00:00:00Z"}
HOURS = {"timeZone": "Europe/Berlin", "days": ["monday"], "from": "09:00", "to": "17:00"}
ANYONE = {"anyone": True}


def compiled(*rules: dict[str, Any]) -> Policy:
    return parse({**document(), "senders": list(rules), "workingHours": HOURS}, version=1)[0]


def unreachable(*rules: dict[str, Any]) -> list[int]:
    found = lint(compiled(*rules), now=NOW)
    return [int(each.path[8:-1]) for each in found if each.code == "rule.unreachable"]


def anyone(when: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"match": ANYONE, **({"when": when} if when else {}), **more}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([{"tls": True}], {"tls": True}),
        ([{"tls": True}], {"tls": True, "automatic": False}),
        ([{"firstTime": True}, {"firstTime": False}], {}),
        ([{"firstTime": True}, {"firstTime": False}], {"tls": True}),
        ([{"messageOctets": {"over": 10}}], {"messageOctets": {"over": 20}}),
        ([{"messageOctets": {"atMost": 10}}, {"messageOctets": {"over": 10}}], {}),
        ([{"messageOctets": {"atMost": 10}}, {"messageOctets": {"over": 5}}], {"tls": False}),
        ([{"injectionScore": {"below": 0.5}}, {"injectionScore": {"atLeast": 0.5}}], {}),
        ([{"injectionScore": {"atLeast": 0.3}}], {"injectionScore": {"atLeast": 0.4, "below": 0.6}}),
        ([{"attachmentTypes": [".pdf", ".png"]}], {"attachmentTypes": [".pdf"]}),
        ([{"otherAttachmentTypes": [".pdf"]}], {"otherAttachmentTypes": [".pdf", ".png"]}),
        ([{"language": ["de", "en"]}], {"language": ["en"]}),
        ([{"scans": ["found"]}, {"scans": ["clean"]}], {"scans": ["clean", "found"]}),
        ([{"techniques": ["zero-width", "zero-size"]}], {"techniques": ["zero-size"]}),
        ([{"workingHours": "inside"}, {"workingHours": "outside"}], {}),
        ([{"tls": True, "automatic": True}, {"tls": False}, {"automatic": False}], {}),
    ],
)
def test_a_rule_whose_every_case_earlier_rules_take_is_unreachable(
    earlier: list[dict[str, Any]], later: dict[str, Any]
) -> None:
    rules = [anyone(when) for when in earlier]
    assert unreachable(*rules, anyone(later)) == [len(earlier)]
    assert unreachable(*rules, {"match": {"domain": "a.example"}, "when": later} if later else anyone()) == [
        len(earlier)
    ]
    for left_out in range(len(rules)):
        assert unreachable(*rules[:left_out], *rules[left_out + 1 :], anyone(later)) == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([{"tls": True}], {"tls": False}),
        ([{"hasAttachments": True}, {"hasAttachments": False}], {}),  # of a damaged mail neither is known
        ([{"hiddenText": True}, {"hiddenText": False}], {}),
        ([{"messageOctets": {"atMost": 10}}, {"messageOctets": {"over": 11}}], {}),
        ([{"attachmentTypes": [".pdf"]}, {"attachmentTypes": [".png"]}], {"attachmentTypes": [".pdf", ".png"]}),
        ([{"language": ["de"]}], {"language": ["de", "en"]}),
        ([{"injectionFamilies": ["role"]}], {}),
    ],
)
def test_a_rule_with_a_case_of_its_own_is_not(earlier: list[dict[str, Any]], later: dict[str, Any]) -> None:
    assert unreachable(*map(anyone, earlier), anyone(later)) == []


def test_what_cannot_be_known_is_no_yes_for_a_rule_that_delivers() -> None:
    either: list[dict[str, Any]] = [{"hasAttachments": True}, {"hasAttachments": False}]
    assert unreachable(*(anyone(when, action="reject") for when in either), anyone()) == [2]
    assert unreachable(anyone(either[0], action="reject"), anyone(either[0])) == [1]
    assert unreachable(anyone(either[0]), anyone(either[0], action="reject")) == []


def test_time_covers_only_until_it_ends() -> None:
    assert unreachable(anyone(**LATER), anyone()) == []
    assert unreachable(anyone(**LATER), anyone(**LATER)) == [1]
    assert unreachable(anyone({"tls": True}, **LATER), anyone({"tls": True})) == []
    assert unreachable(anyone({"tls": True}), anyone({"tls": False}, **LATER), anyone()) == []
    assert unreachable(anyone({"tls": True}), anyone({"tls": False}, **LATER), anyone(**LATER)) == [2]


def test_bounds_that_exclude_each_other_hold_for_nothing() -> None:
    (rule,) = compiled(anyone({"messageOctets": {"over": 9, "atMost": 9}, "tls": True})).rules
    assert list(silent_conditions(rule)) == ["messageOctets"]


_WHENS = st.fixed_dictionaries(
    {},
    optional={
        "tls": st.booleans(),
        "automatic": st.booleans(),
        "firstTime": st.booleans(),
        "hasAttachments": st.booleans(),
        "hiddenText": st.booleans(),
        "messageOctets": st.sampled_from([{"over": 10}, {"atMost": 10}, {"over": 5, "atMost": 20}]),
        "injectionScore": st.sampled_from([{"atLeast": 0.5}, {"below": 0.5}, {"atLeast": 0.2, "below": 0.8}]),
        "attachmentTypes": st.sampled_from([[".pdf"], [".pdf", "image/*"], ["image/*"]]),
        "otherAttachmentTypes": st.sampled_from([[".pdf"], [".pdf", "image/*"]]),
        "language": st.sampled_from([["de"], ["de", "en"]]),
        "workingHours": st.sampled_from(["inside", "outside"]),
    },
)
_RULES = st.fixed_dictionaries(
    {
        "match": st.sampled_from(
            [ANYONE, {"domain": "a.example"}, {"domain": "a.example", "subdomains": True}, {"address": "b@a.example"}]
        ),
        "when": _WHENS,
        "action": st.sampled_from(["deliver", "hold", "reject"]),
    },
    optional={"expiresAt": st.just(LATER["expiresAt"])},
)
_MORE = st.fixed_dictionaries(
    {
        "from": st.sampled_from(["b@a.example", "c@a.example", "d@e.a.example", "x@y.example"]),
        "tls": st.booleans(),
        "automatic": st.booleans(),
        "firstTime": st.booleans(),
        "damaged": st.booleans(),
        "octets": st.sampled_from([5, 6, 10, 11, 20, 21]),
        "injectionScore": st.sampled_from([0, 0.2, 0.499, 0.5, 0.8, 1]),
        "techniques": st.sampled_from([[], ["display-none"]]),
        "language": st.sampled_from(["de", "en", "fr"]),
        "attachments": st.sampled_from(
            [
                [],
                *(
                    [{"name": f"a.{end}", "type": kind}]
                    for end in ("pdf", "png", "exe")
                    for kind in ("application/pdf", "image/png")
                ),
            ]
        ),
        "receivedAt": st.sampled_from(["2026-06-01T08:00:00Z", "2026-06-01T23:00:00Z", "2026-07-06T08:00:00Z"]),
    }
)


@given(st.lists(_RULES, min_size=2, max_size=6), st.lists(_MORE, min_size=1, max_size=40))
def test_no_mail_reaches_what_is_called_unreachable(rules: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    policy = compiled(*rules)
    dead = {f"senders[{index}]" for index in unreachable(*rules)}
    for mail in (*given, *islice(mails(policy), 40)):
        seen = see_mail(mail)
        author = seen.evidence.author
        speaking = policy.rule_for(author, seen) if author and seen.received_at >= NOW else None
        assert speaking is None or f"senders[{speaking.index}]" not in dead


def test_a_thousand_rules_are_looked_at_in_bounded_time() -> None:
    names = ("tls", "automatic", "firstTime", "replayed", "hiddenText", "hasAttachments")
    rules = [
        anyone({"messageOctets": {"over": number}, **{name: bool(number >> bit & 1) for bit, name in enumerate(names)}})
        for number in range(1_000, 0, -1)
    ]
    policy = compiled(*rules)
    reach, began = Reach(NOW), time.process_time()
    for rule in policy.rules:
        reach.covers(rule)
        reach.take(rule)
    assert time.process_time() - began < 30
