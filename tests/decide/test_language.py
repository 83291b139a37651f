"""The policy document: what is read, what is refused and with which words, and what a digest names."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailbuttons.policy import (
    AuditConfig,
    ContentGuard,
    MailPolicy,
    RateLimit,
    SenderMatch,
    SenderRule,
    TokenBudget,
)

from decide.scene import BOSS, document, inbound
from gatepost.decide.grammar import DOCUMENT_MAX_OCTETS, Assurance, DefaultAction, canonical
from gatepost.decide.language import Policy, PolicyError, parse
from gatepost.decide.paper import Facts
from gatepost.decide.paper import TokenBudget as Budget
from gatepost.decide.rules import see
from gatepost.mail.address import Address

AUDIT = {"retentionDays": 30}
LEAST: dict[str, Any] = {"defaultAction": "drop", "auditLog": AUDIT}


def faults(written: object) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse(written, version=1)
    return caught.value.errors


def read(written: object) -> Policy:
    return parse(written, version=1)[0]


def with_match(match: object) -> dict[str, Any]:
    return {**LEAST, "senders": [{"match": match}]}


def test_the_least_document_lets_nobody_in() -> None:
    policy = read(LEAST)
    assert (policy.default_action, policy.rules, policy.guards) == (DefaultAction.DROP, (), ())
    assert (policy.retention_days, policy.body_hash_wanted) == (30, False)
    assert policy.rules_for(BOSS) == []


def test_every_field_of_the_peers_client_is_understood() -> None:
    written = MailPolicy(
        default_action="bounce",
        senders=[
            SenderRule(
                match=SenderMatch(address="boss@example.com", require_dkim=True, require_spf=True),
                capabilities=["read_calendar"],
                rate_limit=RateLimit(per_hour=1, per_day=2),
                token_budget=TokenBudget(per_thread=3, per_day=4),
            )
        ],
        content_guards=[ContentGuard(reject="(?i)wire", reason="money")],
        audit_log=AuditConfig(retention_days=7, include_body_hash=True),
    )
    policy = read(written.model_dump(mode="json", by_alias=True, exclude_none=True))
    rule = policy.rules[0]
    assert (rule.requires_dkim, rule.requires_spf, rule.capabilities) == (True, True, ("read_calendar",))
    assert (rule.messages_hour, rule.messages_day, rule.budget) == (1, 2, Budget(per_thread=3, per_day=4))
    assert [(guard.pattern.source, guard.reason) for guard in policy.guards] == [("(?i)wire", "money")]
    assert (policy.retention_days, policy.body_hash_wanted) == (7, True)
    with_nulls = written.model_dump(mode="json", by_alias=True)
    assert read(with_nulls).digest == policy.digest


def test_assurance_is_aligned_unless_something_else_is_written() -> None:
    assert read(with_match({"domain": "example.com"})).rules[0].assurance is Assurance.ALIGNED


@pytest.mark.parametrize("word", ["aligned", "dmarc", "none"])
def test_assurance_may_be_a_word(word: str) -> None:
    rule = read(with_match({"domain": "example.com", "assurance": word})).rules[0]
    assert (rule.assurance.value, rule.vouchers) == (word, frozenset())


def test_assurance_may_name_the_sealers_it_trusts() -> None:
    written = {"domain": "example.com", "assurance": {"arc": ["Lists.Example", "bücher.example"]}}
    rule = read(with_match(written)).rules[0]
    assert rule.assurance is Assurance.ARC
    assert rule.vouchers == {"lists.example", "xn--bcher-kva.example"}


@pytest.mark.parametrize(
    ("match", "author", "matches"),
    [
        ({"address": "Boss@EXAMPLE.com"}, "boss@example.com", True),
        ({"address": "boss@example.com"}, "BOSS@example.com", True),
        ({"address": "boss@example.com"}, "boss+x@example.com", False),
        ({"address": "boss@bücher.example"}, "boss@xn--bcher-kva.example", True),
        ({"domain": "Example.com."}, "anyone@example.com", True),
        ({"domain": "example.com"}, "boss@mail.example.com", False),
        ({"domain": "mail.example.com"}, "boss@example.com", False),
        ({"address": "boss@example.com", "domain": "example.com"}, "boss@example.com", True),
        ({"address": "boss@example.com", "domain": "example.com"}, "other@example.com", False),
        ({"address": "boss@example.com", "domain": "other.example"}, "boss@example.com", False),
        ({"address": "boss@example.com", "domain": "other.example"}, "boss@other.example", False),
    ],
)
def test_a_rule_matches_by_address_by_exact_domain_or_by_both(
    match: dict[str, str], author: str, *, matches: bool
) -> None:
    assert (bool(read(with_match(match)).rules_for(Address.parse(author)))) is matches


names = st.sampled_from(["boss@example.com", "x@example.com", "example.com", "other.example"])


@given(st.lists(names, max_size=6), st.sampled_from([BOSS, Address("x", "example.com"), Address("y", "other.example")]))
def test_the_first_rule_in_the_document_wins(written: list[str], author: Address) -> None:
    rules = [{"match": {"address" if "@" in name else "domain": name}} for name in written]
    found = read({**LEAST, "senders": rules}).rule_for(author, see(inbound(), Facts()))
    expected = next((n for n, name in enumerate(written) if name in {author.key, author.domain}), None)
    assert (found.index if found else None) == expected


def test_unknown_capabilities_are_kept_and_warned_of_once() -> None:
    written = document(capabilities=["fly", "read_calendar", "fly"])
    policy, warnings = parse(written, version=1)
    assert policy.rules[0].capabilities == ("fly", "read_calendar", "fly")
    assert warnings == ["unknown_capability:fly"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, ["policy must be an object"]),
        ([], ["policy must be an object"]),
        ({}, ["defaultAction must be given", "auditLog must be given"]),
        ({**LEAST, "auditLog": {"retentionDays": 0}}, ["auditLog.retentionDays must be >= 1"]),
        ({**LEAST, "auditLog": {"retentionDays": 40_000}}, ["auditLog.retentionDays must be <= 36500"]),
        ({**LEAST, "auditLog": {"retentionDays": True}}, ["auditLog.retentionDays must be an integer"]),
        ({**LEAST, "auditLog": None}, ["auditLog must be an object with some of: retentionDays, includeBodyHash"]),
        ({**LEAST, "s\u0435nders": []}, ["s\\u0435nders is not a field; the nearest is senders"]),
        ({**LEAST, "auditlog": AUDIT}, ["auditlog is not a field; the nearest is auditLog"]),
        (
            {**LEAST, "defaultAction": "bonce"},
            ['defaultAction must be "bounce" or "drop" (the nearest is "bounce")'],
        ),
        (
            with_match({}),
            ["senders[0].match must have an address or a domain, or one of: group, list, answersUs, anyone"],
        ),
        (
            with_match({"address": None}),
            ["senders[0].match must have an address or a domain, or one of: group, list, answersUs, anyone"],
        ),
        (
            with_match({"domain": "a.example", "requireDKIM": True}),
            ["senders[0].match.requireDKIM is not a field; the nearest is requireDkim"],
        ),
        (
            with_match({"domain": "a.example", "assurance": "arc"}),
            ['senders[0].match.assurance must name the sealers: {"arc": ["lists.example"]}'],
        ),
        (
            with_match({"domain": "a.example", "assurance": {"arc": []}}),
            ["senders[0].match.assurance.arc must have at least 1 item"],
        ),
        (
            with_match({"domain": "a.example", "assurance": {}}),
            ["senders[0].match.assurance must be a word, or have one of: arc, signedBy"],
        ),
        (
            with_match({"domain": "a.example", "assurance": 1}),
            ['senders[0].match.assurance must be "aligned" or "dmarc" or "dmarcOrAligned" or "none"'],
        ),
        ({**LEAST, "senders": [{}]}, ["senders[0].match must be given"]),
        ({**LEAST, "senders": {}}, ["senders must be a list"]),
        (document(rateLimit={"perHour": -1}), ["senders[0].rateLimit.perHour must be >= 0"]),
        (
            document(tokenBudget={"perThread": 1.0}),
            ["senders[0].tokenBudget.perThread must be an integer; as a number it is written 1"],
        ),
        (document(capabilities=["a\nb"]), ["senders[0].capabilities[0] must have no control characters"]),
        (
            {**LEAST, "contentGuards": [{"reject": "(?=x)", "reason": "r"}, {"reject": ""}, {"reject": 3}]},
            [
                "contentGuards[0].reject must be an RE2 pattern: look-ahead (?= is not supported",
                "contentGuards[1].reject must be a pattern",
                "contentGuards[1].reason must be given",
                "contentGuards[2].reject must be a pattern",
                "contentGuards[2].reason must be given",
            ],
        ),
        (
            {"auditLog": {"retentionDays": "1"}, "senders": 1, "defaultAction": 2},
            [
                "auditLog.retentionDays must be an integer; as a number it is written 1",
                "senders must be a list",
                'defaultAction must be "bounce" or "drop"',
            ],
        ),
    ],
)
def test_each_fault_has_its_sentence_in_document_order(written: object, expected: list[str]) -> None:
    assert faults(written) == expected


def test_names_that_refer_to_nothing_are_told_beside_other_faults() -> None:
    rules = [
        {"match": {"group": "friendz"}, "capabilities": ["a\nb"]},
        {"match": {"domain": "a.example"}, "name": "one", "when": {"workingHours": "outside"}},
        {"match": {"domain": "b.example"}, "name": "one", "rateLimit": {"perHour": -1}},
        {"match": {"domain": "c.example"}, "rateLimit": {"perHour": 1, "per": "rule"}, "hold": {"then": "deliver"}},
    ]
    written = {
        **LEAST,
        "defaultAction": 2,
        "senders": rules,
        "groups": {"friends": ["a@b.example"]},
        "outbound": {"recipients": {"groups": ["foes"]}, "toMachines": 3},
    }
    told = faults(written)
    for each in (
        "senders[0].match.group must be a name in groups; the nearest is friends",
        "senders[1].when.workingHours needs the policy's own workingHours",
        "senders[2].name must not be another rule's too",
        "senders[2].rateLimit.perHour must be >= 0",
        "senders[3].rateLimit.per needs the rule to have a name",
        'senders[3].hold.then can be "deliver" only beside the action "hold"',
        "outbound.recipients.groups[0] must be a name in groups; the nearest is friends",
        "senders[0].capabilities[0] must have no control characters",
    ):
        assert each in told
    assert len(told) == 10


def test_guards_that_are_too_much_are_told_beside_other_faults() -> None:
    costly = {"reject": r"\p{L}" * 3, "reason": "r"}
    told = faults({**LEAST, "defaultAction": 2, "contentGuards": [costly] * 10})
    assert told[1:] == ["contentGuards must compile to at most 20000 RE2 instructions together"]


def test_what_a_slip_hides_is_told_once() -> None:
    rule = {
        "match": {"group": "friends"},
        "nme": "one",
        "acton": "hold",
        "rateLimit": {"perHour": 1, "per": "rule"},
        "hold": {"then": "deliver"},
        "when": {"workingHours": "outside"},
    }
    told = faults({**LEAST, "senders": [rule], "groupz": {"friends": ["a@b.example"]}, "workingHurs": {}})
    assert [each.partition(" ")[0] for each in told] == [
        "senders[0].nme",
        "senders[0].acton",
        "groupz",
        "workingHurs",
    ]


def test_no_more_senders_or_guards_than_a_message_can_be_judged_by() -> None:
    rule, guard = {"match": {"domain": "a.example"}}, {"reject": "x", "reason": "r"}
    assert faults({**LEAST, "senders": [rule] * 1001}) == ["senders must have at most 1000 items"]
    assert faults({**LEAST, "contentGuards": [guard] * 201}) == ["contentGuards must have at most 200 items"]
    costly = {"reject": r"\p{L}" * 3, "reason": "r"}
    told = faults({**LEAST, "contentGuards": [costly] * 10})
    assert told == ["contentGuards must compile to at most 20000 RE2 instructions together"]


def test_a_document_has_a_size_limit() -> None:
    rule = {"match": {"domain": "a.example"}, "capabilities": ["c" * 64] * 64}
    assert faults({**LEAST, "senders": [rule] * 300}) == [
        f"policy must be at most {DOCUMENT_MAX_OCTETS} octets of JSON"
    ]


def test_the_digest_is_that_of_the_normalised_document() -> None:
    normal = (
        '{"auditLog":{"includeBodyHash":false,"retentionDays":30},"contentGuards":[{"reason":"r","reject":"ä+"}],'
        '"defaultAction":"bounce","senders":[{"capabilities":[],"match":{"address":"boss@example.com",'
        '"assurance":"aligned","requireDkim":false,"requireSpf":false}}]}'
    )
    written = {**document({"address": "Boss@Example.com"}), "contentGuards": [{"reject": "ä+", "reason": "r"}]}
    assert read(written).digest == hashlib.sha256(normal.encode()).hexdigest()
    assert read(json.loads(normal)).digest == read(written).digest


def test_a_digest_does_not_depend_on_spelling_or_order_but_on_meaning() -> None:
    one = read({"defaultAction": "drop", "auditLog": AUDIT, "senders": []})
    other = read({"auditLog": {"includeBodyHash": False, "retentionDays": 30}, "defaultAction": "drop"})
    assert one.digest == other.digest
    assert read({**LEAST, "defaultAction": "bounce"}).digest != one.digest


def test_canonical_json_takes_nothing_the_parsers_do_not_make() -> None:
    with pytest.raises(TypeError):
        canonical({"a": object()})


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("example.com")
field_names = st.sampled_from(
    ["defaultAction", "senders", "contentGuards", "auditLog", "match", "domain", "arc", "reject", "retentionDays", "x"]
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(field_names | st.text(max_size=3), inner, max_size=5),
)


@given(anything)
def test_whatever_is_written_becomes_a_policy_or_sentences(written: object) -> None:
    try:
        told = [read(written).digest]
    except PolicyError as error:
        told = error.errors
    assert told
    assert all(sentence.isprintable() for sentence in told)


def test_the_policy_shown_to_operators_is_a_policy_without_warnings() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "policy.md").read_text()
    shown = page.partition("```json\n")[2].partition("```")[0]
    assert parse(json.loads(shown), version=1)[1] == []
