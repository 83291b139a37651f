"""What is said to be dangerous is, and what is not is left alone."""

from typing import Any

import pytest

from decide.scene import document
from gatepost.decide.dangers import dangers
from gatepost.decide.language import parse

BY_LIST: dict[str, Any] = {"match": {"list": "l.example"}, "capabilities": ["send_external"]}
SIGNED = {"list": "l.example", "assurance": {"signedBy": ["l.example"]}, "address": "a@b.example"}


def said(*rules: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    written = {**document(), "senders": list(rules), **members}
    return [(each.code, each.path) for each in dangers(parse(written, version=1)[0])]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (BY_LIST, [("list.unproven", "senders[0].match.list")]),
        ({**BY_LIST, "action": "hold"}, [("list.unproven", "senders[0].match.list")]),
        ({"match": BY_LIST["match"], "action": "reject"}, []),
        ({"match": SIGNED}, []),
        ({"match": {"list": "l.example", "domain": "b.example"}}, []),
        (
            {"match": {"domain": "co.uk", "subdomains": True}},
            [("names.public_suffix", "senders[0].match")],
        ),
        ({"match": {"domain": "b.co.uk", "subdomains": True}}, []),
        ({"match": {"domain": "com", "subdomains": True}, "action": "reject"}, []),
        ({"match": {"anyone": True}, "rateLimit": {"perHour": 0}}, [("rate.zero", "senders[0].rateLimit")]),
        ({"match": {"anyone": True}, "rateLimit": {"perHour": 1}}, []),
        (
            {"match": {"anyone": True}, "capabilities": ["send", "serch_mail", "rocket"]},
            [("capability.unknown", "senders[0].capabilities[1]")],
        ),
    ],
)
def test_a_rule_that_lets_in_more_than_most_people_mean_is_told(
    rule: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert said(rule) == found


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"action": "reject", "rateLimit": {"perHour": 5}}, [("rule.idle", "senders[0].rateLimit")]),
        ({"action": "discard", "tokenBudget": {"perDay": 5}}, [("rule.idle", "senders[0].tokenBudget")]),
        ({"action": "defer", "capabilities": ["reply"]}, [("rule.idle", "senders[0].capabilities")]),
        ({"action": "reject", "hold": {"expiresAfter": "1h"}}, [("rule.idle", "senders[0].hold")]),
        ({"action": "reject", "labels": ["x"], "reason": "r"}, []),
        ({"hold": {"expiresAfter": "1h"}}, [("hold.idle", "senders[0].hold")]),
        ({"action": "hold", "hold": {"expiresAfter": "1h"}}, []),
        ({"rateLimit": {"per": "domain"}}, [("rate.none", "senders[0].rateLimit")]),
        ({"rateLimit": {"per": "domain", "perDay": 1}}, []),
    ],
)
def test_what_does_nothing_where_it_stands_is_told(rule: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert said({"match": {"anyone": True}, **rule}) == found


def test_a_wait_beside_a_guard_that_holds_is_no_idle_one() -> None:
    guard = {"reject": "x", "reason": "r", "action": "hold"}
    assert said({"match": {"anyone": True}, "hold": {"expiresAfter": "1h"}}, contentGuards=[guard]) == []


@pytest.mark.parametrize(
    ("outbound", "found"),
    [
        ({"canaryMarks": ["MARK-12345"], "canaries": "deliver"}, ["outbound.canaries"]),
        ({"canaries": "deliver"}, ["outbound.canaries"]),
        ({"canaryMarks": ["MARK-12345"]}, []),
        ({"toMachines": "deliver"}, ["outbound.machines"]),
        ({"attachments": {"filesAtMost": 1, "otherwise": "deliver"}}, ["outbound.attachments"]),
        ({"attachments": {"filesAtMost": 1}}, []),
        ({"rateLimit": {"perAgent": {"perHour": 0}}}, ["rate.zero"]),
        ({"repliesPerThread": {"perDay": 0}}, ["rate.zero"]),
        ({"repliesPerThread": {}}, ["outbound.brake"]),
        ({"repliesPerThread": {"perDay": 9}}, []),
        ({"recipients": {}}, ["outbound.nobody"]),
        ({"recipients": {"addresses": [], "contacts": False}}, ["outbound.nobody"]),
        ({"recipients": {"thread": False}}, []),
        ({"recipients": {"domains": ["*.com"]}}, ["names.public_suffix"]),
        ({"recipients": {"domains": ["*.a.com"], "thread": True}}, []),
        ({"external": "hold", "hold": {"then": "deliver"}}, ["hold.silence"]),
    ],
)
def test_what_lets_out_more_than_most_people_mean_is_told(outbound: dict[str, Any], found: list[str]) -> None:
    assert [code for code, _ in said(outbound=outbound)] == found


def test_what_a_list_lets_anybody_do_is_said() -> None:
    (found,) = dangers(parse({**document(), "senders": [BY_LIST]}, version=1)[0])
    assert "is granted send_external" in found.sentence
    assert "signedBy" in found.sentence
