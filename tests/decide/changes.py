"""Policies that differ by one change, all of them, and mails that tell them apart."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

from msgspec import structs

from gatepost.decide.fixtures import see_mail
from gatepost.decide.language import Policy
from gatepost.decide.paper import Counted, Seen

Document = dict[str, Any]

SIGNED = {"domain": "other.example", "assurance": {"signedBy": ["service.example"]}}
GUARD = {"reject": "money", "reason": "r"}
CHOICES: Mapping[str, list[Any]] = {
    "match": [
        {"anyone": True, "assurance": "none"},
        {"domain": "example.com"},
        {"domain": "example.com", "subdomains": True},
        {"domain": "example.com", "assurance": "dmarc"},
        {"domain": "example.com", "assurance": "dmarcOrAligned"},
        {"domain": "example.com", "assurance": "none"},
        {"domain": "example.com", "assurance": "none", "requireDkim": True},
        {"domain": "example.com", "assurance": "none", "requireSpf": True},
        {"domain": "example.com", "assurance": {"arc": ["lists.example"]}},
        {"domain": "example.com", "assurance": {"arc": ["lists.example", "more.example"]}},
        {"domain": "example.com", "assurance": {"signedBy": ["service.example"]}},
        {"domain": "example.com", "assurance": {"signedBy": ["more.example"]}},
        {"domain": "example.com", "list": "news.example"},
        {"domain": "example.com", "answersUs": True},
        {"address": "boss@example.com"},
    ],
    "action": ["deliver", "hold", "defer", "discard", "reject"],
    "hold": [
        None,
        {"then": "refuse"},
        {"then": "deliver"},
        {"expiresAfter": "1h"},
        {"expiresAfter": "1h", "then": "deliver"},
    ],
    "capabilities": [[], ["a"], ["b"], ["a", "b"]],
    "when": [
        None,
        {"tls": True},
        {"tls": False},
        {"hiddenText": True},
        {"hiddenText": False},
        {"injectionScore": {"atLeast": 0.5}},
        {"injectionScore": {"below": 0.5}},
        {"attachmentTypes": [".pdf"]},
        {"otherAttachmentTypes": [".pdf"]},
        {"firstTime": False},
    ],
    "rateLimit": [
        None,
        {"perHour": 1},
        {"perHour": 3},
        {"perDay": 3},
        {"perHour": 3, "per": "domain"},
        {"perHour": 3, "per": "rule"},
    ],
    "name": ["a", "b"],
    "tokenBudget": [None, {"perThread": 1}, {"perThread": 3}, {"perMessage": 3}, {"perDay": 3}],
    "expiresAt": [None, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    "contentGuards": [
        [],
        [GUARD],
        [{**GUARD, "action": "hold"}],
        [{**GUARD, "action": "discard"}],
        [{**GUARD, "in": ["subject"]}],
        [{**GUARD, "reject": "hello"}],
    ],
}
"""What a member of a rule may be; ``contentGuards`` is the policy's own. None: it is not there."""

_PLAIN: Document = {"name": "a", "match": {"domain": "example.com"}}
BASES: list[tuple[list[Document], Document]] = [
    ([], _PLAIN),
    ([], {**_PLAIN, "action": "hold"}),
    ([], {**_PLAIN, "rateLimit": {"perHour": 3, "per": "rule"}}),
    ([{"match": {"domain": "other.example"}, "action": "reject"}], _PLAIN),
    # where nobody can tell, only the rule speaks that does not deliver
    ([{**_PLAIN, "name": "c", "when": {"hiddenText": True}}], {**_PLAIN, "when": {"hiddenText": True}}),
    ([{**_PLAIN, "name": "c", "when": {"hiddenText": False}}], {**_PLAIN, "when": {"hiddenText": False}}),
    ([{**_PLAIN, "name": "c", "action": "reject", "when": {"attachmentTypes": [".pdf"]}}], _PLAIN),
]
"""What stands before the rule that is changed, and that rule."""


def _written(before: list[Document], rule: Document, member: str, value: Any) -> Document:
    """Return a policy with a member of its last rule, or of its own, set."""
    members: Document = {} if member == "contentGuards" else {member: value}
    changed = {name: each for name, each in {**rule, **members}.items() if each is not None}
    if "hold" in changed:
        changed["action"] = "hold"
    guards = value if member == "contentGuards" else [GUARD]
    return {
        "defaultAction": "bounce",
        "senders": [*before, changed],
        "contentGuards": guards,
        "auditLog": {"retentionDays": 1},
    }


def changes() -> Iterator[tuple[Document, Document]]:
    """Return each policy with each policy it becomes by one change of its last rule or its guards, both ways round."""
    for before, rule in BASES:
        for member, values in CHOICES.items():
            for one, other in permutations(values, 2):
                yield _written(before, rule, member, one), _written(before, rule, member, other)
        kept = _written(before, rule, "name", "a")
        dropped = {**kept, "senders": before}
        yield from ((kept, dropped), (dropped, kept))


_AUTHORS = ["boss@example.com", "ann@example.com", "ann@sub.example.com", "x@other.example"]
_ONE_BY_ONE: list[Document] = [
    {},
    {"text": "money"},
    {"subject": "money"},
    {"damaged": True},
    {"damaged": True, "attachments": [{"name": "a.pdf", "type": "a/a"}]},
    {"attachments": [{"name": "a.pdf", "type": "a/a"}]},
    {"attachments": [{"name": "a.txt", "type": "a/a"}]},
    {"techniques": ["display-none"]},
    {"tls": False},
    {"injectionScore": 500},
    {"signedBy": ["service.example"]},
    {"signedBy": ["more.example"]},
    {"sealedBy": "lists.example"},
    {"sealedBy": "more.example"},
    {"spf": False},
    {"list": "news.example"},
    {"answersUs": True},
    {"firstTime": True},
    {"receivedAt": "2025-12-31T12:00:00Z"},
    {"receivedAt": "2026-06-01T12:00:00Z"},
    {"receivedAt": "2027-06-01T12:00:00Z"},
    *({"counts": {name: count}} for name in ("hour", "day", "tokensThread", "tokensDay") for count in (1, 3)),
]
SIGHTS = [
    *(see_mail({"from": author, "proof": proof}) for author in _AUTHORS for proof in ("none", "unsettled")),
    *(see_mail({"from": author, **more}) for author in _AUTHORS for more in _ONE_BY_ONE),
    *(
        see_mail({"from": "boss@example.com", "proof": proof, **more})
        for proof in ("aligned", "none")
        for more in _ONE_BY_ONE
    ),
]
"""Mails that any of these changes lets through or stops."""


def in_full_window(live: Policy) -> Iterator[Seen]:
    """Return mails that a policy's own windows are full for."""
    for seen in (see_mail({"from": author}) for author in _AUTHORS):
        windows = {rule.window_of(seen.evidence.author): Counted(4, 4) for rule in live.rules if seen.evidence.author}
        yield structs.replace(
            seen, facts=replace(seen.facts, windows={name: each for name, each in windows.items() if name})
        )
