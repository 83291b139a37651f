"""Entries as the log will hash them: canonical JSON of at most 2,048 octets, pure.

A leaf outlives everybody's right to be forgotten, so it holds no personal data and no bare hash of any. Words of our
own and plain tokens (ids, codes, verdicts, numbers) stand in it as they are; everything else stands as a salted
commitment under ``c``, and its value lies in the opening. Also the content guard's reason: its author is a customer,
whose words we cannot judge.

Fields: ``v`` format; ``tenant``; ``seq`` the entry's number; ``ts`` RFC 3339; ``kind``; ``actor_ref``; ``action``;
``account``; ``email``; ``object_ref``; ``decision`` of decisions, ``detail`` of all others; ``policy_version``;
``tokens``; ``prev_decision_ref`` the number of the decision it follows; ``c``; ``salt_ref`` names the opening;
``key_epoch`` the month whose key seals the opening.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from gatepost import ids
from gatepost.arrive.paper import Direction
from gatepost.clock import Entropy
from gatepost.decide import replay
from gatepost.decide.paper import Decided
from gatepost.decide.rules import see
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.mail.address import Address
from gatepost.record.canonical import UnrecordableError, canonical, canonical_plain
from gatepost.record.commitment import seal
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.vocabulary import check
from gatepost.verify.paper import Evidence, Injection

FORMAT = 1
LEAF_MAX_OCTETS = 2048
_NUMBER_OCTETS = 19  # a bigint
_REF_OCTETS = 10
_PLAIN = re.compile(r"[A-Za-z0-9._:/+=,-]{0,96}", re.ASCII)
_SIGNATURES_MAX = 16  # of those a message carries; no honest one has more


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before the database numbers it.

    Attributes:
        pieces: the leaf's text, cut where the previous decision's number and its own number belong.
        follows: the email whose latest decision this one follows; None for none.
        opening: JSON of ``{field: {salt, value}}``; ``opening_ref`` its name.
        subject: the key of the address of the person it is about; None where it is about nobody in particular.
    """

    kind: Kind
    at: datetime
    pieces: tuple[str, str, str]
    follows: EmailId | None
    opening: bytes
    opening_ref: str
    subject: str | None


def timestamp(at: datetime) -> str:
    """Spell a time as RFC 3339 in UTC, to the microsecond."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _is_plain(value: Json) -> bool:
    """Tell whether a value may stand in the leaf: numbers, and words that look like codes."""
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    if value is None or isinstance(value, int):
        return True
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, Mapping) and all(map(_is_plain, value)) and all(map(_is_plain, value.values()))


def _cut(fields: Mapping[str, Json], *, is_plain: bool) -> tuple[str, str, str]:
    """Spell the leaf and cut it where ``prev_decision_ref`` and ``seq``, which are not known yet, have their values.

    After each of the two names only plain words and numbers follow, which no name in quotes can hide in.
    """
    whole = {**fields, "prev_decision_ref": None, "seq": None}
    text = canonical_plain(whole) if is_plain else canonical(whole)
    head, name, rest = text.rpartition('"prev_decision_ref":')
    middle, other, tail = rest.rpartition('"seq":')
    return head + name, middle.removeprefix("null") + other, tail.removeprefix("null")


def _draft(
    *,
    kind: Kind,
    at: datetime,
    follows: EmailId | None,
    fields: Mapping[str, Json],
    public: tuple[str, Mapping[str, Json]],
    private: Mapping[str, Json],
    subject: str | None,
    entropy: Entropy,
    is_open: bool = False,
) -> Draft:
    """Fit an entry into its leaf: what is not plain, and then what is largest, is committed instead.

    Of an entry that ``is_open`` nothing is committed: all of it is public, or it is not written.

    Raises:
        UnrecordableError: a value is no JSON, or even the commitments alone are too long.
    """
    name, given = public
    shown = {each: value for each, value in given.items() if is_open or _is_plain(value)}
    hidden = {**private, **{each: value for each, value in given.items() if each not in shown}}
    ref = ids.token("op", entropy(_REF_OCTETS))
    frame: dict[str, Json] = {
        "v": FORMAT,
        "kind": kind.value,
        "ts": timestamp(at),
        "key_epoch": f"{at.astimezone(UTC):%Y-%m}",
        "salt_ref": ref,
        **fields,
    }
    while True:
        commitments, opening = seal(hidden, entropy)
        pieces = _cut({**frame, name: shown, "c": commitments}, is_plain=not is_open)
        if sum(len(piece.encode()) for piece in pieces) + 2 * _NUMBER_OCTETS <= LEAF_MAX_OCTETS:
            return Draft(
                kind=kind,
                at=at,
                pieces=pieces,
                follows=follows,
                opening=_spelled(opening),
                opening_ref=ref,
                subject=subject,
            )
        if not shown or is_open:
            raise UnrecordableError(f"an entry is longer than {LEAF_MAX_OCTETS} octets")
        largest = max(shown, key=lambda each: len(canonical(shown[each])))
        hidden[largest] = shown.pop(largest)


def _spelled(opening: Mapping[str, Json]) -> bytes:
    """Spell the opening; it is not hashed, so any spelling that reads back will do."""
    try:
        return orjson.dumps(opening)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return canonical(opening).encode()


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def domains(evidence: Evidence) -> dict[str, Json]:
    """Return what the verdicts speak of: domains, which may be a person's."""
    return {
        "arc_seals": [[seal.instance, seal.domain, seal.selector, seal.claims_aligned] for seal in evidence.arc.seals],
        "dkim": [
            [each.result.value, each.domain, each.selector, each.algorithm, each.is_aligned]
            for each in evidence.dkim[:_SIGNATURES_MAX]
        ],
        "dmarc": [evidence.dmarc.domain, evidence.dmarc.policy],
        "spf": [evidence.spf.identity, evidence.spf.domain],
    }


def _injection(found: Injection) -> Json:
    """Return the score, in thousandths, and the kinds of signs: words of ours, none of the message's."""
    return [round(found.score * 1000), [family.value for family in found.families]]


def verdicts(evidence: Evidence) -> dict[str, Json]:
    """Return the verdicts as an entry spells them: words and numbers of ours."""
    return {
        "arc": evidence.arc.result.value,
        "auth": evidence.auth,
        "dkim": evidence.dkim_result.value,
        "dmarc": evidence.dmarc.result.value,
        "injection": _injection(evidence.injection),
        "scans": [[scan.scanner, scan.result.value, scan.found] for scan in evidence.scans],
        "is_aligned": evidence.is_aligned,
        "spf": evidence.spf.result.value,
    }


def _decision(decided: Decided, thread: ThreadId | None) -> dict[str, Json]:
    arrived, decision, evidence = decided.arrived, decided.decision, decided.verified.evidence
    grant = decision.grant
    tls = arrived.peer.tls if arrived.peer else None
    above = decision.tenant_policy_version
    return {
        **verdicts(evidence),
        "capabilities": list(grant.capabilities) if grant else None,
        "direction": arrived.direction.value,
        "disposition": decision.disposition.value,
        "door": arrived.door.value,
        "in_reply_to": arrived.in_reply_to,
        "outcome": decision.outcome.value,
        "policy_digest": decision.policy_digest,
        "reason": decision.reason.value,
        "rule_index": grant.rule_index if grant else None,
        "size_octets": len(arrived.raw),
        "thread": thread,
        "tls": tls.version if tls else None,
        **({"labels": list(decision.labels)} if decision.labels else {}),
        **({"tenant_policy": [above, decision.tenant_policy_digest]} if above else {}),
        "trace": [[step.check, step.result] for step in decision.trace],
    }


def _persons(decided: Decided) -> dict[str, Json]:
    """Return what may be about a person; absent values have no commitment."""
    arrived, evidence = decided.arrived, decided.verified.evidence
    peer = arrived.peer
    values: dict[str, Json] = {
        "blob": arrived.blob,
        "body_hash": decided.verified.body_sha256 if decided.decision.body_hash_wanted else None,
        "detail": decided.decision.detail or None,
        "evidence": domains(evidence),
        "helo": peer.helo if peer else None,
        "mail_from": _text(arrived.envelope.mail_from),
        "message_id": evidence.content.message_id or None,
        "remote_address": str(peer.address) if peer else None,
        "seen": _seen(decided),
        "sender": _text(evidence.author),
    }
    return {name: value for name, value in values.items() if value is not None}


def _seen(decided: Decided) -> Json:
    """Return what the decision saw, where a policy made it: ``gatepost replay`` decides once more by it."""
    if not decided.decision.policy_version:
        return None
    return replay.spell(see(decided.verified, decided.facts), decided.verified)


def decision_drafts(decided: Decided, *, thread: ThreadId | None, entropy: Entropy) -> list[Draft]:
    """Return one entry per recipient, in envelope order; total for every decision."""
    arrived = decided.arrived
    fields = _frame(
        tenant=arrived.tenant,
        account=arrived.account,
        email=arrived.email,
        action="message.decided",
        actor=arrived.submitter or "house",
        object_ref=arrived.email,
    )
    fields["policy_version"] = decided.decision.policy_version
    public, persons = _decision(decided, thread), _persons(decided)
    return [
        _draft(
            kind=Kind.DECISION,
            at=arrived.received_at,
            follows=arrived.in_reply_to if arrived.direction is Direction.OUTBOUND else None,
            fields=fields,
            public=("decision", public),
            private={**persons, "recipient": str(recipient)},
            subject=decided.verified.subject,
            entropy=entropy,
        )
        for recipient in arrived.envelope.rcpt_to
    ]


def consequence_draft(tenant: TenantId, consequence: Consequence, *, entropy: Entropy, is_open: bool = False) -> Draft:
    """Return the entry of a consequence or an administrative act; with ``is_open``, whatever it says stands in clear.

    Raises:
        UnrecordableError: the vocabulary has no such thing, or its values are no JSON or too many for a leaf.
    """
    if not is_open:  # facts of the trust log have a vocabulary of their own
        check(consequence)
    tokens = consequence.public.get("tokens")
    fields = _frame(
        tenant=tenant,
        account=consequence.account,
        email=consequence.email,
        action=consequence.action,
        actor=consequence.actor,
        object_ref=consequence.object_ref,
    )
    if consequence.kind is Kind.USAGE and isinstance(tokens, int):
        fields["tokens"] = tokens
    return _draft(
        kind=consequence.kind,
        at=consequence.at,
        follows=consequence.email,
        fields=fields,
        public=("detail", consequence.public),
        private=consequence.private,
        subject=consequence.subject,
        entropy=entropy,
        is_open=is_open,
    )


def _frame(
    *, tenant: TenantId, account: AccountId | None, email: EmailId | None, action: str, actor: str, object_ref: str
) -> dict[str, Json]:
    for word in (tenant, email or "", action, actor, object_ref):
        if not _is_plain(word):
            raise UnrecordableError("ids and actions are plain words")
    return {
        "tenant": tenant,
        "account": account,
        "email": email,
        "action": action,
        "actor_ref": actor,
        "object_ref": object_ref,
        "policy_version": None,
        "tokens": None,
        "decision": None,
        "detail": None,
    }


Leaf = dict[str, Any]
"""A leaf read back: the fields above. Its ``decision`` and ``detail`` are dicts or None."""
