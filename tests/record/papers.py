"""Builds decided messages for the record's suites."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import msgspec
from typing_extensions import override

from gatepost import ids
from gatepost.arrive.paper import Arrived, Peer, Tls
from gatepost.blobs import address_of
from gatepost.clock import Entropy
from gatepost.decide.paper import Decided, Decision, Disposition, Grant, Outcome, Step
from gatepost.decide.reasons import Reason
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, EmailId, KeyId, TenantId
from gatepost.keys import Keyring, KeyringError
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.vocabulary import VOCABULARY, private_fields
from gatepost.verify.paper import (
    ArcVerdict,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    ModelView,
    Reading,
    Result,
    SpfVerdict,
    Verified,
)

TENANT = TenantId("tn_a")
ACCOUNT = AccountId(7)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AFTER = datetime(2199, 1, 1, tzinfo=UTC)
"""Later than any file is written."""
RAW = b"From: boss@corp.example\r\nSubject: hi\r\n\r\nHello\r\n"


def counting(seed: int = 0) -> Entropy:
    """Return entropy that differs at every call and is the same in every run."""
    calls = iter(range(seed, 10**9))

    def entropy(octets: int) -> bytes:
        number = next(calls)
        return b"".join(bytes.fromhex(address_of(b"%d/%d" % (number, at))) for at in range(octets // 32 + 1))[:octets]

    return entropy


@dataclass
class Hands:
    """A clock that is moved by hand."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class OpenKeyring(Keyring):
    """Wraps by naming the purpose; hides nothing, and refuses another purpose as the real one does."""

    seen: list[str] = field(default_factory=list)

    @override
    def wrap(self, purpose: str, secret: bytes, about: bytes = b"") -> bytes:
        self.seen.append(purpose)
        return purpose.encode() + b":" + secret

    @override
    def unwrap(self, purpose: str, wrapped: bytes, about: bytes = b"") -> bytes:
        name, _, secret = wrapped.partition(b":")
        if name != purpose.encode():
            raise KeyringError("the key or the purpose does not fit this wrapped secret")
        return secret


def email_id(number: int) -> EmailId:
    return EmailId(ids.token("em", number.to_bytes(10, "big")))


def evidence(
    *, author: str | None = "boss@corp.example", domain: str = "corp.example", message_id: str = "m@x"
) -> Evidence:
    return Evidence(
        author=Address.parse(author) if author else None,
        author_problem="" if author else "author.missing",
        spf=SpfVerdict(Result.PASS, domain, "mailfrom"),
        helo=SpfVerdict(Result.NONE, "mx.corp.example", "helo"),
        dkim=(DkimVerdict(Result.PASS, domain, "s1", "rsa-sha256", is_aligned=True),),
        dmarc=DmarcVerdict(Result.PASS, domain, "reject", domain),
        arc=ArcVerdict(Result.NONE),
        is_aligned=True,
        is_unsettled=False,
        content=Content(
            subject="hi",
            plain="Hello",
            html="",
            reading=Reading("Hello", ModelView("Hello")),
            message_id=message_id,
            references=(),
            reply_to=(),
        ),
    )


def decision(
    *,
    disposition: Disposition = Disposition.DELIVER,
    outcome: Outcome = Outcome.DELIVERED,
    reason: Reason = Reason.RULE_MATCHED,
    detail: str = "",
    grant: Grant | None = Grant(("read_calendar",), 0),  # noqa: B008  # frozen
    trace: tuple[Step, ...] = (Step("rule:0", "match"), Step("assurance", "pass")),
    body_hash_wanted: bool = False,
) -> Decision:
    return Decision(
        disposition=disposition,
        outcome=outcome,
        reason=reason,
        detail=detail,
        grant=grant,
        policy_version=3,
        policy_digest="ab" * 32,
        trace=trace,
        body_hash_wanted=body_hash_wanted,
    )


def inbound(
    number: int = 1,
    *,
    decided: Decision | None = None,
    seen: Evidence | None = None,
    rcpt_to: tuple[str, ...] = ("agent@house.example",),
    tenant: TenantId = TENANT,
    account: AccountId = ACCOUNT,
    helo: str = "mx.corp.example",
) -> Decided:
    arrived = Arrived.by_smtp(
        email=email_id(number),
        destination=Destination(tenant, account),
        envelope=Envelope(Address.parse("bounces@corp.example"), tuple(Address.parse(each) for each in rcpt_to)),
        peer=Peer(IPv4Address("192.0.2.7"), helo, Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256")),
        raw=RAW,
        blob=address_of(RAW),
        received_at=NOON,
    )
    return Decided(Verified(arrived, seen or evidence()), decided or decision())


def outbound(number: int, *, answers: EmailId) -> Decided:
    arrived = Arrived.by_submission(
        email=email_id(number),
        tenant=TENANT,
        account=ACCOUNT,
        author=Address.parse("agent@house.example"),
        recipient=Address.parse("boss@corp.example"),
        is_notice=False,
        submitter=KeyId("ky_1"),
        in_reply_to=answers,
        identity="id",
        raw=RAW,
        blob=address_of(RAW),
        received_at=NOON,
    )
    return Decided(Verified(arrived, evidence()), decision(reason=Reason.REPLY_TO_AUTHOR, grant=None))


_SAMPLES: dict[object, Json] = {
    int: 1,
    int | None: None,
    bool: True,
    str: "x",
    list[str]: [],
    list[Any]: [],
    dict[str, int]: {},
    dict[str, str]: {},
}


def least(action: str) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the least that an entry of this action must tell: in public, and in private."""
    of = VOCABULARY[action]
    hidden = private_fields(of)
    needed = [field for field in msgspec.structs.fields(of) if field.required]
    values = {field.encode_name: _SAMPLES[_bare(field.type)] for field in needed}
    public = {name: value for name, value in values.items() if name not in hidden}
    return public, {name: value for name, value in values.items() if name in hidden}


def _bare(hint: Any) -> object:
    return hint.__origin__ if hasattr(hint, "__metadata__") else hint


def consequence(
    kind: Kind,
    action: str,
    *,
    email: EmailId | None = None,
    public: Mapping[str, Json] | None = None,
    private: Mapping[str, Json] | None = None,
    object_ref: str = "",
) -> Consequence:
    needed = least(action) if action in VOCABULARY else ({}, {})
    return Consequence(
        kind=kind,
        action=action,
        actor="ky_1",
        at=NOON,
        account=ACCOUNT,
        email=email,
        object_ref=object_ref,
        public={**needed[0], **(public or {})},
        private={**needed[1], **(private or {})},
    )
