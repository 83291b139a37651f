"""What agents send, and what policies say of it, drawn by lot as ``draws`` does."""

from dataclasses import replace
from random import Random
from typing import Any

from decide.draws import CROWDS, KINDS, RULED, RULINGS, attached, draw_policy, few, file_of, some
from decide.scene import AGENT, content, evidence, outbound
from gatepost.decide.outbound_language import Stop
from gatepost.decide.paper import Answered, Counted, Facts, Leaving, Waiting
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.verify.paper import (
    AutoMail,
    Family,
    Injection,
    ModelView,
    Reading,
    Signal,
    Verified,
)

Doc = dict[str, Any]
PEOPLE = ("boss@acme.example", "eve@acme.example", "x@mail.acme.example", "eve@evil.example", "desk@gate.example")
FOOTERS = ("Written by an agent.", "Desk of Acme")
MARK = "orchid-7731-zebra"
TEXTS: tuple[tuple[str, set[str]], ...] = (
    ("see you at noon", set()),
    ("see you at noon", set()),
    ("4111 1111 1111 1111 it is", {"cardNumbers"}),
    ("DE89 3704 0044 0532 0130 00", {"ibans"}),
    (f"-----BEGIN PRIVATE KEY-----\n{'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' * 2}\n-----END PRIVATE KEY-----", {"secrets"}),
    ("Orchid 7731 zebra", {"canaries"}),
    ("orchid-7731-zebra and DE89370400440532013000", {"canaries", "ibans"}),
)
COUNTS = ([0, 0], [1, 1], [2, 4], [19, 20], [20, 100], [21, 60], [3, 101], [61, 80], [5, 501])


AUTHOR_MOST = 20
"""An agent's waiting mail is counted by mailbox, never by author."""


def draw_outbound(lot: Random) -> Doc:
    limits: tuple[Doc, ...] = ({"perHour": 1}, {"perDay": 3}, {"perHour": 20, "perDay": 100}, {})
    named = {
        "addresses": few(lot, PEOPLE, 2),
        "domains": few(lot, ("acme.example", "*.Acme.example", "evil.example", "gate.example"), 2),
        "groups": few(lot, "gh", 2),
        "thread": lot.random() < 0.7,
        "contacts": lot.random() < 0.7,
    }
    allowed = {
        "types": few(lot, ("application/pdf", "image/*"), 2),
        "names": few(lot, ("*.PDF", "?.png", "a*"), 2),
        "octetsAtMost": lot.choice([500, 800]),
        "filesAtMost": lot.randint(0, 2),
        "otherwise": lot.choice(["deliver", "hold", "reject"]),
    }
    drawn = {
        "recipients": some(lot, 0.5, named),
        "recipientsPerMessage": lot.randint(1, 2),
        "attachments": some(lot, 0.5, allowed),
        "rateLimit": {name: lot.choice(limits) for name in few(lot, ("perRecipient", "perDomain", "perAgent"), 3)},
        "repliesPerThread": lot.choice(limits),
        "canaryMarks": [MARK],
        "footer": lot.choice(FOOTERS),
        "hold": {"expiresAfter": lot.choice(["2h", "3d"]), "then": lot.choice(["refuse", "deliver"])},
        "toMachines": lot.choice(["deliver", "hold", "reject"]),
        **{stop.value: lot.choice(["deliver", "hold", "hold", "reject"]) for stop in Stop},
    }
    return {**draw_policy(lot), "senders": [], "contentGuards": [], "outbound": some(lot, 0.2, drawn)}


def draw_sent(lot: Random) -> Doc:
    """Draw a message that leaves, as ``reference_outbound`` reads it."""
    author = lot.choice(PEOPLE)
    answered = {
        "author": author,
        "isProven": lot.random() < 0.9,
        "isAutomatic": lot.random() < 0.2,
        "replyTo": few(lot, PEOPLE, 2) if lot.random() < 0.3 else [],
    }
    said, leaks = lot.choice(TEXTS)
    below = lot.choice(["", FOOTERS[0], FOOTERS[1], "\n".join(FOOTERS), "\n".join(FOOTERS[::-1])])
    files = [file_of(kind, "hello") for kind in lot.choices(KINDS, k=lot.choice([0, 0, 0, 1, 2]))]
    return {
        "from": str(AGENT),
        "is_ours": lot.random() < 0.99,
        "is_notice": lot.random() < 0.1,
        "to": [author] if lot.random() < 0.7 else few(lot, PEOPLE, 3),
        "answered": answered if lot.random() < 0.85 else None,
        "contacts": few(lot, PEOPLE, 4),
        "thread": few(lot, PEOPLE, 2),
        "others": lot.choice([0, 0, 0, 1, None]),
        "counts": {
            name: dict(zip(("hour", "day"), lot.choice((COUNTS[0], lot.choice(COUNTS))), strict=True))
            for name in ("agent", "recipient", "domain", "replies")
        },
        "own_references": lot.choice([0, 0, 3, 4]),
        "has_house_canary": lot.random() < 0.05,
        "text": f"{said}\n\n{below}",
        "leaks": leaks,
        "files": [{**each, "is_unread": lot.random() < 0.1} for each in files],
        "is_sandboxed": lot.random() < 0.1,
        "ruling": lot.choice(RULED),
        "waiting": lot.choice([each for each in CROWDS if not each or each[0] < AUTHOR_MOST]),
    }


def leaving(sent: Doc) -> Verified:
    """Return a drawn message as the house sees it."""
    said = sent["text"]
    canary = (Signal("canary.text", Family.CANARY, "", 0, 0, 0.0),) if sent["has_house_canary"] else ()
    message = outbound(map(Address.parse, sent["to"]), is_notice=sent["is_notice"], auth=sent["is_ours"])
    found = evidence(
        author=AGENT,
        auth=sent["is_ours"],
        content=content(said, reading=Reading(said, ModelView(said), attachments=attached(sent["files"]))),
        injection=Injection(signals=canary),
        auto=AutoMail(own_references=sent["own_references"]),
    )
    return replace(message, evidence=found)


def facts(sent: Doc) -> Facts:
    """Return what was known of where it goes."""
    told = sent["answered"]
    answered = told and Answered(
        EmailId("em_p"),
        Address.parse(told["author"]),
        told["isProven"],
        told["isAutomatic"],
        tuple(map(Address.parse, told["replyTo"])),
    )
    counts = {name: Counted(**each) for name, each in sent["counts"].items()}
    return Facts(
        answered=answered,
        is_sandboxed=sent["is_sandboxed"],
        ruling=RULINGS[sent["ruling"]],
        waiting=sent["waiting"] and Waiting(*sent["waiting"]),
        leaving=Leaving(
            contacts=frozenset(sent["contacts"]), thread=frozenset(sent["thread"]), others=sent["others"], **counts
        ),
    )
