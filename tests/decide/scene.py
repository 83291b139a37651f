"""Small honest values for this room's tests: a message, what was found about it, and a policy for it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from gatepost.arrive.paper import Arrived, Direction, Door
from gatepost.decide.language import Policy, parse
from gatepost.ids import AccountId, BlobId, EmailId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import (
    ArcVerdict,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    ModelView,
    Reading,
    Result,
    Span,
    SpfVerdict,
    Technique,
    Verified,
)

TENANT = TenantId("tn_a")
ACCOUNT = AccountId(7)
BOSS = Address("boss", "example.com")
AGENT = Address("agent", "gate.example")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def content(text: str = "hello", *, hidden_text: str = "", **changes: Any) -> Content:
    hidden = (Span(Technique.DISPLAY_NONE, "html", 0, 0, hidden_text),) if hidden_text else ()
    said = Content(
        subject="lunch",
        plain=text,
        html="",
        reading=Reading(text, ModelView(text), hidden),
        message_id="",
        references=(),
        reply_to=(),
    )
    return replace(said, **changes)


def dkim(result: Result, domain: str = "example.com", *, is_aligned: bool = True) -> DkimVerdict:
    return DkimVerdict(result, domain, "s1", "ed25519-sha256", is_aligned=is_aligned)


def evidence(**changes: Any) -> Evidence:
    """Return what is found about a mail of the boss whose own domain signed it."""
    found = Evidence(
        author=BOSS,
        author_problem="",
        spf=SpfVerdict(Result.NONE, "example.com", "mailfrom"),
        helo=SpfVerdict(Result.NONE, "mx.example.com", "helo"),
        dkim=(dkim(Result.PASS),),
        dmarc=DmarcVerdict(Result.PASS, "example.com", "reject", "example.com"),
        arc=ArcVerdict(Result.NONE),
        is_aligned=True,
        is_unsettled=False,
        content=content(),
    )
    return replace(found, **changes)


def unproven(**changes: Any) -> Evidence:
    """Return what is found about a forgery."""
    forged = evidence(
        dkim=(), dmarc=DmarcVerdict(Result.FAIL, "example.com", "reject", "example.com"), is_aligned=False
    )
    return replace(forged, **changes)


def arrived(**changes: Any) -> Arrived:
    message = Arrived(
        email=EmailId("em_1"),
        tenant=TENANT,
        account=ACCOUNT,
        direction=Direction.INBOUND,
        door=Door.SMTP,
        envelope=Envelope(BOSS, (AGENT,)),
        raw=b"",
        blob=BlobId("00"),
        received_at=NOON,
    )
    return structs.replace(message, **changes)


def inbound(found: Evidence | None = None, **changes: Any) -> Verified:
    return Verified(arrived(**changes), found if found is not None else evidence())


def outbound(to: Iterable[Address] = (BOSS,), *, is_notice: bool = False, auth: bool = True) -> Verified:
    envelope = Envelope(None if is_notice else AGENT, tuple(to))
    message = arrived(direction=Direction.OUTBOUND, door=Door.REST, envelope=envelope, in_reply_to=EmailId("em_parent"))
    return Verified(message, evidence(author=AGENT, auth=auth, is_aligned=False, dkim=()))


def document(match: Mapping[str, object] | None = None, **rule: object) -> dict[str, Any]:
    """Return a policy document with one rule, for the boss unless ``match`` says otherwise."""
    return {
        "defaultAction": "bounce",
        "senders": [{"match": match if match is not None else {"address": "boss@example.com"}, **rule}],
        "auditLog": {"retentionDays": 30},
    }


def policy(match: Mapping[str, object] | None = None, *, version: int = 1, guards: Any = (), **rule: object) -> Policy:
    compiled, _ = parse({**document(match, **rule), "contentGuards": list(guards)}, version=version)
    return compiled


def dropping(compiled_from: dict[str, Any]) -> Policy:
    compiled, _ = parse({**compiled_from, "defaultAction": "drop"}, version=1)
    return compiled
