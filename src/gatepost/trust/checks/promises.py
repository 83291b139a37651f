"""What was promised and agreed: commitments with their clocks, registrations, the terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.trust.checks.documents import start_of
from gatepost.trust.paper import CannotVerifyError, Finding, attested, failed, passed, unverified
from gatepost.trust.registers import Commitment, Registration, TermsVersion
from gatepost.trust.world import World

GRACE = timedelta(days=30)
NOTICE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment, and since when its clock runs by the house's own tables; None where nothing has started it."""

    commitment: Commitment
    started: datetime | None
    now: datetime


async def promise(world: World, arguments: Mapping[str, str]) -> Promise:
    """Return a commitment; its clock runs from the first tenant on the plan that triggers it."""
    found = next((each for each in world.operator.commitments if each.id == arguments["commitment"]), None)
    if found is None:
        raise CannotVerifyError("commitment.missing")
    wanted = set(found.trigger.split(","))
    starts = [at for tenant, at in await _tenants(world) if tenant.plan in wanted]
    return Promise(found, min(starts, default=None), world.house.clock())


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
        return attested({"done": row.done_on.isoformat()}, target.now + timedelta(days=365))
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
    """Versions of the terms, oldest first, and today."""

    versions: tuple[TermsVersion, ...]
    now: datetime


async def terms(world: World, _arguments: Mapping[str, str]) -> History:
    """Return the operator's terms."""
    ordered = sorted(world.operator.terms, key=lambda each: each.effective_on)
    return History(tuple(ordered), world.house.clock())


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
    return attested({"versions": [*names][-4:]}, target.now + timedelta(days=90))


async def terms_noticed(target: History) -> Finding:
    """See that material changes were announced 30 days ahead."""
    material = [each for each in target.versions if each.material]
    if not material:
        raise CannotVerifyError("nothing.to_look_at")
    days = {each.version: (each.effective_on - each.noticed_on).days for each in material}
    short = {version: count for version, count in days.items() if count < NOTICE_DAYS}
    if short:
        return failed("terms.notice_short", {**short}, "days")
    return attested({"shortest_notice": min(days.values())}, target.now + timedelta(days=90), "days")


async def terms_decided(target: History) -> Finding:
    """See that for each change somebody decided whether it is material, by a rule and for a reason."""
    if not target.versions:
        raise CannotVerifyError("nothing.to_look_at")
    bare = [each.version for each in target.versions if not (each.rule and each.reason and each.decided_by)]
    if bare:
        return failed("terms.undecided", [*bare])
    return attested({"changes": len(target.versions)}, target.now + timedelta(days=90))
