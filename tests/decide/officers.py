"""Policies as a security officer writes them from docs/policy.md, each with mails and what must come of them.

The decisions were worked out by hand from the page. Each is one line of YAML beside what every policy has.
"""

from typing import Any

BOSS, EVE = "boss@acme.example", "eve@evil.example"
PDF: dict[str, Any] = {"name": "a.pdf", "type": "application/pdf"}
EXE: dict[str, Any] = {"name": "a.exe", "type": "application/x-msdownload"}
_IN = "deliver rule.matched"
_NOBODY = "reject sender.unmatched"
_FORGED = "reject sender.unproven"
_LATER = "defer sender.unsettled"


def _hours(at: str) -> dict[str, str]:
    return {"from": BOSS, "receivedAt": at}


Case = tuple[str, list[tuple[dict[str, Any], str]]]
NAMES: list[Case] = [
    (
        "senders: [{match: {domain: acme.example, subdomains: true}}]",
        [({"from": BOSS}, _IN), ({"from": "a@b.c.acme.example"}, _IN), ({"from": "a@notacme.example"}, _NOBODY)],
    ),
    (
        "senders: [{match: {address: BOSS@ACME.example}}]",
        [({"from": BOSS}, _IN), ({"from": '"boss"@acme.example'}, _IN), ({"from": "boss@x.acme.example"}, _NOBODY)],
    ),
    (
        "senders: [{match: {domain: bücher.example}}]",
        [({"from": "a@xn--bcher-kva.example"}, _IN), ({"from": "a@bucher.example"}, _NOBODY)],
    ),
    (
        "senders: [{match: {address: boss@acme.example, domain: acme.example}, capabilities: [forward]}]",
        [({"from": BOSS}, _IN), ({"from": "x@acme.example"}, _NOBODY)],
    ),
    (
        "groups: {g: [boss@acme.example, '*.evil.example']}, senders: [{match: {group: g}}]",
        [({"from": BOSS}, _IN), ({"from": EVE}, _NOBODY), ({"from": "eve@very.evil.example"}, _IN)],
    ),
    (
        "senders: [{match: {list: news.acme.example, assurance: {signedBy: [sender.example]}}}]",
        [
            ({"from": EVE, "list": "news.acme.example", "signedBy": ["sender.example"], "proof": "none"}, _IN),
            ({"from": EVE, "list": "news.acme.example"}, _FORGED),
            ({"from": EVE, "signedBy": ["sender.example"]}, _NOBODY),
        ],
    ),
    (
        "senders: [{match: {answersUs: true}}, {match: {anyone: true, assurance: none}, action: discard}]",
        [
            ({"from": EVE, "answersUs": True}, _IN),
            ({"from": EVE, "answersUs": True, "proof": "none"}, _FORGED),
            ({"from": EVE}, "discard rule.discarded"),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, action: reject}, {match: {address: boss@acme.example}}]",
        [({"from": BOSS}, "reject rule.rejected"), ({"from": BOSS, "proof": "none"}, _FORGED)],
    ),
]
PROOFS: list[Case] = [
    (
        "senders: [{match: {domain: acme.example, assurance: dmarc}}]",
        [
            ({"from": BOSS}, _IN),
            ({"from": BOSS, "proof": "aligned"}, _FORGED),
            ({"from": BOSS, "proof": "unsettled"}, _LATER),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example, assurance: dmarcOrAligned}}]",
        [({"from": BOSS, "proof": "aligned"}, _IN), ({"from": BOSS, "proof": "none"}, _FORGED)],
    ),
    (
        "senders: [{match: {domain: acme.example, assurance: none, requireDkim: true}}]",
        [({"from": BOSS}, _IN), ({"from": BOSS, "proof": "none", "signedBy": ["evil.example"]}, _FORGED)],
    ),
    (
        "senders: [{match: {domain: acme.example, requireSpf: true}}]",
        [({"from": BOSS}, _IN), ({"from": BOSS, "spf": False}, _FORGED)],
    ),
    (
        "senders: [{match: {domain: acme.example, assurance: {arc: [lists.example]}}}]",
        [
            ({"from": BOSS, "proof": "none", "sealedBy": "lists.example"}, _IN),
            ({"from": BOSS, "proof": "none", "sealedBy": "other.example"}, _FORGED),
            ({"from": BOSS}, _IN),
        ],
    ),
    (
        "senders: [{match: {anyone: true, assurance: none}}]",
        [({"from": EVE, "proof": "none"}, _IN), ({"from": EVE, "proof": "unsettled"}, _IN)],
    ),
]
CONDITIONS: list[Case] = [
    (
        (
            "senders: [{match: {domain: acme.example}, when: {injectionFamilies: [override]}, action: hold},"
            " {match: {domain: acme.example}}]"
        ),
        [({"from": BOSS, "injectionFamilies": ["override"]}, "hold rule.held"), ({"from": BOSS}, _IN)],
    ),
    (
        "senders: [{match: {domain: acme.example}, when: {injectionScore: {atLeast: 0.2, below: 0.8}}, action: hold}]",
        [
            ({"from": BOSS, "injectionScore": 0.2}, "hold rule.held"),
            ({"from": BOSS, "injectionScore": 0.8}, _NOBODY),
            ({"from": BOSS, "injectionScore": 0.199}, _NOBODY),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, when: {hiddenText: false}}]",
        [
            ({"from": BOSS}, _IN),
            ({"from": BOSS, "techniques": ["display-none"]}, _NOBODY),
            ({"from": BOSS, "damaged": True}, _NOBODY),
        ],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, when: {techniques: [display-none]}, action: discard},"
            " {match: {domain: acme.example}}]"
        ),
        [({"from": BOSS, "techniques": ["display-none"]}, "discard rule.discarded"), ({"from": BOSS}, _IN)],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, when: {attachmentTypes: [.exe]}, action: reject},"
            " {match: {domain: acme.example}}]"
        ),
        [
            ({"from": BOSS, "attachments": [EXE]}, "reject rule.rejected"),
            ({"from": BOSS, "attachments": [{**PDF, "begins": "mz"}]}, "reject rule.rejected"),
            ({"from": BOSS, "attachments": [PDF]}, _IN),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, when: {attachmentOctets: {atMost: 1500}, hasAttachments: true}}]",
        [
            ({"from": BOSS, "attachments": [PDF]}, _IN),
            ({"from": BOSS, "attachments": [PDF, PDF]}, _NOBODY),
            ({"from": BOSS}, _NOBODY),
        ],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, when: {unreadAttachments: true}, action: hold},"
            " {match: {domain: acme.example}}]"
        ),
        [({"from": BOSS, "attachments": [{**PDF, "read": "encrypted"}]}, "hold rule.held"), ({"from": BOSS}, _IN)],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, when: {messageOctets: {over: 5000}}, action: defer},"
            " {match: {domain: acme.example}}]"
        ),
        [({"from": BOSS, "octets": 5000}, _IN), ({"from": BOSS, "octets": 5001}, "defer rule.deferred")],
    ),
    (
        "senders: [{match: {domain: acme.example}, when: {automatic: false, tls: true}}]",
        [
            ({"from": BOSS}, _IN),
            ({"from": BOSS, "automatic": True}, _NOBODY),
            ({"from": BOSS, "tls": False}, _NOBODY),
        ],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, when: {scans: [found, unavailable]}, action: hold},"
            " {match: {domain: acme.example}}]"
        ),
        [({"from": BOSS, "scans": ["unavailable"]}, "hold rule.held"), ({"from": BOSS, "scans": ["clean"]}, _IN)],
    ),
    (
        "senders: [{match: {domain: acme.example}, when: {language: [de, en]}}]",
        [({"from": BOSS, "language": "de"}, _IN), ({"from": BOSS, "language": "unknown"}, _NOBODY)],
    ),
    (
        "senders: [{match: {anyone: true}, when: {replayed: true}, action: discard}, {match: {anyone: true}}]",
        [({"from": EVE, "replayed": True}, "discard rule.discarded"), ({"from": EVE}, _IN)],
    ),
    (
        (
            "workingHours: {timeZone: Europe/Berlin, days: [friday], from: 22:00, to: 06:00},"
            " senders: [{match: {domain: acme.example}, when: {workingHours: inside}}]"
        ),
        [
            (_hours("2026-07-03T20:00:00Z"), _IN),
            (_hours("2026-07-04T03:59:59Z"), _IN),
            (_hours("2026-07-04T04:00:00Z"), _NOBODY),
            (_hours("2026-07-03T03:00:00Z"), _NOBODY),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, expiresAt: 2026-07-01T00:00:00+02:00}]",
        [(_hours("2026-06-30T21:59:59Z"), _IN), (_hours("2026-06-30T22:00:00Z"), _NOBODY)],
    ),
]
ENDS: list[Case] = [
    (
        "senders: [{match: {domain: acme.example}}], contentGuards: [{reject: wire, reason: w, in: [subject, links]}]",
        [({"from": BOSS, "subject": "a wire"}, "reject content.guard"), ({"from": BOSS, "headers": "wire"}, _IN)],
    ),
    (
        "senders: [{match: {domain: acme.example}}], contentGuards: [{reject: '(?i)pass ?word', reason: w}]",
        [
            ({"from": BOSS, "text": "PASS\u200bWORD"}, "reject content.guard"),
            ({"from": BOSS, "text": "\uff50\uff41\uff53\uff53word"}, "reject content.guard"),
            ({"from": BOSS, "html": "pass<b>word</b>"}, "reject content.guard"),
        ],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}}], contentGuards: [{reject: iban, reason: w, in: [attachments],"
            " action: defer}]"
        ),
        [
            ({"from": BOSS, "attachments": [{**PDF, "text": "an iban"}]}, "defer content.guard"),
            ({"from": BOSS, "attachments": [{**PDF, "read": "encrypted"}]}, "reject content.too_long"),
            ({"from": BOSS, "text": "an iban"}, _IN),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, rateLimit: {perHour: 9, perDay: 10}}]",
        [
            ({"from": BOSS, "counts": {"hour": 9, "day": 10}}, "defer rate.per_hour"),
            ({"from": BOSS, "counts": {"hour": 8, "day": 10}}, "defer rate.per_day"),
        ],
    ),
    (
        "senders: [{name: all, match: {anyone: true}, rateLimit: {perDay: 2, per: rule}}]",
        [({"from": EVE, "counts": {"day": 1}}, _IN), ({"from": BOSS, "counts": {"day": 2}}, "defer rate.per_day")],
    ),
    (
        "senders: [{match: {domain: acme.example}, tokenBudget: {perMessage: 1, perSender: 9, perDay: 5}}]",
        [
            ({"from": BOSS, "counts": {"tokensSender": 9, "tokensDay": 5}}, "defer budget.per_sender"),
            ({"from": BOSS, "counts": {"tokensSender": 8, "tokensDay": 5}}, "defer budget.per_day"),
            ({"from": BOSS}, _IN),
        ],
    ),
    (
        "senders: [{match: {domain: acme.example}, tokenBudget: {perMessage: 0}}]",
        [({"from": BOSS}, "defer budget.per_message")],
    ),
    (
        (
            "senders: [{match: {domain: acme.example}, action: hold, rateLimit: {perHour: 1},"
            " hold: {expiresAfter: 12h, then: deliver}}]"
        ),
        [({"from": BOSS}, "hold rule.held"), ({"from": BOSS, "counts": {"hour": 1}}, "defer rate.per_hour")],
    ),
]
POLICIES: dict[str, Case] = {case[0]: case for case in (*NAMES, *PROOFS, *CONDITIONS, *ENDS)}
