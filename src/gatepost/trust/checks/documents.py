"""The operator's texts and papers: reviewed, mapped, agreed to, rendered as decided. What they say stays a word."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from gatepost.trust import deeds
from gatepost.trust.deeds import DeedKind
from gatepost.trust.paper import CannotVerifyError, Finding, attested, borne_out, failed, passed
from gatepost.trust.registers import (
    Contact,
    Control,
    Disclosure,
    Document,
    Entity,
)
from gatepost.trust.world import World

ANNEX_A = tuple(
    f"{clause}.{number}" for clause, last in ((5, 37), (6, 8), (7, 14), (8, 34)) for number in range(1, last + 1)
)
"""The numbers of the controls of ISO/IEC 27001:2022 Annex A: 93."""


_ADDRESS = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
"""An address as a text names it, in a link or in words."""


def start_of(day: date) -> datetime:
    """Return midnight UTC of a day."""
    return datetime.combine(day, time(), UTC)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Documents with their texts, and today; of which the log says that they were reviewed."""

    documents: tuple[Document, ...]
    texts: Mapping[str, str]
    now: datetime
    by_log: frozenset[str] = frozenset()


async def shelf(world: World, arguments: Mapping[str, str]) -> Shelf:
    """Return the documents of a kind, of several (``policy,terms``), or all."""
    kinds = set(filter(None, arguments.get("kind", "").split(",")))
    wanted = arguments.get("document")
    known = await deeds.read(world.house.db)
    found = tuple(
        each
        for each in deeds.applied(world.operator, known).documents
        if (not kinds or each.kind in kinds) and (wanted is None or each.id == wanted)
    )
    return Shelf(found, world.operator.texts, world.house.clock(), deeds.entered(known, DeedKind.REVIEWED))


async def reviewed(target: Shelf) -> Finding:
    """See that each text is, octet for octet, what was last reviewed, and that the review is not too old."""
    if not target.documents:
        raise CannotVerifyError("nothing.to_look_at")
    ends = []
    for each in target.documents:
        if sha256_of(target.texts.get(each.file, "")) != each.reviewed_sha256:
            return failed("document.changed_since_review", each.id)
        due = start_of(each.reviewed_on) + timedelta(days=each.review_days)
        if due <= target.now:
            return failed("review.overdue", each.id)
        ends.append(due)
    by_log = len(target.by_log & {each.id for each in target.documents})
    value = {"reviewed": len(target.documents), "by_log": by_log}
    return borne_out(value, min(ends), "documents", by_log=by_log == len(target.documents))


@dataclass(frozen=True, slots=True)
class Mapped:
    """The statement of applicability, and the documents it may name."""

    controls: tuple[Control, ...]
    documents: frozenset[str]
    now: datetime


async def annex_a(world: World, _arguments: Mapping[str, str]) -> Mapped:
    """Return the operator's mapping."""
    operator = world.operator
    return Mapped(operator.controls, frozenset(each.id for each in operator.documents), world.house.clock())


async def mapped(target: Mapped) -> Finding:
    """See that each control is carried by a document that exists, or left out for a written reason."""
    rows = {each.number: each for each in target.controls}
    missing = [number for number in ANNEX_A if number not in rows]
    if missing:
        return failed("control.missing", {"count": len(missing), "first": missing[0]})
    for number, row in rows.items():
        if number not in ANNEX_A:
            return failed("control.unknown", number)
        if bool(row.document) == bool(row.excluded) or (row.document and not row.how):
            return failed("control.unexplained", number)
        if row.document and row.document not in target.documents:
            return failed("control.no_document", number)
    excluded = sum(bool(each.excluded) for each in target.controls)
    return attested(
        {"mapped": len(rows) - excluded, "excluded": excluded, "of": len(ANNEX_A)}, target.now + timedelta(days=90)
    )


@dataclass(frozen=True, slots=True)
class Named:
    """The legal entity, and the agreement that must name it."""

    entity: Entity
    agreement: str
    now: datetime


async def entity(world: World, _arguments: Mapping[str, str]) -> Named:
    """Return the operator's own."""
    found = world.operator.document("agreement")
    if found is None:
        raise CannotVerifyError("document.missing")
    return Named(world.operator.entity, world.operator.text_of(found), world.house.clock())


async def entity_agrees(target: Named) -> Finding:
    """See that the agreement names the same entity, by name, number and jurisdiction."""
    row = target.entity
    for name, value in (("name", row.name), ("number", row.number), ("jurisdiction", row.jurisdiction)):
        if value not in target.agreement:
            return failed(f"entity.{name}_differs", value)
    return attested(f"{row.name}, {row.jurisdiction} {row.number}", target.now + timedelta(days=90))


@dataclass(frozen=True, slots=True)
class Roles:
    """Published contacts, and the roles there have to be."""

    contacts: tuple[Contact, ...]
    texts: Mapping[str, str]


ROLES = ("security", "privacy", "legal", "sales", "support")


async def roles(world: World, _arguments: Mapping[str, str]) -> Roles:
    """Return the operator's contacts, and the texts that may name addresses."""
    return Roles(world.operator.contacts, world.operator.texts)


async def roles_filled(target: Roles) -> Finding:
    """See that each role has an address, and that no text names one that is not registered."""
    filled = {each.role for each in target.contacts if "@" in each.address}
    empty = [role for role in ROLES if role not in filled]
    if empty:
        return failed("contact.role_empty", [*empty])
    known = {each.address.lower() for each in target.contacts}
    for name, text in target.texts.items():
        if {each.lower() for each in _ADDRESS.findall(text)} - known:
            return failed("contact.unregistered", name)
    return passed({"roles": len(filled), "texts": len(target.texts)})


@dataclass(frozen=True, slots=True)
class Rendered:
    """How security reports are taken, as decided and as the published text says it."""

    disclosure: Disclosure
    text: str
    names: tuple[str, ...]
    now: datetime


async def disclosure(world: World, _arguments: Mapping[str, str]) -> Rendered:
    """Return the operator's policy, and every name under which this house is known."""
    row = world.operator.disclosure
    found = world.operator.document(row.policy)
    if found is None:
        raise CannotVerifyError("document.missing")
    settings = world.settings
    names = {settings.hostname, (settings.log.origin or settings.hostname).split("/")[0]}
    names |= {each.address.rpartition("@")[2] for each in world.operator.contacts}
    names |= {urlsplit(settings.http.public_url).hostname or ""} - {""}
    return Rendered(row, world.operator.text_of(found), tuple(sorted(names)), world.house.clock())


async def scope_whole(target: Rendered) -> Finding:
    """See that each name of the house is within the scope that researchers are given."""
    outside = [name for name in target.names if not any(_covers(scope, name) for scope in target.disclosure.scope)]
    if outside:
        return failed("scope.unknown_host", [*outside])
    return passed({"names": [*target.names]})


def _covers(scope: str, name: str) -> bool:
    return name == scope or (scope.startswith("*.") and name.endswith(scope[1:]))


async def scope_rendered(target: Rendered) -> Finding:
    """See that the published text names everything that is in scope and out of it."""
    row = target.disclosure
    missing = [text for text in (*row.scope, *row.out_of_scope) if text not in target.text]
    if missing or not row.out_of_scope:
        return failed("scope.not_rendered", [*missing])
    return passed({"in_scope": len(row.scope), "out_of_scope": len(row.out_of_scope)})


async def bounty_told(target: Rendered) -> Finding:
    """See that the text says what was decided about rewards, and that no payout contradicts it."""
    row = target.disclosure
    if row.bounty_sentence not in target.text:
        return failed("bounty.not_rendered")
    if not row.pays_bounty and row.payouts:
        return failed("bounty.paid", row.payouts)
    return attested({"pays": row.pays_bounty, "payouts": row.payouts}, target.now + timedelta(days=90))
