"""People: who was trained, who signed, who reviewed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from gatepost.record.paper import Json
from gatepost.trust import deeds, release
from gatepost.trust.checks import principals
from gatepost.trust.deeds import DeedKind
from gatepost.trust.paper import CannotVerifyError, Finding, attested, borne_out, failed
from gatepost.trust.registers import Member, Release, Review
from gatepost.trust.world import World


@dataclass(frozen=True, slots=True)
class Staff:
    """The people register, the policy they sign, and today; of whom the log says that they were trained, or signed."""

    members: tuple[Member, ...]
    policy_sha256: str
    now: datetime
    trained: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()


TRAINED_DAYS_MAX = 365


async def house_staff(world: World, _arguments: Mapping[str, str]) -> Staff:
    """Return the operator's people, as the log has them, with the security policy as it stands."""
    found = world.operator.document(deeds.POLICY)
    if found is None:
        raise CannotVerifyError("document.missing")
    digest = hashlib.sha256(world.operator.text_of(found).encode()).hexdigest()
    known = await deeds.read(world.house.db)
    members = deeds.applied(world.operator, known).members
    trained, signed = (deeds.entered(known, kind) for kind in (DeedKind.TRAINED, DeedKind.SIGNED))
    return Staff(members, digest, world.house.clock(), trained, signed)


async def staff_trained(target: Staff) -> Finding:
    """See that each member was trained within a year."""
    if not target.members:
        raise CannotVerifyError("nothing.to_look_at")
    today = target.now.date()
    late = [each.ref for each in target.members if (today - each.trained_on).days > TRAINED_DAYS_MAX]
    if late:
        return failed("training.overdue", [*late[:6]])
    first = min(each.trained_on for each in target.members)
    until = datetime.combine(first, time(), UTC) + timedelta(days=TRAINED_DAYS_MAX)
    return _told("trained", target, target.trained, until)


async def staff_signed(target: Staff) -> Finding:
    """See that each member signed the policy as it stands, by its SHA-256."""
    if not target.members:
        raise CannotVerifyError("nothing.to_look_at")
    missing = [each.ref for each in target.members if each.signed_sha256 != target.policy_sha256]
    if missing:
        return failed("signature.outdated", [*missing[:6]])
    return _told("signed", target, target.signed, target.now + timedelta(days=90))


def _told(word: str, target: Staff, entered: frozenset[str], until: datetime) -> Finding:
    """Pass where the log says so of everybody."""
    by_log = len(entered & {each.ref for each in target.members})
    value = {word: len(target.members), "by_log": by_log}
    return borne_out(value, until, "members", by_log=by_log == len(target.members))


DECLARED_DAYS = 90
"""How long a register without a date of its own is taken at its word."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who builds the service by the register, how many that is said to be, and how many accounts hold rights."""

    members: tuple[Member, ...]
    roles: frozenset[str]
    band: range
    accounts: int
    now: datetime


async def house_team(world: World, arguments: Mapping[str, str]) -> Team:
    """Return the people register with the band that the claim names, ``least`` to ``most`` people in ``roles``."""
    try:
        band = range(int(arguments["least"]), int(arguments["most"]) + 1)
        roles = frozenset(each.strip() for each in arguments["roles"].split(","))
    except (KeyError, ValueError) as error:
        raise CannotVerifyError("claim.arguments") from error
    database, system = principals.holders(await principals.house_rights(world, {}))
    members = deeds.applied(world.operator, await deeds.read(world.house.db)).members
    return Team(members, roles, band, len(database) + len(system), world.house.clock())


async def team_counted(target: Team) -> Finding:
    """Count who builds the service, by the register, within the band; beside it who has rights in production.

    The register is a word. The accounts that hold rights are counted where they are; whether those are the published
    ones is a claim of its own (``principal.known``).
    """
    count = sum(each.role in target.roles for each in target.members)
    value: dict[str, Json] = {
        "people": count,
        "with_production": sum(each.has_production for each in target.members),
        "accounts_with_rights": target.accounts,
    }
    if count not in target.band:
        return failed("team.count", value)
    return attested(value, target.now + timedelta(days=DECLARED_DAYS))


REVIEWED_DAYS_MAX = 365


@dataclass(frozen=True, slots=True)
class Reviews:
    """Security reviews, the releases they were of, who works here, and today.

    ``by_log``: the reviewed releases of which the log knows the review and who wrote them.
    """

    reviews: tuple[Review, ...]
    releases: tuple[Release, ...]
    members: frozenset[str]
    now: datetime
    by_log: frozenset[str] = frozenset()


async def house_reviews(world: World, _arguments: Mapping[str, str]) -> Reviews:
    """Return the operator's reviews, those of the log among them."""
    known = await deeds.read(world.house.db)
    operator = deeds.applied(world.operator, known)
    written = {each.version: each.author for each in await release.read_entered(world.house)}
    by_log = frozenset(
        about
        for about in deeds.entered(known, DeedKind.CONSULTED)
        if written.get(about) == known[DeedKind.CONSULTED, about].beside
    )
    members = frozenset(each.ref for each in operator.members)
    return Reviews(operator.reviews, operator.releases, members, world.house.clock(), by_log)


async def review_held(target: Reviews) -> Finding:
    """See that the newest review is a year old at most, and that an author of its release was there to be asked."""
    if not target.reviews:
        raise CannotVerifyError("review.none")
    newest = max(target.reviews, key=lambda each: each.held_on)
    days = (target.now.date() - newest.held_on).days
    if days > REVIEWED_DAYS_MAX or days < 0:
        return failed("review.old", days, "days")
    authors = {each.author for each in target.releases if each.version == newest.release}
    if newest.release not in target.by_log and newest.participant not in authors & target.members:
        return failed("review.without_author", newest.release)
    if newest.held_by == newest.participant:
        return failed("review.of_oneself", newest.release)
    until = datetime.combine(newest.held_on, time(), UTC) + timedelta(days=REVIEWED_DAYS_MAX)
    value = {"release": newest.release, "held_on": newest.held_on.isoformat()}
    return borne_out(value, until, by_log=newest.release in target.by_log)
