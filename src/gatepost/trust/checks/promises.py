"""What was promised and agreed: commitments with their clocks, registrations, the terms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.record.trust_log import TRUST
from gatepost.trust import deeds, stating
from gatepost.trust.checks.documents import start_of
from gatepost.trust.deeds import DeedKind
from gatepost.trust.paper import CannotVerifyError, Finding, attested, borne_out, failed, passed, unverified
from gatepost.trust.registers import Commitment, Registration, TermsVersion
from gatepost.trust.terms import SUBJECT, versions_of
from gatepost.trust.world import World

GRACE = timedelta(days=30)
NOTICE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment, and since when its clock runs by the house's own tables; None where nothing has started it.

    ``by_log``: an entry of the log says that it was kept.
    """

    commitment: Commitment
    started: datetime | None
    now: datetime
    by_log: bool = False


async def promise(world: World, arguments: Mapping[str, str]) -> Promise:
    """Return a commitment; its clock runs from the first tenant on the plan that triggers it."""
    known = await deeds.read(world.house.db)
    rows = deeds.applied(world.operator, known).commitments
    found = next((each for each in rows if each.id == arguments["commitment"]), None)
    if found is None:
        raise CannotVerifyError("commitment.missing")
    wanted = set(found.trigger.split(","))
    starts = [at for tenant, at in await _tenants(world) if tenant.plan in wanted]
    by_log = found.id in deeds.entered(known, DeedKind.KEPT)
    return Promise(found, min(starts, default=None), world.house.clock(), by_log)


async def _tenants(world: World) -> list[tuple[Tenant, datetime]]:
    """Return the house's customers, with when each came: by its own record's first entry."""
    found = []
    for tenant in await access.list_tenants(world.house.db):
        async with world.house.db.transaction(tenant.id) as tx:
            at = await access.tenant_since(tx)
        if at is not None:
            found.append((tenant, at))
    return found


async def promise_kept(target: Promise) -> Finding:
    """See that a promise whose clock runs was kept, or is not due yet; of one that nothing started nobody can tell."""
    row = target.commitment
    if target.started is None:
        return unverified("clock.not_started", {"trigger": row.trigger, "tenants_on_plan": 0})
    due = target.started + timedelta(days=row.due_days)
    if row.done_on is not None:
        if start_of(row.done_on) > due:
            return failed("commitment.late", row.done_on.isoformat())
        return borne_out({"done": row.done_on.isoformat()}, target.now + timedelta(days=365), by_log=target.by_log)
    if due <= target.now:
        return failed("commitment.overdue", due.date().isoformat())
    return passed({"state": "running", "due": due.date().isoformat()})


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries in public registers, and today."""

    registrations: tuple[Registration, ...]
    now: datetime


async def registrations(world: World, arguments: Mapping[str, str]) -> Entries:
    """Return the operator's entry in one register."""
    wanted = arguments["registration"]
    found = tuple(each for each in world.operator.registrations if each.id == wanted)
    return Entries(found, world.house.clock())


async def renewed(target: Entries) -> Finding:
    """See that no entry is more than 30 days past its renewal."""
    if not target.registrations:
        raise CannotVerifyError("nothing.to_look_at")
    for each in target.registrations:
        if start_of(each.renew_by) + GRACE <= target.now:
            return failed("registration.lapsed", each.id)
    first = min(each.renew_by for each in target.registrations)
    names = [f"{each.register} {each.number}" for each in target.registrations]
    return attested([*names], start_of(first) + GRACE)


@dataclass(frozen=True, slots=True)
class History:
    """Versions of the terms, oldest first, and today; those whose way into force is in the log."""

    versions: tuple[TermsVersion, ...]
    now: datetime
    by_log: frozenset[str] = frozenset()


async def terms(world: World, _arguments: Mapping[str, str]) -> History:
    """Return the operator's terms; of a version that came into force by the log, the log's own dates and reasons."""
    stated: dict[str, TermsVersion] = {}
    async with world.house.db.transaction(TRUST) as tx:
        for each in world.operator.documents:
            if each.kind == "terms":
                facts = await stating.facts_of(tx, SUBJECT + each.id)
                stated |= {version.version: version for version in versions_of(facts)}
    declared = {each.version: each for each in world.operator.terms if each.version not in stated}
    twice = [each for each in world.operator.terms if each.version in declared and each is not declared[each.version]]
    ordered = sorted([*stated.values(), *declared.values(), *twice], key=lambda each: each.effective_on)
    return History(tuple(ordered), world.house.clock(), frozenset(stated))


def _of_log(target: History, value: dict[str, Any], versions: Iterable[TermsVersion]) -> Finding:
    """Pass where the way of each of these versions is in the log."""
    names = {each.version for each in versions}
    by_log = len(names & target.by_log)
    until = target.now + timedelta(days=90)
    return borne_out({**value, "by_log": by_log}, until, by_log=by_log == len(names))


async def terms_listed(target: History) -> Finding:
    """See that there is a version in force, that versions differ, and that nothing came into force unannounced."""
    if not target.versions:
        raise CannotVerifyError("nothing.to_look_at")
    names = [each.version for each in target.versions]
    if len(set(names)) != len(names):
        return failed("terms.version_twice")
    unannounced = [each.version for each in target.versions if each.noticed_on > each.effective_on]
    if unannounced:
        return failed("terms.unannounced", [*unannounced])
    return _of_log(target, {"versions": [*names][-4:]}, target.versions)


async def terms_noticed(target: History) -> Finding:
    """See that material changes were announced 30 days ahead."""
    material = [each for each in target.versions if each.material]
    if not material:
        raise CannotVerifyError("nothing.to_look_at")
    days = {each.version: (each.effective_on - each.noticed_on).days for each in material}
    short = {version: count for version, count in days.items() if count < NOTICE_DAYS}
    if short:
        return failed("terms.notice_short", {**short}, "days")
    return _of_log(target, {"shortest_notice_days": min(days.values())}, material)


async def terms_decided(target: History) -> Finding:
    """See that for each change somebody decided whether it is material, by a rule and for a reason."""
    if not target.versions:
        raise CannotVerifyError("nothing.to_look_at")
    bare = [each.version for each in target.versions if not (each.rule and each.reason and each.decided_by)]
    if bare:
        return failed("terms.undecided", [*bare])
    return _of_log(target, {"changes": len(target.versions)}, target.versions)
