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
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from gatepost.arrive.paper import Direction
from gatepost.clock import Entropy
from gatepost.decide.paper import Decided
from gatepost.ids import AccountId, EmailId, EntryId, TenantId, ThreadId
from gatepost.record import told
from gatepost.record.canonical import UnrecordableError, canonical, canonical_plain
from gatepost.record.commitment import seal
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.vocabulary import check

FORMAT = 1
LEAF_MAX_OCTETS = 2048
_NUMBER_OCTETS = 19  # a bigint
_REF_OCTETS = 10
_PLAIN = re.compile(r"[A-Za-z0-9._:/+=,-]{0,96}", re.ASCII)
_EPOCH_CHARS = len("2026-11")
_TOO_LONG = f"an entry is longer than {LEAF_MAX_OCTETS} octets"


class Draft(NamedTuple):
    """An entry before the database numbers it.

    Attributes:
        pieces: the leaf, cut where the previous decision's number and its own number belong.
        follows: the email whose latest decision this one follows; None for none.
        opening: JSON of ``{field: {salt, value}}``.
        opening_ref: its name.
        subject: the key of the address of the person it is about; None where it is about nobody in particular.
    """

    kind: Kind
    at: datetime
    pieces: tuple[bytes, bytes, bytes]
    follows: EmailId | None
    opening: bytes
    opening_ref: str
    subject: str | None


def timestamp(at: datetime) -> str:
    """Spell a time as RFC 3339 in UTC, to the microsecond."""
    spelled = orjson.dumps(at if at.tzinfo is UTC else at.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()
    return spelled if at.microsecond else f"{spelled[:-1]}.000000Z"


@lru_cache(maxsize=4096)  # most are words of ours, which come again and again
def _is_code(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None


def _is_plain(value: Json) -> bool:
    """Tell whether a value may stand in the leaf: numbers, and words that look like codes."""
    if isinstance(value, str):
        return _is_code(value)
    if value is None or isinstance(value, int):
        return True
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, Mapping) and all(map(_is_plain, value)) and all(map(_is_plain, value.values()))


def _cut(octets: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut a leaf where ``prev_decision_ref`` and ``seq``, which are not known yet and null, have their values.

    After each of the two names only plain words and numbers follow, which no name in quotes can hide in.
    """
    head, name, rest = octets.rpartition(b'"prev_decision_ref":')
    middle, other, tail = rest.rpartition(b'"seq":')
    return head + name, middle.removeprefix(b"null") + other, tail.removeprefix(b"null")


def _octets(value: Json | Mapping[str, Json]) -> bytes:
    return canonical(value).encode()


def _fit(
    fields: Mapping[str, Json],
    name: str,
    public: tuple[Mapping[str, Json], Mapping[str, Json]],
    private: Mapping[str, bytes],
    *,
    entropy: Entropy,
    is_exact: bool = True,
) -> tuple[bytes, bytes, str]:
    """Fit an entry into its leaf: what is not plain, and then what is largest, is committed instead.

    Args:
        fields: the leaf's, as ``_frame`` returns them.
        name: of the field that what is public stands under.
        public: what is plain by its type, and what may be plain.
        private: what is committed to in any case, in its canonical spelling.
        entropy: draws the salts and the opening's name.
        is_exact: nothing is said of the values; otherwise there are no floats among them.

    Returns:
        the leaf, the opening and the opening's name.

    Raises:
        UnrecordableError: a value is no JSON, or even the commitments alone are too long.
    """
    spell = _octets if is_exact else canonical_plain
    shown, hidden = dict(public[0]), dict(private)
    for each, value in public[1].items():
        if _is_plain(value):
            shown[each] = value
        else:
            shown.pop(each, None)
            hidden[each] = spell(value)
    ref = f"op_{entropy(_REF_OCTETS).hex()}"
    while True:
        commitments, opening = seal(hidden, entropy)
        leaf = canonical_plain({**fields, name: shown, "c": commitments, "salt_ref": ref})  # what is plain is no float
        if len(leaf) + 2 * _NUMBER_OCTETS <= LEAF_MAX_OCTETS:
            return leaf, opening, ref
        if not shown:
            raise UnrecordableError(_TOO_LONG)
        largest = max(shown, key=lambda each: len(spell(shown[each])))
        hidden[largest] = spell(shown.pop(largest))


def _open(fields: Mapping[str, Json], shown: Mapping[str, Json], entropy: Entropy) -> tuple[bytes, bytes, str]:
    """Return an entry of which nothing is committed to: all of it is public, or it is not written.

    Raises:
        UnrecordableError: a value is no JSON, or all of it is too long.
    """
    ref = f"op_{entropy(_REF_OCTETS).hex()}"
    commitments, opening = seal({}, entropy)
    leaf = _octets({**fields, "detail": dict(shown), "c": commitments, "salt_ref": ref})
    if len(leaf) + 2 * _NUMBER_OCTETS > LEAF_MAX_OCTETS:
        raise UnrecordableError(_TOO_LONG)
    return leaf, opening, ref


def decision_drafts(decided: Decided, *, thread: ThreadId | None, entropy: Entropy) -> list[Draft]:
    """Return one entry per recipient, in envelope order; total for every decision."""
    arrived = decided.arrived
    fields = _frame(
        kind=Kind.DECISION,
        at=arrived.received_at,
        tenant=arrived.tenant,
        account=arrived.account,
        email=arrived.email,
        action="message.decided",
        actor=arrived.submitter or "house",
        object_ref=arrived.email,
    )
    fields["policy_version"] = decided.decision.policy_version
    public = told.codes(decided, thread), told.phrases(decided)
    persons = {name: canonical_plain(value) for name, value in told.persons(decided).items()}
    follows = arrived.in_reply_to if arrived.direction is Direction.OUTBOUND else None
    drafts = []
    for recipient in arrived.envelope.rcpt_to:
        subject = decided.verified.subject_of(recipient)
        persons["recipient"] = canonical_plain(str(recipient))
        leaf, opening, ref = _fit(fields, "decision", public, persons, entropy=entropy, is_exact=False)
        drafts.append(Draft(Kind.DECISION, arrived.received_at, _cut(leaf), follows, opening, ref, subject))
    return drafts


def consequence_draft(tenant: TenantId, consequence: Consequence, *, entropy: Entropy, is_open: bool = False) -> Draft:
    """Return the entry of a consequence or an administrative act; with ``is_open``, whatever it says stands in clear.

    Raises:
        UnrecordableError: the vocabulary has no such thing, or its values are no JSON or too many for a leaf.
    """
    if not is_open:  # facts of the trust log have a vocabulary of their own
        check(consequence)
    tokens = consequence.public.get("tokens")
    fields = _frame(
        kind=consequence.kind,
        at=consequence.at,
        tenant=tenant,
        account=consequence.account,
        email=consequence.email,
        action=consequence.action,
        actor=consequence.actor,
        object_ref=consequence.object_ref,
    )
    if consequence.kind is Kind.USAGE and isinstance(tokens, int):
        fields["tokens"] = tokens
    if is_open:
        leaf, opening, ref = _open(fields, consequence.public, entropy)
    else:
        private = {name: _octets(value) for name, value in consequence.private.items()}
        leaf, opening, ref = _fit(fields, "detail", ({}, consequence.public), private, entropy=entropy)
    return Draft(
        consequence.kind, consequence.at, _cut(leaf), consequence.email, opening, ref, subject=consequence.subject
    )


def renumbered(leaf: bytes, numbers: Mapping[EntryId, EntryId]) -> bytes:
    """Return a leaf under the number that takes the place of its own; what it follows has its new one too."""
    fields: dict[str, Json] = orjson.loads(leaf)
    for name in ("seq", "prev_decision_ref"):
        number = fields[name]
        if isinstance(number, int):
            fields[name] = numbers.get(EntryId(number), number)
    return _octets(fields)


def _frame(
    *,
    kind: Kind,
    at: datetime,
    tenant: TenantId,
    account: AccountId | None,
    email: EmailId | None,
    action: str,
    actor: str,
    object_ref: str,
) -> dict[str, Json]:
    once = (email or "", object_ref) if email != object_ref else (object_ref,)  # of a decision they are one
    if not all(map(_is_code, (tenant, action, actor))) or not all(map(_PLAIN.fullmatch, once)):
        raise UnrecordableError("ids and actions are plain words")
    ts = timestamp(at)
    return {
        "v": FORMAT,
        "kind": kind._value_,
        "ts": ts,
        "key_epoch": ts[:_EPOCH_CHARS],
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
        "prev_decision_ref": None,
        "seq": None,
    }


Leaf = dict[str, Any]
"""A leaf read back: the fields above. Its ``decision`` and ``detail`` are dicts or None."""


def legible(octets: bytes | None) -> Leaf | None:
    """Return the leaf of what is no decision as it lies in the tables; None where somebody changed it into no such."""
    try:
        leaf = orjson.loads(octets or b"")
        datetime.fromisoformat(leaf["ts"])
        words = [leaf["action"], leaf["actor_ref"], leaf["object_ref"]]
        is_whole = isinstance(leaf["account"], int | None) and isinstance(leaf["detail"], dict)
    except (KeyError, TypeError, ValueError):
        return None
    return leaf if is_whole and all(isinstance(word, str) for word in words) else None
