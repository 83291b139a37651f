"""Policies as a security officer writes them from docs/policy.md, and the decisions its order leads one to expect."""

import json
from typing import Any

import pytest

from decide.officers import POLICIES
from gatepost.decide.fixture_language import MAIL
from gatepost.decide.fixtures import read_fixtures, run, see_mail
from gatepost.decide.language import PolicyError, parse
from gatepost.decide.rules import judge
from gatepost.decide.shape import Faults
from gatepost.decide.written import read_document

LAST = "auditLog: {retentionDays: 90}"
BOSS, EVE = "boss@acme.example", "eve@evil.example"

CASES: dict[str, tuple[str, list[tuple[dict[str, Any], str]]]] = {
    "one boss, nobody else": (
        "{defaultAction: bounce, senders: [{match: {address: boss@acme.example}}], %s}",
        [
            ({"from": BOSS}, "deliver rule.matched"),
            ({"from": "boss+x@acme.example"}, "reject sender.unmatched"),
            ({"from": BOSS, "proof": "none"}, "reject sender.unproven"),
        ],
    ),
    "a domain is not what is below it": (
        "{defaultAction: drop, senders: [{match: {domain: acme.example}}], %s}",
        [
            ({"from": "a@mail.acme.example"}, "discard sender.unmatched"),
            ({"from": BOSS, "proof": "none"}, "reject sender.unproven"),
            ({"from": BOSS, "proof": "unsettled"}, "defer sender.unsettled"),
        ],
    ),
    "the first rule that speaks is the rule, and its proof is the end": (
        """{defaultAction: bounce, senders: [{match: {address: boss@acme.example, assurance: dmarc}},
           {match: {anyone: true, assurance: none}, action: hold}], %s}""",
        [
            ({"from": BOSS}, "deliver rule.matched"),
            ({"from": BOSS, "proof": "aligned"}, "reject sender.unproven"),
            ({"from": EVE, "proof": "none"}, "hold rule.held"),
        ],
    ),
    "injection first, then the boss": (
        """{defaultAction: bounce, senders: [
           {match: {anyone: true, assurance: none}, when: {injectionScore: {atLeast: 0.8}}, action: reject},
           {match: {domain: acme.example}}], %s}""",
        [
            ({"from": BOSS, "injectionScore": 0.8}, "reject rule.rejected"),
            ({"from": BOSS, "injectionScore": 0.79}, "deliver rule.matched"),
            ({"from": EVE, "proof": "unsettled"}, "reject sender.unmatched"),
        ],
    ),
    "a guard is asked only where a rule speaks, and is stricter than a hold": (
        """{defaultAction: bounce, senders: [{match: {domain: acme.example}, action: hold}],
           contentGuards: [{reject: '(?i)bank details', reason: fraud}], %s}""",
        [
            ({"from": BOSS, "text": "our new bank\ndetails"}, "reject content.guard"),
            ({"from": EVE, "text": "bank details"}, "reject sender.unmatched"),
            ({"from": BOSS, "text": "lunch?"}, "hold rule.held"),
        ],
    ),
    "of two guards the strictest counts": (
        """{defaultAction: drop, senders: [{match: {domain: acme.example}}], contentGuards: [
           {reject: wire, reason: one, action: hold}, {reject: money, reason: two, action: defer}], %s}""",
        [
            ({"from": BOSS, "text": "wire money"}, "defer content.guard"),
            ({"from": BOSS, "text": "wire"}, "hold content.guard"),
            ({"from": BOSS, "subject": "wire money"}, "deliver rule.matched"),
        ],
    ),
    "only PDFs": (
        """{defaultAction: bounce, senders: [
           {match: {domain: acme.example}, when: {otherAttachmentTypes: [application/pdf]}, action: reject},
           {match: {domain: acme.example}}], %s}""",
        [
            ({"from": BOSS, "attachments": [{"name": "a.pdf", "type": "application/pdf"}]}, "deliver rule.matched"),
            (
                {"from": BOSS, "attachments": [{"name": "a.pdf", "type": "application/pdf", "begins": "mz"}]},
                "reject rule.rejected",
            ),
            ({"from": BOSS}, "deliver rule.matched"),
        ],
    ),
    "a limit counts what came before, and none is none": (
        """{defaultAction: bounce, senders: [{match: {address: boss@acme.example}, rateLimit: {perHour: 3}},
           {match: {domain: acme.example}, rateLimit: {perDay: 0}}], %s}""",
        [
            ({"from": BOSS, "counts": {"hour": 2}}, "deliver rule.matched"),
            ({"from": BOSS, "counts": {"hour": 3}}, "defer rate.per_hour"),
            ({"from": "x@acme.example"}, "defer rate.per_day"),
        ],
    ),
    "a budget is asked after the limit, and a guard before both": (
        """{defaultAction: bounce, senders: [{match: {domain: acme.example}, rateLimit: {perHour: 1},
           tokenBudget: {perThread: 100}}], contentGuards: [{reject: wire, reason: w, action: discard}], %s}""",
        [
            ({"from": BOSS, "counts": {"tokensThread": 100}}, "defer budget.per_thread"),
            ({"from": BOSS, "counts": {"hour": 1, "tokensThread": 100}}, "defer rate.per_hour"),
            ({"from": BOSS, "text": "wire", "counts": {"hour": 1}}, "discard content.guard"),
        ],
    ),
    "whoever is new waits": (
        """{defaultAction: bounce, senders: [{match: {anyone: true}, when: {firstTime: true}, action: hold},
           {match: {anyone: true}}], %s}""",
        [
            ({"from": EVE, "firstTime": True}, "hold rule.held"),
            ({"from": EVE, "firstTime": False}, "deliver rule.matched"),
            ({"from": EVE, "firstTime": True, "proof": "none"}, "reject sender.unproven"),
        ],
    ),
    "what cannot be known counts against the mail": (
        """{defaultAction: bounce, senders: [
           {match: {domain: acme.example}, when: {hiddenText: true}, action: discard},
           {match: {domain: acme.example}, when: {hasAttachments: false}}], %s}""",
        [
            ({"from": BOSS}, "deliver rule.matched"),
            ({"from": BOSS, "damaged": True}, "discard rule.discarded"),
            ({"from": BOSS, "attachments": [{"name": "a.txt", "type": "text/plain"}]}, "reject sender.unmatched"),
        ],
    ),
    "a group, its wildcard and an expiry": (
        """{defaultAction: bounce, groups: {g: ['*.freight.example', tools.example, a@b.example]}, senders: [
           {match: {group: g}, expiresAt: '2026-01-01T00:00:00Z'}, {match: {group: g}, action: defer}], %s}""",
        [
            ({"from": "x@y.freight.example", "receivedAt": "2025-12-31T23:59:59+00:00"}, "deliver rule.matched"),
            ({"from": "x@y.freight.example", "receivedAt": "2026-01-01T00:00:00+00:00"}, "defer rule.deferred"),
            ({"from": "x@freight.example"}, "reject sender.unmatched"),
        ],
    ),
}

MISTAKES = {
    "{defaultAction: reject, senders: [], %s}": ("defaultAction", "bounce"),
    "{defaultAction: bounce, senders: [{match: {address: '*@a.example'}}], %s}": ("senders[0].match.address", None),
    "{defaultAction: bounce, senders: [{match: {addrs: a@a.example}}], %s}": ("senders[0].match.addrs", "address"),
    "{defaultAction: bounce, senders: [{match: {anyone: yes}}], %s}": ("senders[0].match.anyone", "true"),
    "{defaultAction: bounce, senders: [{match: {domain: a.example}, action: block}], %s}": (
        "senders[0].action",
        "reject",
    ),
    "{defaultAction: bounce, contentGuards: [{reject: '(?<!x)y', reason: r}], %s}": ("contentGuards[0].reject", None),
    "{defaultAction: bounce, onItsOwn: [send_externl], %s}": ("onItsOwn[0]", "send_external"),
    "{defaultAction: bounce, outbound: {secret: reject}, %s}": ("outbound.secret", "secrets"),
    "{defaultAction: bounce, outbnd: {}, %s}": ("outbnd", "outbound"),
    "{defaultAction: bounce, rules: [], %s}": ("rules", "senders"),
    "{defalt: bounce, %s}": ("defalt", "defaultAction"),
    "{defaultAction: bounce, senders: [{domain: a.example}], %s}": ("senders[0].domain", "match"),
    "{defaultAction: bounce, senders: [{macth: {domain: a.example}}], %s}": ("senders[0].macth", "match"),
    "{defaultAction: bounce, senders: [{match: {domain: https://a.example/x}}], %s}": (
        "senders[0].match.domain",
        "a.example",
    ),
    "{defaultAction: bounce, senders: [{match: {address: 'Ann <a@a.example>'}}], %s}": (
        "senders[0].match.address",
        "a@a.example",
    ),
    "{defaultAction: bounce, groups: {g: [' a@a.example']}, %s}": ("groups.g[0]", "a@a.example"),
    "{defaultAction: drop, senders: [{match: {domain: a.example, assurance: {signedBy: [s.example], arc: [l.example]}}}"
    "], %s}": ("senders[0].match.assurance", None),
    "{defaultAction: bounce, senders: [{match: {domain: a.example, assurance: {dmarc: true}}}], %s}": (
        "senders[0].match.assurance",
        "dmarc",
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example, assurance: {signed-by: [s.example]}}}], %s}": (
        "senders[0].match.assurance.signed-by",
        "signedBy",
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example, assurance: {arc: l.example}}}], %s}": (
        "senders[0].match.assurance.arc",
        '["l.example"]',
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example}, when: {language: german}}], %s}": (
        "senders[0].when.language",
        '["de"]',
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example}, when: {attachmentTypes: ['*.pdf']}}], %s}": (
        "senders[0].when.attachmentTypes[0]",
        ".pdf",
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example}, when: {injectionScore: {atlest: 1}}}], %s}": (
        "senders[0].when.injectionScore.atlest",
        "atLeast",
    ),
    "{defaultAction: bounce, senders: [{match: {domain: a.example}, expiresAt: 2027-01-31}], %s}": (
        "senders[0].expiresAt",
        "2027-01-31T00:00:00Z",
    ),
    "{defaultAction: drop, senders: [{match: {domain: a.example}, action: hold, hold: {expiresAfter: 2 Days}}], %s}": (
        "senders[0].hold.expiresAfter",
        "2d",
    ),
    "{defaultAction: bounce, workingHours: {timeZone: UTC, days: [monday], from: 8:00, to: '18:00'}, %s}": (
        "workingHours.from",
        "08:00",
    ),
    "{defaultAction: bounce, outbound: {attachments: {types: [IMAGE]}}, %s}": (
        "outbound.attachments.types[0]",
        "image/*",
    ),
    "{defaultAction: bounce, contentGuards: [{pattern: x, reason: r}], %s}": ("contentGuards[0].pattern", "reject"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_officer_expects_is_what_is_decided(name: str) -> None:
    text, mails = CASES[name]
    policy = parse(read_document((text % LAST).encode()), version=1)[0]
    faults = Faults()
    told: list[Any] = [MAIL(mail, "mail", faults) for mail, _ in mails]
    came = [judge(see_mail(mail), policy)[0] for mail in told]
    assert not faults.told
    assert [f"{each.disposition.value} {each.reason.value}" for each in came] == [expected for _, expected in mails]


@pytest.mark.parametrize("written", POLICIES)
def test_so_it_is_with_each_way_of_matching_proving_asking_and_limiting(written: str) -> None:
    """In YAML, and the same in JSON."""
    _, mails = POLICIES[written]
    found = read_document(f"{{defaultAction: bounce, auditLog: {{retentionDays: 90}}, {written}}}".encode())
    policy = parse(found, version=1)[0]
    assert parse(read_document(json.dumps(found).encode()), version=1)[0].digest == policy.digest
    for described, expected in mails:
        action, reason = expected.split()
        wanted = {"name": str(described)[:200], "mail": described, "expect": {"action": action, "reason": reason}}
        (tried,) = run(policy, read_fixtures([wanted]))
        assert not tried.faults, described


@pytest.mark.parametrize("text", MISTAKES)
def test_what_an_officer_gets_wrong_is_told_with_its_place(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(read_document((text % LAST).encode()), version=1)
    (fault,) = caught.value.faults
    path, nearest = MISTAKES[text]
    assert fault.path == path
    assert nearest is None or fault.nearest == nearest
