"""Policies and mails drawn by lot, with every word of the language, for ``reference`` and the house to judge."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from random import Random
from typing import Any

from decide.reference import name_of, organization
from decide.scene import inbound
from gatepost.arrive.paper import Door, Peer, Tls
from gatepost.decide.paper import Counted, Facts, Ruling, Waiting
from gatepost.mail.address import Address
from gatepost.mail.kinds import Begins
from gatepost.verify.paper import (
    ArcSeal,
    ArcVerdict,
    Attachment,
    AutoMail,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    Extraction,
    Family,
    Injection,
    Language,
    ModelView,
    Reading,
    Result,
    ScanResult,
    ScanVerdict,
    Span,
    SpfVerdict,
    Technique,
    Verified,
)
from gatepost.verify.signed_data import LIST_ID

Doc = dict[str, Any]
AUTHORS = (
    "Boss@Acme.example",
    "eve@acme.example",
    "x@mail.acme.example",
    "a@xn--bcher-kva.example",
    "eve@evil.example",
)
ADDRESSES = (
    "boss@acme.example",
    '"b\\oss"@ACME.example.',
    "X@mail.acme.example",
    "a@bücher.example",
    "eve@evil.example",
)
DOMAINS = ("acme.example", "Mail.Acme.example", "bücher.example.", "evil.example", "nobody.example")
PARTIES = (*ADDRESSES, *DOMAINS, "*.acme.example", "*.example")
SIGNERS = ("acme.example", "mail.acme.example", "evil.example", "lists.example", "sender.example")
ACTIONS = ("deliver", "hold", "defer", "discard", "reject")
PDF, EXE, IMAGE = "application/pdf", ".exe", "image/*"
TYPES = (PDF, EXE, IMAGE)
KINDS: tuple[tuple[str, str, Begins, set[str], set[str]], ...] = (
    ("a.pdf", "application/pdf", Begins.PDF, {PDF}, {PDF}),
    ("b.pdf", "application/pdf", Begins.UNKNOWN, {PDF}, {PDF}),
    ("c.pdf", "application/pdf", Begins.MZ, {PDF}, {PDF, EXE}),
    ("d.exe", "application/x-msdownload", Begins.MZ, {EXE}, {EXE}),
    ("e.exe", "application/pdf", Begins.MZ, {PDF, EXE}, {PDF, EXE}),
    ("f.png", "image/png", Begins.PNG, {IMAGE}, {IMAGE}),
    ("g.txt", "text/plain", Begins.UNKNOWN, set(), set()),
)
"""Files: name, declared type, how they begin, what they are said to be, and what anything about them speaks for."""
PATTERNS = ("(?i)bank details", "wire", "[0-9]{6}", "(?i)^pay")
WORDS = (
    "bankdetails",
    "Bank details", "bank\ndetails", "> bank\n> details", "\uff42\uff41\uff4e\uff4b details", "ba\u200bnk details",
    "wire", "w\u00adire", "Wire", "123456", "12 3456", "pay", "to pay", "PAY\nnow",
)  # fmt: skip
PLACES = ("body", "subject", "headers", "text", "html", "links", "attachments")
BUDGETS = ("perMessage", "perThread", "perSender", "perDay")
NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)


LAST: Doc = {"match": {"anyone": True, "assurance": "none"}, "capabilities": ["*", "forward"], "labels": ["last"]}


def some(lot: Random, chances: float, drawn: Doc) -> Doc:
    """Return some of the members."""
    return {name: each for name, each in drawn.items() if lot.random() < chances}


def few(lot: Random, of: Sequence[Any], most: int) -> list[Any]:
    return lot.sample(list(of), lot.randint(1, min(most, len(of))))


def moment(lot: Random) -> datetime:
    return NOON + timedelta(minutes=lot.randrange(-5_000, 5_000))


def draw_match(lot: Random) -> Doc:
    listed = few(lot, SIGNERS, 3)
    proofs = ("aligned", "dmarc", "dmarcOrAligned", "none", {"arc": listed}, {"signedBy": listed})
    who: Doc = lot.choice(
        [
            {"anyone": True},
            {"anyone": True},
            {"domain": "example", "subdomains": True},
            {"address": lot.choice(ADDRESSES)},
            {"domain": lot.choice(DOMAINS)},
            {"domain": lot.choice(DOMAINS), "subdomains": lot.random() < 0.7},
            {"domain": lot.choice(DOMAINS), "address": lot.choice(ADDRESSES)},
            {"group": lot.choice("gh")},
            {"list": "News.acme.example"},
            {"answersUs": True},
            {"anyone": True, "list": "news.acme.example"},
        ]
    )
    more = {"assurance": lot.choice(proofs), "requireDkim": lot.random() < 0.5, "requireSpf": lot.random() < 0.5}
    return {**who, **some(lot, 0.3, more), **({"assurance": "none"} if lot.random() < 0.5 else {})}


def draw_when(lot: Random) -> Doc:
    bounds = [{"over": 900}, {"atMost": 1_500}, {"over": 100, "atMost": 2_500}]
    drawn: Doc = {
        "injectionScore": lot.choice([{"atLeast": 0.5}, {"below": 0.5}, {"atLeast": 0.2, "below": 0.9}]),
        "injectionFamilies": few(lot, ("override", "role", "task"), 2),
        "hiddenText": lot.random() < 0.5,
        "techniques": few(lot, ("display-none", "html-comment", "homoglyph"), 2),
        "hasAttachments": lot.random() < 0.5,
        "attachmentTypes": few(lot, TYPES, 2),
        "otherAttachmentTypes": few(lot, TYPES, 2),
        "attachmentOctets": lot.choice(bounds),
        "unreadAttachments": lot.random() < 0.5,
        "messageOctets": lot.choice(bounds),
        "automatic": lot.random() < 0.5,
        "tls": lot.random() < 0.5,
        "scans": few(lot, ("clean", "found", "unavailable"), 2),
        "language": few(lot, ("de", "en", "unknown"), 2),
        "workingHours": lot.choice(["inside", "outside"]),
        "firstTime": lot.random() < 0.5,
        "replayed": lot.random() < 0.5,
    }
    return {name: drawn[name] for name in few(lot, tuple(drawn), 2)}


def draw_rule(lot: Random, index: int) -> Doc:
    action = lot.choice(("deliver", "deliver", *ACTIONS))
    limit, then = lot.randint(0, 5), lot.choice(["refuse", "deliver"])
    return {
        "match": draw_match(lot),
        **some(
            lot,
            0.35,
            {
                "name": f"n{index}",
                "when": draw_when(lot),
                "labels": few(lot, "xyz", 2),
                "reason": f"because {index}",
                "expiresAt": moment(lot).isoformat(),
                "capabilities": few(lot, ("read_calendar", "calendar.read", "forward", "send", "*"), 3),
                "rateLimit": {"perHour": limit, "perDay": lot.randint(0, 20), "per": lot.choice(["author", "domain"])},
                "tokenBudget": some(lot, 0.5, {name: lot.randint(0, 30) for name in BUDGETS}),
                "action": action,
            },
        ),
        **({"action": "hold", "hold": {"expiresAfter": lot.choice(["2h", "3d"]), "then": then}} if limit == 0 else {}),
        **({"name": f"n{index}", "rateLimit": {"perDay": limit, "per": "rule"}} if lot.random() < 0.1 else {}),
    }


def draw_policy(lot: Random) -> Doc:
    """Draw a policy without ``outbound``."""
    guards = [
        {"reject": lot.choice(PATTERNS), "reason": f"found {index}"}
        | some(lot, 0.5, {"in": few(lot, PLACES, 3), "action": lot.choice(ACTIONS[1:])})
        for index in range(lot.choice([0, 0, 1, 2, 3]))
    ]
    return {
        "defaultAction": lot.choice(["bounce", "drop"]),
        "groups": {name: few(lot, PARTIES, 3) for name in "gh"},
        "workingHours": {
            "timeZone": lot.choice(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"]),
            "days": few(lot, ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), 5),
            **lot.choice([{"from": "08:00", "to": "18:00"}, {"from": "22:00", "to": "06:30"}]),
        },
        "senders": [draw_rule(lot, index) for index in range(lot.randint(0, 5))] + [LAST] * lot.randint(0, 1),
        "contentGuards": guards,
        "auditLog": {"retentionDays": 30},
    }


def draw_mail(lot: Random) -> Doc:
    """Draw a mail, as ``reference`` reads it."""
    author = name_of(lot.choice(AUTHORS)) if lot.random() < 0.97 else None
    result = ("pass", "pass", "fail", "temperror", "none")
    signatures = [
        {
            "domain": lot.choice(SIGNERS),
            "result": lot.choice(result[:4]),
            "is_whole": lot.random() < 0.8,
            "signs_list": lot.random() < 0.7,
        }
        for _ in range(lot.randint(0, 2))
    ]
    spf = (lot.choice(result), lot.choice(SIGNERS))
    words = {place: lot.choice(WORDS) if lot.random() < 0.3 else "hello" for place in ("text", "html", "subject")}
    files = [file_of(kind, lot.choice([*WORDS, "hello"])) for kind in lot.choices(KINDS, k=lot.choice([0, 0, 1, 2]))]
    return {
        "author": author,
        "problem": lot.choice(["author.missing", "author.ambiguous"]),
        "spf": spf,
        "dkim": signatures,
        **_proof(lot, author, spf, signatures),
        "arc": lot.choice(["pass", "pass", "fail", "none", "temperror"]),
        "seals": [(lot.choice(SIGNERS[2:]), lot.random() < 0.6) for _ in range(lot.randint(0, 3))],
        "score": lot.choice([0.0, 0.2, 0.499, 0.5, 0.9]),
        "families": few(lot, ("override", "role", "task"), 2) if lot.random() < 0.3 else [],
        "techniques": few(lot, ("display-none", "html-comment", "homoglyph"), 2) if lot.random() < 0.3 else [],
        "is_damaged": lot.random() < 0.1,
        "is_cut": lot.random() < 0.05,
        "files": [{**each, "is_unread": lot.random() < 0.15} for each in files],
        "octets": lot.choice([100, 900, 901, 1_500, 2_501]),
        "language": lot.choice(["de", "en", "unknown", None]),
        "list": lot.choice(["", "", "news.acme.example"]),
        "scans": few(lot, ("clean", "found", "unavailable"), 2) if lot.random() < 0.3 else [],
        "at": moment(lot),
        **{name: lot.random() < 0.5 for name in ("automatic", "tls", "firstTime", "replayed", "answersUs")},
        "words": words,
        "places": _places(words, files),
        "counts": {
            name: {"hour": lot.randint(0, 3), "day": lot.randint(0, 9)} for name in ("author", "domain", *RULES)
        },
        "tokens": {name: lot.randint(0, 9) for name in BUDGETS[1:]},
        "ruling": lot.choice(RULED),
        "waiting": lot.choice(CROWDS),
        "is_notice": lot.random() < 0.01,
        "is_postmaster": lot.random() < 0.01,
    }


RULED = (*[None] * 40, *["approved", "expired open"] * 4, "denied", "expired refused")
CROWDS = (*[None] * 4, (0, 0, 0), (19, 199, 999), (20, 20, 20), (7, 200, 300), (3, 3, 1_000), (20, 200, 1_000))
"""What waits already of an author, an organisation and in the mailbox; None where nobody counted."""
RULES = [f"{above}rule n{index}" for above in ("", "tenant ") for index in range(5)]
"""The windows of rules."""
WINDOWS = ("author", "domain", *RULES)


def _proof(lot: Random, author: str | None, spf: tuple[str, str], signatures: list[Doc]) -> Doc:
    """Draw what ``verify`` says of all proofs together, so that it fits them."""
    own = organization((author or "").rpartition("@")[2])
    theirs = [each for each in signatures if organization(each["domain"]) == own]
    is_spf = organization(spf[1]) == own
    aligned = any(each["result"] == "pass" and each["is_whole"] for each in theirs) or (is_spf and spf[0] == "pass")
    is_unknown = any(each["result"] == "temperror" for each in theirs) or (is_spf and spf[0] == "temperror")
    dmarc = lot.choice(["pass" if aligned else "fail", "none", "temperror"])
    return {"aligned": aligned, "unsettled": not aligned and is_unknown, "dmarc": dmarc}


def file_of(kind: tuple[str, str, Begins, set[str], set[str]], text: str) -> Doc:
    return {**dict(zip(("name", "type", "begins", "said", "signs"), kind, strict=True)), "octets": 800, "text": text}


def _places(words: Doc, files: list[Doc]) -> dict[str, list[str]]:
    """Return which texts stand where guards may look."""
    header = f"Subject: {words['subject']}"
    return {
        "body": [words["text"], words["html"]],
        "subject": [words["subject"]],
        "headers": [header],
        "text": [words["text"]],
        "html": [words["html"]],
        "links": [words["text"]],
        "attachments": [each[name] for each in files for name in ("name", "text")],
    }


def verified(mail: Doc) -> Verified:
    """Return a drawn mail as the house sees it."""
    author = mail["author"]
    local, _, domain = (author or "").rpartition("@")
    evidence = Evidence(
        author=Address(local, domain) if author else None,
        author_problem="" if author else mail["problem"],
        spf=SpfVerdict(Result(mail["spf"][0]), mail["spf"][1], "mailfrom"),
        helo=SpfVerdict(Result.NONE, "mx.example", "helo"),
        dkim=tuple(_signature(each, domain) for each in mail["dkim"]),
        dmarc=DmarcVerdict(Result(mail["dmarc"]), domain),
        arc=ArcVerdict(
            Result(mail["arc"]),
            tuple(ArcSeal(number, by, "s", claims) for number, (by, claims) in enumerate(mail["seals"], start=1)),
        ),
        is_aligned=mail["aligned"],
        is_unsettled=mail["unsettled"],
        content=_content(mail),
        injection=Injection(mail["score"], tuple(map(Family, mail["families"]))),
        scans=tuple(ScanVerdict("s", ScanResult(each)) for each in mail["scans"]),
        auto=AutoMail(is_own=mail["automatic"]),
        language=None if mail["language"] is None else Language(mail["language"]),
    )
    return inbound(
        evidence,
        raw=b"x" * mail["octets"],
        received_at=mail["at"],
        door=Door.HOUSE if mail["is_notice"] else Door.SMTP,
        is_postmaster=mail["is_postmaster"],
        peer=Peer(IPv4Address("192.0.2.1"), "mx.example", Tls("TLSv1.3", "") if mail["tls"] else None),
    )


def _signature(told: Doc, author_domain: str) -> DkimVerdict:
    is_whole, domain = told["is_whole"], told["domain"]
    is_aligned = is_whole and organization(domain) == organization(author_domain)
    return DkimVerdict(
        Result(told["result"]),
        domain,
        "s",
        "rsa",
        is_aligned=is_aligned,
        unsigned_octets=0 if is_whole else 9,
        unsigned_fields=() if told["signs_list"] else (LIST_ID,),
    )


def attached(files: Sequence[Doc]) -> tuple[Attachment, ...]:
    """Return drawn files as the house sees them."""
    read = {True: Extraction.ENCRYPTED, False: Extraction.DONE}
    return tuple(
        Attachment(
            number, each["name"], each["type"], each["octets"], each["text"], read[each["is_unread"]], each["begins"]
        )
        for number, each in enumerate(files, start=1)
    )


def _content(mail: Doc) -> Content:
    words = mail["words"]
    reading = Reading(
        words["text"],
        ModelView(words["text"]),
        tuple(Span(Technique(each), "html", 0, 0, "") for each in mail["techniques"]),
        attachments=attached(mail["files"]),
        is_cut=mail["is_cut"],
        is_malformed=mail["is_damaged"],
    )
    return Content(
        subject=words["subject"],
        plain=words["text"],
        html=f"<p>{words['html']}</p>",
        reading=reading,
        message_id="",
        references=(),
        reply_to=(),
        list_id=mail["list"],
        headers=f"Subject: {words['subject']}",
    )


def facts(mail: Doc) -> Facts:
    """Return what was counted before a drawn mail, and looked up for it."""
    counts, tokens = mail["counts"], mail["tokens"]
    domain = (mail["author"] or "").rpartition("@")[2]
    windows = {name.replace("rule ", "rule\n"): Counted(**counts[name]) for name in RULES}
    return Facts(
        messages_hour=counts["author"]["hour"],
        messages_day=counts["author"]["day"],
        tokens_thread=tokens["perThread"],
        tokens_day=tokens["perDay"],
        tokens_sender=tokens["perSender"],
        windows={**windows, f"domain\n{domain}": Counted(**counts["domain"])},
        is_first_time=mail["firstTime"],
        answers_us=mail["answersUs"],
        is_replayed=mail["replayed"],
        ruling=RULINGS[mail["ruling"]],
        waiting=mail["waiting"] and Waiting(*mail["waiting"]),
    )


RULINGS = {
    None: None,
    "approved": Ruling(is_approved=True, by="ky_a"),
    "denied": Ruling(is_approved=False, by="ky_a"),
    "expired open": Ruling(is_approved=True, by="", is_expiry=True),
    "expired refused": Ruling(is_approved=False, by="", is_expiry=True),
}
