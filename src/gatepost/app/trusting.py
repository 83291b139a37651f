"""What the checks look at, built from the house that runs; and the canaries' own tenant and mailbox."""

import asyncio
import re
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import urlsplit

import structlog

import gatepost
from gatepost import access, domains
from gatepost.access.paper import HOUSE_PLAN, Role
from gatepost.act import hosted
from gatepost.app import administer, rounds
from gatepost.app.build import hostname_of
from gatepost.app.given import canary_domain
from gatepost.app.keeping import open_keeper
from gatepost.app.state import Running
from gatepost.app.ways_out import reached
from gatepost.db import DatabaseUnavailableError
from gatepost.decide import get_policy
from gatepost.domains.paper import DomainTakenError, RouteTakenError
from gatepost.egress import is_address
from gatepost.ids import AccountId, EntryId, TenantId
from gatepost.jobs import Handler
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.meters import Raised
from gatepost.record.trust_log import TRUST
from gatepost.settings import Settings, credential_files
from gatepost.trust import (
    Canary,
    Claims,
    Endpoint,
    Operator,
    OperatorError,
    World,
    agent_canary,
    engagement,
    faults_of,
    news,
    read_operator,
    release,
    room,
)
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.courier import Courier
from gatepost.trust.document import Past, claims_of
from gatepost.trust.duty import Duty
from gatepost.trust.engine import Engine
from gatepost.trust.folder import Folder
from gatepost.trust.paper import Shown
from gatepost.trust.probe.mail import FRIEND, GUARDED, UNPROVEN
from gatepost.trust.telling import HOUSE
from gatepost.trust.weakness import normal, pin
from gatepost.trust.world import PUBLIC
from gatepost.upkeep.retention import Keeper

NAME = "canary"
ROOM = "room"
"""Beside the operator's folder: papers for the document room of a house that is only tried out."""
SOURCE = Path(gatepost.__file__).parent
WAIT_S = 2.0
_HTTPS = 443
_CANARY = TenantId("tn_canary")
"""One of them, whoever makes it: a house and a command may begin at once."""
_TRIES, _PAUSE_S = 20, 0.2

log = structlog.get_logger()


def endpoints(settings: Settings, running: Running) -> tuple[Endpoint, ...]:
    """Return every door, as this machine reaches it."""
    public = urlsplit(settings.http.public_url)
    named = public.hostname or ""
    doors = [
        _door("smtp", settings.smtp.host, running.smtp_port, tls="starttls", name=hostname_of(settings)),
        _door(
            "http",
            settings.http.host,
            running.http_port,
            tls="implicit" if settings.http.certificate else "",
            name="" if is_address(named) else named,
        ),
        _door("metrics", settings.metrics.host, running.metrics_port),
    ]
    if public.scheme == "https" and public.hostname:
        doors.append(Endpoint(door=PUBLIC, host=public.hostname, port=public.port or _HTTPS, tls="implicit"))
    return tuple(doors)


def _door(door: str, bound: str, port: int, *, tls: str = "", name: str = "") -> Endpoint:
    return Endpoint(door=door, host=reached(bound), port=port, tls=tls, bound=bound, name=name)


def engine(
    settings: Settings, house: House, running: Running, keeper: Keeper, canary: Canary | None, folder: Path
) -> Engine:
    """Return the one that looks at the claims of an operator's folder."""

    def world(operator: Operator) -> World:
        return World(
            house=house,
            settings=settings,
            operator=operator,
            endpoints=endpoints(settings, running),
            canary=canary,
            version=_version(),
            packages=_packages("gatepost"),
            keeper=keeper,
            source=SOURCE,
            pid=running.pid,
            credentials=credential_files(),
        )

    return Engine(folder, world, CATALOGUE)


async def look(
    settings: Settings, house: House, running: Running, keeper: Keeper, stop: asyncio.Event, *, is_tried_out: bool
) -> None:
    """Look at the operator's claims until ``stop`` is set; the canaries wait for the house's first tenant.

    A house without a tenant has no record that speaks of the house itself, and its first one must be a customer's.
    """
    canary: Canary | None = None
    while not stop.is_set():
        try:
            if await access.list_tenants(house.db):
                canary = await ensure_canary(house)
                operator = await asyncio.to_thread(read_operator, Path(settings.trust.operator))
                await engagement.adopt(house, operator.suppliers)
                await release.ran(house, await asyncio.to_thread(release.build_of, SOURCE), _version())
                if is_tried_out:
                    await ensure_contacts(house, operator, canary)
                    await ensure_room(house, operator.folder.parent / ROOM)
                break
        except (DatabaseUnavailableError, OperatorError, room.StockError) as error:
            log.warning("trust.delayed", error=type(error).__name__, faults=faults_of(error))
        except Exception as error:  # noqa: BLE001  # nothing that is promised in public ends the house
            log.error("trust.start_broke", error=Raised.by(error))
        await pause(stop, WAIT_S)
    looking = engine(settings, house, running, keeper, canary, Path(settings.trust.operator))
    async with asyncio.TaskGroup() as group:
        group.create_task(looking.run(stop))
        if canary is not None:
            author = Address("postmaster", Address.parse(canary.address).domain)
            duty = Duty(house=house, folder=Folder(Path(settings.trust.operator)), author=author)
            group.create_task(duty.run(stop))
            doors = endpoints(settings, running)
            group.create_task(rounds.make(settings, house, running, doors, canary, stop, is_tried_out=is_tried_out))


async def ensure_room(house: House, folder: Path) -> None:
    """Put an example's papers into the document room of a house that is only tried out, where nothing lies there."""
    async with house.db.transaction(TRUST) as tx:
        is_empty = not await room.files(tx)
    if is_empty and await asyncio.to_thread(folder.is_dir):
        await room.publish(house, folder, by="house")


def handlers(settings: Settings, house: House) -> dict[str, Handler]:
    """Return what keeps promises made in public, by kind."""
    folder = Path(settings.trust.operator)
    keepers = news.Newsroom(house, folder), Courier(house, folder), room.Doorman(house, folder)
    return {kind: handler for each in keepers for kind, handler in each.handlers().items()}


async def try_out(settings: Settings, house: House, running: Running, folder: Path) -> Claims:
    """Look at every claim of a folder now, against the house that is up and under the caller's settings; state nothing.

    Raises:
        OperatorError: the folder cannot be read.
    """
    canary = await ensure_canary(house) if await access.list_tenants(house.db) else None
    async with open_keeper(settings, house, running.dsn) as keeper:
        operator, results = await engine(settings, house, running, keeper, canary, folder).glance()
    known = {each.claim: Shown(result=each, entry=EntryId(0), leaf_index=None) for each in results}
    return claims_of(operator.claims, known, Past(), at=house.clock(), revision=None, vkey=None)


@cache
def _packages(name: str) -> frozenset[str]:
    """Return what a distribution needs to run, and what that needs, each at its version; without itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        try:
            wanted = requires(waiting.pop()) or []
        except PackageNotFoundError:
            continue
        needed = {normal(re.split(r"[^A-Za-z0-9._-]", each)[0]) for each in wanted if "extra ==" not in each}
        fresh = {each for each in needed - found if _is_here(each)}
        found |= fresh
        waiting += sorted(fresh)
    return frozenset(pin(each, version(each)) for each in found)


def _is_here(name: str) -> bool:
    """Tell whether a distribution is installed: one for another system is not."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _version() -> str:
    try:
        return version("gatepost")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""


async def ensure_canary(house: House) -> Canary:
    """Return the canaries' mailbox, made at the first call; whoever is overtaken by another process begins anew."""
    for _ in range(_TRIES - 1):
        with suppress(access.AccessError, domains.DomainError, hosted.OvertakenError):
            return await _ensure(house)
        await asyncio.sleep(_PAUSE_S)
    return await _ensure(house)


async def _ensure(house: House) -> Canary:
    """Make what is not there yet; each step asks whether it was done."""
    domain = canary_domain(house.hostname)
    tenant = await _tenant(house)
    await _answer_for(house, tenant, domain)
    address = Address.parse(f"probe@{domain}")
    policy: dict[str, object] = {
        "defaultAction": "bounce",
        # The canaries come from a name that nobody can prove (RFC 6761), through our own door, to our own mailbox.
        "senders": [{"match": {"address": FRIEND, "assurance": "none"}}, {"match": {"address": UNPROVEN}}],
        "contentGuards": [{"reject": GUARDED, "reason": "canary"}],
        "auditLog": {"retentionDays": 30, "includeBodyHash": True},
    }
    account = await _mailbox(house, tenant, address, policy)
    agent = await _agent(house, tenant, Address.parse(f"agent@{domain}"))
    act = partial(_act, house, tenant, account)
    return Canary(tenant=tenant, address=str(address), act=act, agent=str(agent))


async def _agent(house: House, tenant: TenantId, address: Address) -> Address:
    """Give the canaries a mailbox with a hosted agent; that they have agents off is what there is to see."""
    policy: dict[str, object] = {
        "defaultAction": "bounce",
        "senders": [{"match": {"address": FRIEND, "assurance": "none"}}],
        "auditLog": {"retentionDays": 30, "includeBodyHash": True},
    }
    account = await _mailbox(house, tenant, address, policy)
    async with house.db.transaction(tenant) as tx:
        newest = await hosted.in_force(tx, account)
        if newest is None or newest.document != agent_canary.DOCUMENT:
            await hosted.put_agent(
                tx, account, agent_canary.DOCUMENT, at=house.clock(), actor=HOUSE, entropy=house.entropy
            )
    return address


async def _mailbox(house: House, tenant: TenantId, address: Address, policy: dict[str, object]) -> AccountId:
    """Return the account of an address, made where there is none, under this policy."""
    async with house.db.transaction(tenant) as tx:
        account = await access.account_at(tx, address)
    found = account or await administer.add_mailbox(house, tenant, address)
    async with house.db.transaction(tenant) as tx:
        stored = await get_policy(tx, found.id)
    if stored is None or stored.document != policy:
        await administer.set_policy(house, tenant, found.id, policy)
    return found.id


async def _act(house: House, tenant: TenantId, account: AccountId) -> str:
    """Make a key whose text nobody sees, and take it away again: all it leaves behind are its entries."""
    made, _ = await administer.add_key(house, tenant, Role.AGENT, label="canary", account=account)
    await administer.remove_key(house, tenant, made.id)
    return "key.add"


async def _tenant(house: House) -> TenantId:
    for each in await access.list_tenants(house.db):
        if (each.plan, each.name) == (HOUSE_PLAN, NAME):
            return each.id
    return (await administer.add_tenant(house, name=NAME, plan=HOUSE_PLAN, identifier=_CANARY)).id


async def _answer_for(house: House, tenant: TenantId, domain: str) -> AccountId | None:
    """Answer for a domain; return its postmaster's account, or None where somebody else answers for it."""
    owner = await domains.tenant_of(house.db, domain)
    if owner is None:
        try:
            await administer.add_domain(house, tenant, domain)
        except DomainTakenError:
            return None
    elif owner != tenant:
        return None
    async with house.db.transaction(tenant) as tx:
        found = await access.account_at(tx, Address.parse(f"postmaster@{domain}"))
    return found.id if found else None


async def ensure_contacts(house: House, operator: Operator, canary: Canary) -> None:
    """Let a house that is only tried out answer for the operator's published addresses; a real one has them already.

    All lead to the canaries' mailbox, for in such a house there is nobody to read them.
    """
    async with house.db.transaction(canary.tenant) as tx:
        account = await access.account_at(tx, Address.parse(canary.address))
    for contact in operator.contacts:
        address = Address.parse(contact.address)
        if account is None or await _answer_for(house, canary.tenant, address.domain) is None:
            continue
        with suppress(RouteTakenError):
            async with house.db.transaction(canary.tenant) as tx:
                await domains.add_route(tx, address, account.id)
