"""What customers were told of texts, what each said, and what who left was given: by each customer's own record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepost import access
from gatepost.db import Database
from gatepost.record.trust_log import TRUST
from gatepost.trust import agreeing, log_time, store, telling, terms
from gatepost.trust.checks.documents import sha256_of
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.registers import Instruction
from gatepost.trust.terms import Standing
from gatepost.trust.world import World

AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The SHA-256 of the agreement's text, what each customer has said to it, and what we are instructed to do."""

    sha256: str
    standings: Mapping[str, Standing]
    instructions: tuple[Instruction, ...]


async def agreement(world: World, _arguments: Mapping[str, str]) -> Agreement:
    """Return the operator's agreement, and where the customers of this house stand with it as it is now."""
    found = world.operator.document(AGREEMENT)
    if found is None:
        raise CannotVerifyError("document.missing")
    sha256, standings = sha256_of(world.operator.text_of(found)), dict[str, Standing]()
    for each in await telling.customers(world.house.db):
        async with world.house.db.transaction(each.id) as tx:
            said = [outcome for outcome, _ in await store.outcomes(tx, terms.SUBJECT + AGREEMENT)]
        standings[each.id] = terms.standing_of(said, sha256)
    return Agreement(sha256, standings, world.operator.instructions)


async def accepted(target: Agreement) -> Finding:
    """See that each customer of this house has accepted the agreement as it stands."""
    if not target.instructions:
        return failed("instruction.none")
    said = [standing for standing in target.standings.values() if standing is not Standing.CLOSED]
    if not said:
        raise CannotVerifyError("nothing.to_look_at")
    missing = [standing for standing in said if standing is not Standing.ACCEPTED]
    if missing:
        return failed("agreement.unaccepted", {"tenants": len(missing), "of": len(said)})
    return passed({"tenants": len(said), "instructions": len(target.instructions)})


@dataclass(frozen=True, slots=True)
class Notices:
    """Of each text that was put to customers, whom the log calls told, and in whose record that stands."""

    told: Mapping[str, tuple[int, int]]


async def notices(world: World, _arguments: Mapping[str, str]) -> Notices:
    """Return the texts whose leaf says that everybody was told, with the records that say so, of all there are.

    A customer that came after the leaf was told nothing and agreed to the text as it came: it does not count.
    """
    found: dict[str, tuple[int, int]] = {}
    for name, course in (await _courses(world.house.db)).items():
        if course.change is None or course.noticed_at is None:
            continue
        digest, told, of = agreeing.digest_of(course), 0, 0
        for each in await telling.customers(world.house.db):
            async with world.house.db.transaction(each.id) as tx:
                came_at = await access.tenant_since(tx)
                if came_at is not None and came_at <= course.noticed_at:
                    told += await store.is_stated(tx, terms.SUBJECT + name, digest)
                    of += 1
        found[name] = (told, of)
    return Notices(found)


async def everybody_told(target: Notices) -> Finding:
    """See that the record of each customer holds the notice that the public log says it was given."""
    short = {name: {"told": told, "of": of} for name, (told, of) in target.told.items() if told < of}
    if short:
        return failed("terms.untold", {**short})
    if not any(of for _, of in target.told.values()):
        raise CannotVerifyError("terms.none_announced")
    return passed({name: told for name, (told, _) in target.told.items()}, "customers told")


@dataclass(frozen=True, slots=True)
class Leavings:
    """Each customer's steps with each text, oldest first, from its first rejection on; and today."""

    steps: tuple[tuple[tuple[Standing, datetime], ...], ...]
    now: datetime


async def leavings(world: World, _arguments: Mapping[str, str]) -> Leavings:
    """Return the steps of every customer that ever rejected a text."""
    found: list[tuple[tuple[Standing, datetime], ...]] = []
    names = await _courses(world.house.db)
    for each in await telling.customers(world.house.db):
        for name in names:
            async with world.house.db.transaction(each.id) as tx:
                said = await store.outcomes(tx, terms.SUBJECT + name)
            words = [(outcome.partition(" ")[0], at) for outcome, at in reversed(said)]
            steps = tuple((Standing(word), at) for word, at in words if word in set(Standing))
            first = next((at for at, (step, _) in enumerate(steps) if step is Standing.REJECTED), None)
            if first is not None:
                found.append(steps[first:])
    return Leavings(tuple(found), world.house.clock())


async def leave_with_export(target: Leavings) -> Finding:
    """See that nobody was closed without an export, and that nobody who rejected waits longer than thirty days."""
    for steps in target.steps:
        for (before, _), (step, _) in zip(((Standing.TOLD, target.now), *steps), steps, strict=False):
            if step is Standing.CLOSED and before is not Standing.EXPORTED:
                return failed("leaving.unexported")
        last, at = steps[-1]
        if last in {Standing.REJECTED, Standing.EXPORTED} and target.now - at > log_time.CLOCK:
            return failed("leaving.waits", {"step": last.value, "days": (target.now - at).days})
    if not target.steps:
        raise CannotVerifyError("rejection.none")
    ended = [steps[-1][0].value for steps in target.steps]
    return passed({name: ended.count(name) for name in sorted(set(ended))}, "customers that rejected")


async def _courses(db: Database) -> dict[str, terms.Course]:
    async with db.transaction(TRUST) as tx:
        names = [each.removeprefix(terms.SUBJECT) for each in await store.subjects(tx, terms.SUBJECT)]
        return {name: await agreeing.read(tx, name) for name in names}
