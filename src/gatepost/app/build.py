"""The real things: built here, once, from the settings."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gatepost import access
from gatepost.app import seal
from gatepost.app.agent_tools import places_of as agents_places
from gatepost.app.barring import bar
from gatepost.app.marking import marked
from gatepost.app.name_servers import Followed
from gatepost.app.past import Past
from gatepost.app.scanners import places_of, watch
from gatepost.app.seal import seal_clear_rows
from gatepost.app.state import locked
from gatepost.app.ways_out import next_hop, place, register
from gatepost.blobs import Blobs, Endpoint, Store, folder_of, is_bucket, read_endpoint
from gatepost.clock import UNKNOWN
from gatepost.db import Database, GroupCommit
from gatepost.db.launcher import OWNER, Cluster, LauncherError, find_binaries, home_for
from gatepost.db.migrate import check_schema, migrate
from gatepost.db.outside import DsnError, as_role, places, through
from gatepost.dns import CachingResolver, Client, addresses_of, hosts_in, servers_in
from gatepost.egress import Egress, EgressRefusedError, Purpose, UnreachableError, is_address
from gatepost.jobs import Jobs
from gatepost.journey import House
from gatepost.keys import FILE, KeyStore
from gatepost.ledger.errors import LedgerError
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.mail.own_ids import OwnIds
from gatepost.meters import UNMETERED, Meters
from gatepost.record.client import asking
from gatepost.record.publish import Sequencer
from gatepost.record.witnesses import NO_WITNESSES, Witness, Witnesses
from gatepost.settings import Settings, SettingsError, amazon
from gatepost.verify.extract import Extractor

ACCEPTS = "gatepost_accept"
"""The role that takes mail: it can add, and change nothing."""

ACCEPT_ANSWER_S = 30.0
"""How long taking mail waits for one answer of PostgreSQL: all mail waits for the commit under way (docs/adr/0116)."""

CROWD_S = 0.003
"""How much longer a commit waits where several mails wait for it (docs/adr/0157)."""

FOR_AGENTS = frozenset({Purpose.DNS, Purpose.DATABASE, Purpose.BLOBS, Purpose.MODEL, Purpose.TOOL})
"""What is carried on for the process that runs hosted agents; on no other errand is a model or a tool reached."""

HOSTS, RESOLV_CONF = Path("/etc/hosts"), Path("/etc/resolv.conf")


def clock() -> datetime:
    """Return the aware UTC time of now: the house's one clock."""
    return datetime.now(UTC)  # noqa: TID251  # the one place that asks


def entropy(octets: int) -> bytes:
    """Return octets from the operating system's generator: the house's one source of chance."""
    return os.urandom(octets)


@contextmanager
def embedded_postgres(settings: Settings) -> Iterator[Cluster]:
    """Run the embedded PostgreSQL while the context lasts, with this release's schema.

    Raises:
        LauncherError: it cannot be started, or a house that has keys lacks its data.
        MigrationError: its schema does not fit this release.
    """
    home = home_for(settings.state)
    configured = Path(settings.database.binaries) if settings.database.binaries else None
    cluster = Cluster(home, find_binaries(home, configured))
    if (settings.state / "keys" / FILE).exists() and not cluster.is_made:  # the data are made before the keys
        raise LauncherError(
            f"the house in {settings.state} has keys, and no data of PostgreSQL in {home}: mount or bring back what lay"
            " there, or `gatepost database restore` a dump; where its PostgreSQL is another, name it (GATEPOST_CONFIG);"
            " to begin anew for good, move the folder keys away"
        )
    with nullcontext() if home == settings.state.resolve() else locked(home):  # a copied folder points there as well
        try:
            cluster.start()
            bring_up(settings, cluster.dsn(OWNER))
            cluster.shut_out_owner()
            yield cluster
        finally:
            cluster.stop()


def bring_up(settings: Settings, owner_dsn: str) -> list[str]:
    """Bring the database's schema up to this release, sealing what lies there in clear; return what was applied.

    Raises:
        MigrationError: its schema does not fit this release.
        KeyringError: the key store cannot be used.
    """
    blobs = partial(_blobs_alone, settings, owner_dsn)
    step = partial(seal_clear_rows, folder=settings.state / "keys", blobs=blobs, entropy=entropy)
    return migrate(owner_dsn, {seal.NAME: step})


def own_ids_under(keys: KeyStore) -> OwnIds:
    """Return what writes this house's Message-IDs and knows them again."""
    return OwnIds(keys.keyring.derive("message-id"))


@dataclass(frozen=True, slots=True)
class Ways:
    """What connects outwards: the way out itself, and what was built from what it must know.

    ``bucket``: where objects are reached otherwise than over the network.
    """

    egress: Egress
    resolver: CachingResolver
    endpoint: Endpoint | None
    bucket: Store | None = None


@asynccontextmanager
async def open_house(
    settings: Settings,
    dsn: str,
    *,
    allow_loopback: bool = False,
    meters: Meters = UNMETERED,
    door: str = "",
    past: Past | None = None,
    ways: Ways | None = None,
    older_keys: bool = False,
) -> AsyncIterator[House]:
    """Build what the stages stand on, and take it down at the end.

    Args:
        settings: the house's.
        dsn: the serving role's connection string.
        allow_loopback: a house for trying out, whose webhooks and mail may reach this machine.
        meters: told what the house does.
        door: where the process that runs hosted agents asks for its connections; empty for every other.
        past: which time has surely passed, for the process that keeps it; any other looks it up.
        ways: what connects outwards, from whoever has built it already (``ways_of``).
        older_keys: also where the key store has lost keys, to have that accepted.

    Raises:
        SettingsError: a setting cannot be used.
        KeyringError: the key store cannot be used, or is not the one the database was sealed under.
        DatabaseUnavailableError: the database lets nobody in.
        MigrationError: the database has another release's schema.
    """
    keys = KeyStore.open(settings.state / "keys", entropy)
    ways = ways or (_distant_ways(door) if door else ways_of(settings, dsn, allow_loopback=allow_loopback))
    ways.resolver.meters = meters
    size, accepts = settings.database.connections, accept_dsn(settings, dsn)
    async with (
        ways.resolver as resolver,
        Database.open(through(ways.egress, dsn), keys, size=size) as db,
        Database.open(through(ways.egress, accepts), keys, size=size, answer_s=ACCEPT_ANSWER_S) as accepting,
    ):
        await asyncio.gather(db.reach(), accepting.reach())  # a house without its database would say that it serves
        await check_schema(db)
        await db.check_keys(may_be_older=older_keys)
        if not door:  # who opens it bars
            await bar(ways.egress, db, settings, clock())
        past = past or Past(settings.state, clock)
        if not door and past() == UNKNOWN and not await access.list_recorded(db):
            past.confirm()  # nothing is there yet that a wrong clock could destroy
        extractor = Extractor()
        house = House(
            db=db,
            accepting=accepting,
            dns=resolver,
            blobs=marked(blobs_of(settings, ways), db, clock),
            jobs=Jobs(db, clock),
            keyring=keys.keyring,
            own_ids=own_ids_under(keys),
            clock=clock,
            past=past,
            entropy=entropy,
            egress=ways.egress,
            hostname=hostname_of(settings),
            next_hop=next_hop(settings),
            public_url=settings.http.public_url,
            extractor=extractor,
            watch=watch(settings, ways.egress),
            commits=GroupCommit(crowd_s=CROWD_S, meters=meters),
            meters=meters,
        )
        try:
            yield house
        finally:
            await extractor.close()
        await house.commits.close()


def accept_dsn(settings: Settings, dsn: str) -> str:
    """Return the connection string of the role that takes mail; ``dsn`` is the serving role's.

    Raises:
        DsnError: it cannot be read.
    """
    return settings.database.accept_dsn or as_role(dsn, ACCEPTS)


def _distant_ways(door: str) -> Ways:
    """Return those of a process that asks another one for each connection; names it asks about by itself are none."""
    from gatepost.blobs.distant import DistantStore  # noqa: PLC0415  # for the agents' process alone
    from gatepost.egress.distant import Distant  # noqa: PLC0415  # as above

    egress = Distant(door, clock)
    resolver = CachingResolver(Client([], egress, entropy, timeout_s=0.05), clock)
    return Ways(egress, resolver, None, DistantStore(egress))


def ways_of(
    settings: Settings,
    dsn: str,
    *,
    allow_loopback: bool = False,
    for_agents: bool = False,
) -> Ways:
    """Return what connects outwards, as ``open_house`` does; nothing is opened yet.

    ``for_agents``: with the register of the process that runs hosted agents, in place of all others'.

    Raises:
        SettingsError: a setting cannot be used.
    """
    endpoint = _endpoint(settings)
    servers = name_servers(settings)
    hosts = hosts_in(_text_of(HOSTS))
    try:
        own = (dsn, accept_dsn(settings, dsn), settings.database.keeper_dsn)
        outside = list(dict.fromkeys(place for each in own if each for place in places(each)))
    except DsnError as error:
        raise SettingsError(str(error)) from error
    declared = register(
        settings,
        name_servers=[*servers, *_asked_by_obstore(endpoint, servers)],
        blobs=(endpoint.host, endpoint.port) if endpoint else None,
        databases=outside,
        scanners=list(places_of(settings)),
        tools=agents_places(settings),
        allow_loopback=allow_loopback,
        closed=set(Purpose) - FOR_AGENTS if for_agents else {Purpose.MODEL, Purpose.TOOL},
    )

    async def addresses(host: str) -> Sequence[str]:
        return await addresses_of(host, resolver, hosts)  # which asks over egress in its turn

    egress = Egress(declared, addresses, clock)
    try_s = max(settings.dns.timeout_s / 3, 0.05)  # two tries at a server, and one over TCP
    newly = (lambda: None) if settings.dns.servers else Followed(RESOLV_CONF, servers, egress)
    client = Client([place(each, "dns.servers") for each in servers], egress, entropy, timeout_s=try_s, newly=newly)
    resolver = CachingResolver(client, clock, deadline_s=settings.dns.timeout_s)
    return Ways(egress, resolver, endpoint)


def _asked_by_obstore(endpoint: Endpoint | None, known: Sequence[str]) -> list[str]:
    """Return the name servers libc will ask for a bucket's name, where we do not ask them anyway."""
    if endpoint is None or is_address(endpoint.host):
        return []
    return [each for each in servers_in(_text_of(RESOLV_CONF)) if each not in known]


def vouched_dsn(settings: Settings, dsn: str) -> str:
    """Return a connection string for one connection now, checked as those of the pool are.

    Raises:
        SettingsError: it may not be connected to, or has no address.
    """
    made = through(ways_of(settings, dsn).egress, dsn)
    if isinstance(made, str):
        return made
    try:
        return asyncio.run(_awaited(made))
    except (DsnError, EgressRefusedError, UnreachableError) as error:
        raise SettingsError(f"the database cannot be reached: {error}") from error


async def _awaited(made: Callable[[], Awaitable[str]]) -> str:
    return await made()


def sequencer(settings: Settings, house: House) -> Sequencer:
    """Return the one that gives entries their place in the log and signs it."""
    return Sequencer(
        house.db,
        house.blobs,
        second_store(settings, house.egress),
        house.keyring,
        house.clock,
        house.entropy,
        settings.log.origin or f"{house.hostname}/log",
        witnesses(settings, house),
    )


def witnesses(settings: Settings, house: House) -> Witnesses:
    """Return who must cosign checkpoints before they are shown.

    Raises:
        SettingsError: the settings name none that could be asked, or fewer than must cosign.
    """
    try:
        named = [Witness.parse(text) for text in settings.log.witnesses]
    except LedgerError as error:
        raise SettingsError(f"log.witnesses: {error}; write `https://witness.example/ name+id+key`") from error
    if not named:
        return NO_WITNESSES
    if not 1 <= settings.log.quorum <= len({each.key.name for each in named}):
        raise SettingsError("log.quorum must be at least 1, and at most the number of witnesses of different names")
    return Witnesses(named, settings.log.quorum, asking(house.egress))


def second_store(settings: Settings, egress: Egress) -> Blobs:
    """Return where the log lies a second time.

    Raises:
        SettingsError: its URL cannot be used.
    """
    url = settings.log.second or (settings.state / "second").resolve().as_uri()
    try:
        return Blobs.open(url, endpoint=_endpoint(settings), egress=egress)
    except ValueError as error:
        raise SettingsError(f"log.second cannot be used: {error}") from error


def guards_no_fork(settings: Settings) -> bool:
    """Tell whether nothing outside the state folder would notice that all of it was put back to an older point.

    Database, first and second store agree then, and the log goes on from there: under the checkpoints that were shown
    since, there would be others.
    """
    folder = folder_of(settings.log.second)
    lies_in = folder is not None and folder.resolve().is_relative_to(settings.state.resolve())
    return (lies_in or not settings.log.second) and not settings.log.witnesses


def name_servers(settings: Settings) -> tuple[str, ...]:
    """Return the resolvers to ask, each with an address that is one; the system's where the settings name none.

    Raises:
        SettingsError: one is not ``ip:port``; the register could not say whose address it is.
    """
    for server in settings.dns.servers:
        if not is_address(place(server, "dns.servers")[0]):
            raise SettingsError("dns.servers must be ip:port, comma-separated, such as 127.0.0.1:53,[::1]:53")
    return settings.dns.servers or servers_in(_text_of(RESOLV_CONF))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def hostname_of(settings: Settings) -> str:
    """Return our name in A-labels.

    Raises:
        SettingsError: it is no name of a machine.
    """
    try:
        return normalise_domain(settings.hostname)
    except AddressError as error:
        raise SettingsError(f"hostname is no name of a machine: {error}") from error


def _endpoint(settings: Settings) -> Endpoint | None:
    try:
        return read_endpoint(amazon()) if is_bucket(settings.blobs.url) or is_bucket(settings.log.second) else None
    except ValueError as error:
        raise SettingsError(f"blobs.url cannot be used: {error}") from error


def _blobs_alone(settings: Settings, dsn: str) -> Blobs:
    return blobs_of(settings, ways_of(settings, dsn))


def blobs_of(settings: Settings, ways: Ways) -> Blobs:
    """Return the object store.

    Raises:
        SettingsError: its URL cannot be used.
    """
    url = settings.blobs.url or (settings.state / "blobs").resolve().as_uri()
    if is_bucket(url) and ways.bucket is not None:
        return Blobs(ways.bucket)
    try:
        return Blobs.open(url, endpoint=ways.endpoint, egress=ways.egress)
    except ValueError as error:
        raise SettingsError(f"blobs.url cannot be used: {error}") from error
