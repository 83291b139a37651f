"""Where data go and where they rest: the register of ways out, stores, regions, transfers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from gatepost.blobs.mounts import TABLE, Mount, mount_of
from gatepost.db.outside import places as outside
from gatepost.dns.paper import Answer, RdType, Resolver, Status
from gatepost.egress import Register
from gatepost.trust import deeds, engagement, notice
from gatepost.trust.checks.machine import data_folders
from gatepost.trust.deeds import DeedKind
from gatepost.trust.operator import Operator
from gatepost.trust.paper import CannotVerifyError, Finding, attested, borne_out, failed, passed, unverified
from gatepost.trust.registers import Store, Supplier, Transfer
from gatepost.trust.ways import BARE, OPEN, UNNAMED, UNTRANSFERRED, Words, is_here, ways, widened
from gatepost.trust.world import World

ASSESSED_DAYS_MAX = 365
NOTICE_DAYS = 30
DECLARED_DAYS = 90
"""How long a register without a date of its own is taken at its word, from when it was read."""
ALLOWED = "allowed"
"""As an argument: the regions that the operator allows its stores."""


def end_of(day: date) -> datetime:
    """Return the moment at which a day is over."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ways:
    """The register the house connects by, and what the operator declares of it."""

    register: Register
    words: Words


def words_of(operator: Operator, today: date) -> Words:
    """Return what an operator declares of the ways out."""
    return Words(
        ways=operator.ways_out,
        suppliers=operator.suppliers,
        transfers=operator.transfers,
        allowed=frozenset(operator.place.regions_allowed),
        today=today,
    )


async def house_ways(world: World, _arguments: Mapping[str, str]) -> Ways:
    """Return the house's own."""
    return Ways(world.house.egress.register, words_of(world.operator, world.house.clock().date()))


async def egress_declared(target: Ways) -> Finding:
    """See that an unlisted host is refused, and that every row names a region, what the transfer rests on, and whom.

    Any host is open only where customers name each destination themselves, and the operator says so.
    """
    opened = widened(target.register, target.words)
    if opened:
        return failed(OPEN, [*opened[:8]])
    rows = ways(target.register, target.words)
    for fault in (BARE, UNTRANSFERRED, UNNAMED):
        found = sorted({f"{each.row.purpose.value} {each.row}" for each in rows if each.fault == fault})
        if found:
            return failed(fault, [*found[:8]])
    named = sorted(each.purpose for each in target.words.ways if each.by_customers)
    return passed({"ways_out": len(rows), "named_by_customers": [*named]})


@dataclass(frozen=True, slots=True)
class Storage:
    """What the house is set to store where, beside what the operator declares of it.

    Attributes:
        locations: by setting, ``here`` or the host.
        mounts: of each folder that holds data, the file system it lies on.
        database: PostgreSQL's address and ours, as PostgreSQL sees the connection; both empty for a Unix socket.
    """

    locations: Mapping[str, str]
    declared: tuple[Store, ...]
    allowed: frozenset[str]
    now: datetime
    mounts: Mapping[str, Mount] = field(default_factory=dict)
    database: tuple[str, str] = ("", "")


async def house_storage(world: World, _arguments: Mapping[str, str]) -> Storage:
    """Return every store of the house, by its settings."""
    settings = world.settings
    databases = outside(settings.database.dsn) if settings.database.dsn else []
    locations = {
        "state": "here",
        "database.dsn": databases[0][0] if databases else "here",
        "blobs.url": _location(settings.blobs.url),
        "log.second": _location(settings.log.second),
    }
    allowed, table = frozenset(world.operator.place.regions_allowed), await asyncio.to_thread(TABLE.read_text)
    mounts = {folder.name: mount_of(folder, table) for folder in data_folders(settings)}
    query = "select coalesce(host(inet_server_addr()), '') as server, coalesce(host(inet_client_addr()), '') as client"
    (seen,) = await world.house.db.look_up(query)
    return Storage(
        locations, world.operator.stores, allowed, world.house.clock(), mounts, (str(seen.server), str(seen.client))
    )


def _location(url: str) -> str:
    return "here" if not url or url.startswith("file:") else urlsplit(url).netloc


async def stores_allowed(target: Storage) -> Finding:
    """See that each store of the settings is in the register, in an allowed region; the region itself is declared."""
    regions = {row.setting: row.region for row in target.declared}
    missing = sorted(set(target.locations) - set(regions))
    if missing:
        return failed("store.unregistered", missing)
    outside_ = sorted(setting for setting, region in regions.items() if region not in target.allowed)
    if outside_:
        return failed("store.region", outside_)
    unknown = sorted(set(regions) - set(target.locations))
    if unknown:
        return failed("store.unknown", unknown)
    value = {"stores": len(regions), "declared_regions": sorted(set(regions.values()))}
    return attested(value, target.now + timedelta(days=DECLARED_DAYS))


async def stores_here(target: Storage) -> Finding:
    """See that no store lies on another machine: by the settings, by PostgreSQL's own word, by the kernel's of mounts.

    PostgreSQL tells the addresses of the connection; over one machine both are the same, or loopback, or none.
    """
    away = sorted(setting for setting, where in target.locations.items() if where != "here" and not is_here(where))
    if away:
        return failed("store.elsewhere", away)
    server, client = target.database
    if server and server != client and not is_here(server):
        return failed("store.connected_elsewhere", ["database"])
    shares = {name: mount.kind for name, mount in target.mounts.items() if mount.is_elsewhere}
    if shares:
        return failed("store.mounted_from_elsewhere", {**shares})
    reached = "loopback or its own address" if server else "a Unix socket"
    return passed({"stores_here": len(target.locations), "database_by": reached, "folders": len(target.mounts)})


@dataclass(frozen=True, slots=True)
class Transfers:
    """Suppliers, what their transfers rest on, and today.

    Attributes:
        where: the regions they are said to be in; empty for any.
        assessed: transfers that the log says were assessed as they stand.
        unnamed: ways out to whom no supplier's row names.
        waited: of processors that were engaged after a notice by the log, how many days after.
    """

    suppliers: tuple[Supplier, ...]
    transfers: tuple[Transfer, ...]
    allowed: frozenset[str]
    register: Register
    now: datetime
    unnamed: tuple[str, ...] = ()
    where: frozenset[str] = frozenset()
    assessed: frozenset[str] = frozenset()
    waited: Mapping[str, int] = field(default_factory=dict)


async def house_transfers(world: World, arguments: Mapping[str, str]) -> Transfers:
    """Return the suppliers; the one named, where one is. ``where``: regions the claim names, or ``allowed``."""
    known = await deeds.read(world.house.db)
    operator = deeds.applied(world.operator, known)
    wanted = arguments.get("supplier")
    suppliers = tuple(each for each in operator.suppliers if wanted in {None, each.id})
    if not suppliers:
        raise CannotVerifyError("supplier.missing")
    now, register = world.house.clock(), world.house.egress.register
    rows = ways(register, words_of(operator, now.date()))
    allowed = frozenset(operator.place.regions_allowed)
    where = arguments.get("where", "")
    return Transfers(
        suppliers,
        operator.transfers,
        allowed,
        register,
        now,
        tuple(sorted({f"{each.row.purpose.value} {each.row}" for each in rows if not each.reaches})),
        where=allowed if where == ALLOWED else frozenset(filter(None, where.split(","))),
        assessed=frozenset(
            about
            for about in deeds.entered(known, DeedKind.ASSESSED)
            if known[DeedKind.ASSESSED, about].sha256 == deeds.octets_of(operator, DeedKind.ASSESSED, about)
        ),
        waited=await _waited(world, suppliers),
    )


async def _waited(world: World, suppliers: Sequence[Supplier]) -> dict[str, int]:
    cases = await engagement.read_all(world.house.db, suppliers)
    engaged = [(each.id, cases[each.id]) for each in suppliers if notice.is_engaged(cases[each.id], each)]
    return {name: case.waited.days for name, case in engaged if case.waited is not None}


async def transfers_held(target: Transfers) -> Finding:
    """See that each processor outside the allowed regions has a signed, unexpired, freshly assessed instrument."""
    processors = [each for each in target.suppliers if each.processes]
    if not processors:
        raise CannotVerifyError("nothing.to_look_at")
    today, ends = target.now.date(), [end_of(target.now.date() + timedelta(days=ASSESSED_DAYS_MAX))]
    for each in processors:
        if each.region in target.allowed:
            continue
        row = next((row for row in target.transfers if row.id == each.transfer), None)
        if row is None:
            return failed("transfer.missing", each.id)
        if row.until < today:
            return failed("transfer.expired", each.id)
        if (today - row.assessed_on).days > ASSESSED_DAYS_MAX:
            return failed("transfer.unassessed", each.id)
        ends += [end_of(row.until), end_of(row.assessed_on + timedelta(days=ASSESSED_DAYS_MAX))]
    abroad = {each.transfer for each in processors if each.region not in target.allowed}
    by_log = len(abroad & target.assessed)
    value = {"processors": len(processors), "transfers": len(abroad), "by_log": by_log}
    return borne_out(value, min(ends), by_log=bool(abroad) and by_log == len(abroad))


async def noticed(target: Transfers) -> Finding:
    """See that each processor was announced 30 days before it was engaged; a day less fails."""
    processors = [each for each in target.suppliers if each.processes]
    if not processors:
        raise CannotVerifyError("nothing.to_look_at")
    days = {each.id: target.waited.get(each.id, (each.engaged_on - each.announced_on).days) for each in processors}
    short = {name: count for name, count in days.items() if count < NOTICE_DAYS}
    if short:
        return failed("notice.short", {**short}, "days")
    by_log = len(target.waited.keys() & days.keys())
    value = {"shortest_notice_days": min(days.values()), "processors": len(days), "by_log": by_log}
    return borne_out(value, target.now + timedelta(days=DECLARED_DAYS), by_log=by_log == len(days))


async def registered(target: Transfers) -> Finding:
    """See that a supplier's row agrees with the register of ways out: software sends nobody anything.

    A list that leaves out somebody who is reached bears nobody's row out.
    """
    if target.unnamed:
        return failed("supplier.unlisted", [*target.unnamed[:8]])
    today = target.now.date()
    for each in target.suppliers:
        if each.engaged_on > today:
            return failed("supplier.not_engaged_yet", each.id)
        if target.where and each.region not in target.where:
            return failed("supplier.elsewhere", {each.id: each.region})
        reachable = [host for host in each.hosts if _is_named(target.register, host)]
        if not each.processes and (reachable or each.hosts):
            return failed("supplier.reached", each.id)
        if each.processes and each.certificate_until is not None and each.certificate_until < today:
            return failed("supplier.certificate", each.id)
    ends = [end_of(each.certificate_until) for each in target.suppliers if each.certificate_until]
    return attested(
        [f"{each.name}, {each.region}, since {each.engaged_on}" for each in target.suppliers][:4],
        min([*ends, target.now + timedelta(days=DECLARED_DAYS)]),
    )


def _is_named(register: Register, host: str) -> bool:
    return any(row.host.lower() == host.lower() for row in register.rows)


@dataclass(frozen=True, slots=True)
class Zone:
    """A name whose TLSA record is asked for, who answers, and the note on it; None where a stranger asks."""

    resolver: Resolver
    name: str
    note: str | None = None


async def mail_zone(world: World, _arguments: Mapping[str, str]) -> Zone:
    """Return the name under which this house's TLSA record would lie (RFC 7672 section 2.2.3)."""
    note = world.operator.document("threat-model")
    text = world.operator.text_of(note) if note else ""
    return Zone(world.house.dns, f"_25._tcp.{world.house.hostname}", text)


async def tlsa_absent(target: Zone) -> Finding:
    """See that there is no TLSA record, and that the note speaks of it; where there is one, the claim has to say so."""
    answer: Answer = await target.resolver.query(target.name, RdType.TLSA)
    if answer.status is Status.TEMPERROR:
        return unverified("dns.unanswered")
    if answer.records:
        return failed("tlsa.published", len(answer.records), "records")
    if target.note is not None and "TLSA" not in target.note:
        return failed("tlsa.unexplained")
    return passed({"name": target.name, "answer": answer.status.value})
