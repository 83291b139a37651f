"""What people of the operator did, each an entry of the public trust log: who, on which day, about which octets.

A register of the folder says what its author likes, of any day. An entry has its own time, which nobody can move, and
names the octets it is about: a review of a text that was changed since is no review of that text. What the log says of
a row is taken in place of what the row says; where it says nothing the row stays, as a word.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from gatepost.db import Database
from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.canonical import canonical
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import stating, store
from gatepost.trust.operator import Operator
from gatepost.trust.registers import Commitment, Document, Member, Review, Transfer

SUBJECT = "@deed/"
POLICY = "information-security"
"""The text that everybody signs."""


class DeedKind(StrEnum):
    """What can be done; the text after each says about what."""

    TRAINED = "trained"  # a member
    SIGNED = "signed"  # a member, the policy as it stands
    REVIEWED = "reviewed"  # a document, as it stands
    CONSULTED = "consulted"  # a release: its security review, with somebody who wrote it
    ASSESSED = "assessed"  # a transfer: its instrument as the register has it
    KEPT = "kept"  # a commitment


class DeedError(ValueError):
    """It cannot be entered; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something done.

    Attributes:
        about: the row it is about, by its reference or id.
        by: who did it, by their reference in people.toml.
        on: the day it was done, never after ``at``.
        sha256: of what it is about, or of the evidence; empty where there is neither.
        beside: who else took part.
        at: when it was entered, by the leaf.
    """

    kind: DeedKind
    about: str
    by: str
    on: date
    sha256: str = ""
    beside: str = ""
    at: datetime

    @property
    def public(self) -> dict[str, Json]:
        """What the leaf says."""
        told = {"about": self.about, "by": self.by, "on": self.on.isoformat(), "sha256": self.sha256}
        return {**told, "beside": self.beside}


Deeds = Mapping[tuple[DeedKind, str], Deed]


async def enter(house: House, operator: Operator, deed: Deed) -> Deed:
    """State a deed; return it as stated.

    Raises:
        DeedError: the registers know no such person or row, its day is still to come, or it needs more.
    """
    bound = octets_of(operator, deed.kind, deed.about)
    made = replace(deed, sha256=bound or deed.sha256)
    if fault := _fault(operator, made):
        raise DeedError(fault)
    subject = f"{SUBJECT}{made.kind}/"
    name = hashlib.sha256(made.about.encode()).hexdigest()[:16]  # a reference may be no plain word
    fact = Fact(action=f"deed.{made.kind}", at=made.at, object_ref=name, detail=made.public)
    await stating.state(house.db, subject, fact, entropy=house.entropy)
    return made


async def read(db: Database) -> Deeds:
    """Return the newest deed of each kind about each row."""
    return read_of(await facts(db))


async def newest(db: Database) -> EntryId:
    """Return the entry of the newest deed; 0 where there is none."""
    async with db.transaction(TRUST) as tx:
        return await store.newest_under(tx, SUBJECT)


async def facts(db: Database) -> list[Stated]:
    """Return the leaves that say so."""
    async with db.transaction(TRUST) as tx:
        entries = [entry for subject, entry in (await store.newest(tx)).items() if subject.startswith(SUBJECT)]
        return await trust_log.stated(tx, entries)


def read_of(facts: Sequence[Stated]) -> Deeds:
    """Return what leaves say was done."""
    return {(each.kind, each.about): each for each in map(_deed, facts)}


def _deed(fact: Stated) -> Deed:
    detail = fact.detail
    return Deed(
        kind=DeedKind(fact.action.partition(".")[2]),
        about=detail["about"],
        by=detail["by"],
        on=date.fromisoformat(detail["on"]),
        sha256=detail["sha256"],
        beside=detail["beside"],
        at=fact.at,
    )


def octets_of(operator: Operator, kind: DeedKind, about: str) -> str:
    """Return the SHA-256 of what a deed is about, as it stands; empty where it is about no octets of the folder."""
    if kind in {DeedKind.REVIEWED, DeedKind.SIGNED}:
        found = operator.document(POLICY if kind is DeedKind.SIGNED else about)
        return "" if found is None else hashlib.sha256(operator.text_of(found).encode()).hexdigest()
    if kind is DeedKind.ASSESSED:
        row = next((each for each in operator.transfers if each.id == about), None)
        return "" if row is None else _instrument(row)
    return ""


def _instrument(row: Transfer) -> str:
    told: dict[str, Json] = {"id": row.id, "mechanism": row.mechanism, "document": row.document}
    told |= {"signed_on": row.signed_on.isoformat(), "until": row.until.isoformat()}
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def _rows(operator: Operator) -> dict[DeedKind, frozenset[str]]:
    """Return what a deed of each kind may be about; of releases, any."""
    members = frozenset(each.ref for each in operator.members)
    return {
        DeedKind.TRAINED: members,
        DeedKind.SIGNED: members,
        DeedKind.REVIEWED: frozenset(each.id for each in operator.documents),
        DeedKind.ASSESSED: frozenset(each.id for each in operator.transfers),
        DeedKind.KEPT: frozenset(each.id for each in operator.commitments),
    }


def _fault(operator: Operator, deed: Deed) -> str:
    """Return what is wrong with a deed; empty where nothing is."""
    members = {each.ref for each in operator.members}
    known = _rows(operator).get(deed.kind)
    if deed.by not in members:
        return f"people.toml knows no {deed.by!r}"
    if known is not None and deed.about not in known:
        return f"the folder has no {deed.about!r} that could be {deed.kind}"
    if deed.on > deed.at.date():
        return f"{deed.on} is still to come"
    if deed.kind is DeedKind.SIGNED and deed.by != deed.about:
        return "nobody signs for another"
    if deed.kind is DeedKind.CONSULTED and (deed.beside not in members or deed.beside == deed.by):
        return "a review names, beside who held it, somebody of people.toml who wrote the release"
    return "evidence is named by its file" if deed.kind is DeedKind.KEPT and not deed.sha256 else ""


def applied(operator: Operator, deeds: Deeds) -> Operator:
    """Return the folder with what the log says in place of what its registers say."""
    return replace(
        operator,
        members=tuple(_member(each, deeds) for each in operator.members),
        documents=tuple(_document(each, deeds) for each in operator.documents),
        transfers=tuple(_transfer(each, deeds) for each in operator.transfers),
        commitments=tuple(_commitment(each, deeds) for each in operator.commitments),
        reviews=(*operator.reviews, *_reviews(operator, deeds)),
    )


def entered(deeds: Deeds, kind: DeedKind) -> frozenset[str]:
    """Return the rows of which the log says that this was done."""
    return frozenset(about for each, about in deeds if each is kind)


def _member(row: Member, deeds: Deeds) -> Member:
    if trained := deeds.get((DeedKind.TRAINED, row.ref)):
        row = replace(row, trained_on=trained.on)
    if signed := deeds.get((DeedKind.SIGNED, row.ref)):
        row = replace(row, signed_on=signed.on, signed_sha256=signed.sha256)
    return row


def _document(row: Document, deeds: Deeds) -> Document:
    deed = deeds.get((DeedKind.REVIEWED, row.id))
    return replace(row, reviewed_by=deed.by, reviewed_on=deed.on, reviewed_sha256=deed.sha256) if deed else row


def _transfer(row: Transfer, deeds: Deeds) -> Transfer:
    deed = deeds.get((DeedKind.ASSESSED, row.id))
    return replace(row, assessed_on=deed.on) if deed and deed.sha256 == _instrument(row) else row


def _commitment(row: Commitment, deeds: Deeds) -> Commitment:
    """Return a commitment as done when it was entered: here an earlier day would help whoever names it."""
    deed = deeds.get((DeedKind.KEPT, row.id))
    return replace(row, done_on=deed.at.date(), evidence=deed.sha256) if deed else row


def _reviews(operator: Operator, deeds: Deeds) -> list[Review]:
    roles = {each.ref: each.role for each in operator.members}
    return [
        Review(release=about, held_on=deed.on, held_by=deed.by, participant=deed.beside, owner=roles.get(deed.by, ""))
        for (kind, about), deed in deeds.items()
        if kind is DeedKind.CONSULTED
    ]
