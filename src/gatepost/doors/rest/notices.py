"""What the house's operator has to tell a tenant, and the tenant's word on it: sub-processors, terms, instructions."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.doors.rest.auth import AuditReader, HouseDep, NoticesWriter
from gatepost.doors.rest.parameters import About
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.shapes import Shape, Utc
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.trust import agreeing, banner, objection
from gatepost.trust.agreeing import Put
from gatepost.trust.terms import Standing

router = APIRouter(prefix="/v1/notices", tags=["notices"])
INSTRUCTION_MAX_CHARS = 4_000
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the text's octets, in hex.")]


class ComingShown(Shape):
    """A sub-processor that is announced and not engaged."""

    supplier: str
    digest: str
    announced_at: Utc | None
    runs_from: Utc | None = Field(description="When every customer had been told, by a signed head of the log.")
    ends_at: Utc | None = Field(description="It is not engaged before.")
    may_object: bool
    objection: str = Field(description="The reference of your open objection; empty for none.")


class TextShown(Shape):
    """A text that is put to you, and your word on it."""

    document: str
    version: str
    sha256: str
    effective_on: date
    material: bool
    rule: str = Field(description="By which rule it is material or not.")
    reason: str
    decided_by: str
    is_in_force: bool
    standing: Standing
    said_at: Utc | None


class NoticesShown(Shape):
    """Everything to be told now; `banner` is the one sentence to show, empty where nothing waits for an answer."""

    banner: str
    subprocessors: list[ComingShown]
    texts: list[TextShown]


class ObjectionShown(Shape):
    """An objection, by the reference under which the public log has it."""

    objection: str


class Word(StrEnum):
    """What may be said to a text."""

    ACCEPT = "accept"
    REJECT = "reject"


class Said(Shape):
    """Your word on a text, bound to the octets you have seen."""

    decision: Word
    sha256: Sha256


class Instruction(Shape):
    """What you instruct us to do, as your processor."""

    text: str = Field(min_length=1, max_length=INSTRUCTION_MAX_CHARS)


class InstructionShown(Shape):
    """An instruction as the record names it."""

    sha256: str


def _text(put: Put) -> TextShown:
    change = put.change
    return TextShown(
        document=change.document,
        version=change.version,
        sha256=change.sha256,
        effective_on=change.effective_on,
        material=change.material,
        rule=change.rule,
        reason=change.reason,
        decided_by=change.decided_by,
        is_in_force=put.course.in_force == change.sha256,
        standing=put.standing,
        said_at=put.at,
    )


@router.get("", summary="Read what you are told")
async def show(house: HouseDep, principal: AuditReader) -> NoticesShown:
    """Return sub-processors to come and texts put to you, with what you have said to them."""
    coming = await banner.coming(house.db, principal.tenant)
    texts = await agreeing.put_to(house.db, principal.tenant)
    words = [f"{each.supplier} is to process data" for each in coming]
    words += [
        f"{each.change.document} {each.change.version} waits for your word"
        for each in texts
        if each.standing is Standing.TOLD
    ]
    return NoticesShown(
        banner="; ".join(words),
        subprocessors=[ComingShown.model_validate(each, from_attributes=True) for each in coming],
        texts=[_text(each) for each in texts],
    )


@router.post("/subprocessors/{about}/objection", summary="Object to a sub-processor")
async def object_to(about: About, house: HouseDep, principal: NoticesWriter) -> ObjectionShown:
    """Object, on a plan that may. It is not engaged while the objection is open. Sent again, the same one is meant."""
    tenant = await _tenant(house, principal.tenant)
    return ObjectionShown(objection=await objection.raise_(house, tenant, about, actor=principal.key))


@router.delete("/subprocessors/{about}/objection", summary="Take an objection back")
async def take_back(about: About, house: HouseDep, principal: NoticesWriter) -> ObjectionShown:
    """Take your open objection back."""
    tenant = await _tenant(house, principal.tenant)
    return ObjectionShown(objection=await objection.settle(house, tenant, about, "taken_back", actor=principal.key))


@router.post("/terms/{about}/decision", summary="Accept or reject a text")
async def decide(about: About, body: Said, house: HouseDep, principal: NoticesWriter) -> TextShown:
    """Accept or reject the newest version. The record keeps by which key, when, and which octets.

    Who rejects takes an export and leaves; until the tenant is closed, the word may be changed.
    """
    standing = Standing.ACCEPTED if body.decision is Word.ACCEPT else Standing.REJECTED
    return _text(await agreeing.say(house, principal.tenant, about, standing, sha256=body.sha256, actor=principal.key))


@router.post("/instructions", summary="Instruct us as your processor")
async def instruct(body: Instruction, house: HouseDep, principal: NoticesWriter) -> InstructionShown:
    """Note an instruction in your record; the log commits to it and shows nobody else what it says."""
    return InstructionShown(sha256=await agreeing.instruct(house, principal.tenant, body.text, actor=principal.key))


async def _tenant(house: House, identifier: TenantId) -> Tenant:
    async with house.db.transaction(identifier) as tx:
        found = await access.tenant(tx)
    if found is None:
        raise missing("tenant")
    return found
