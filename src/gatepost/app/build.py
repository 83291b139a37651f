"""The real things: built here, once, from the settings."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.db import Database, GroupCommit
from gatepost.db.launcher import Cluster, find_binaries, home_for
from gatepost.db.migrate import check_schema, migrate
from gatepost.dns import CachingResolver
from gatepost.egress import Egress, NextHop
from gatepost.jobs import Jobs
from gatepost.journey import House
from gatepost.keys import Keyring
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.meters import UNMETERED, Meters
from gatepost.record.publish import Sequencer
from gatepost.settings import PORT_MAX, Settings, SettingsError


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
        LauncherError: it cannot be started.
        MigrationError: its schema does not fit this release.
    """
    home = home_for(settings.state)
    configured = Path(settings.database.binaries) if settings.database.binaries else None
    cluster = Cluster(home, find_binaries(home, configured))
    cluster.start()
    try:
        migrate(cluster.dsn("gatepost_owner"))
        yield cluster
    finally:
        cluster.stop()


@asynccontextmanager
async def open_house(settings: Settings, dsn: str, *, meters: Meters = UNMETERED) -> AsyncIterator[House]:
    """Build what the stages stand on, and take it down at the end.

    Raises:
        SettingsError: a setting cannot be used.
        KeyringError: the master key cannot be read or made.
        DatabaseUnavailableError: the database lets nobody in.
        MigrationError: the database has another release's schema.
    """
    keyring = Keyring.open(settings.state / "keys" / "master.key", entropy)
    blobs = _blobs(settings)
    async with (
        CachingResolver(name_servers(settings), clock, deadline_s=settings.dns.timeout_s, meters=meters) as resolver,
        Database.open(dsn, size=settings.database.connections) as db,
    ):
        await db.reach()  # a house that never had its database would say that it serves
        await check_schema(db)
        house = House(
            db=db,
            dns=resolver,
            blobs=blobs,
            jobs=Jobs(db, clock),
            keyring=keyring,
            clock=clock,
            entropy=entropy,
            egress=Egress(allow_private=settings.egress.allow_private),
            hostname=_hostname(settings),
            next_hop=next_hop(settings),
            commits=GroupCommit(meters=meters),
            meters=meters,
        )
        yield house
        await house.commits.close()


def sequencer(settings: Settings, house: House) -> Sequencer:
    """Return the one that gives entries their place in the log and signs it."""
    return Sequencer(
        house.db,
        house.blobs,
        house.keyring,
        house.clock,
        house.entropy,
        settings.log.origin or f"{house.hostname}/log",
    )


def next_hop(settings: Settings) -> NextHop | None:
    """Return the relay for outgoing mail, or None for direct delivery.

    Raises:
        SettingsError: it is not ``host:port``.
    """
    text = settings.delivery.next_hop
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not _is_port(port):
        raise SettingsError("delivery.next_hop must be host:port, such as 127.0.0.1:1025")
    return NextHop(host.strip("[]"), int(port))


def name_servers(settings: Settings) -> tuple[str, ...]:
    """Return the resolvers to ask, each with an address that is one; none for the system's.

    Raises:
        SettingsError: one is not ``ip:port``; the resolver would leave it out in silence.
    """
    for server in settings.dns.servers:
        host, _, port = server.rpartition(":")
        try:
            ip_address(host.strip("[]"))
        except ValueError:
            host = ""
        if not host or not _is_port(port):
            raise SettingsError("dns.servers must be ip:port, comma-separated, such as 127.0.0.1:53,[::1]:53")
    return settings.dns.servers


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= PORT_MAX


def _hostname(settings: Settings) -> str:
    try:
        return normalise_domain(settings.hostname)
    except AddressError as error:
        raise SettingsError(f"hostname is no name of a machine: {error}") from error


def _blobs(settings: Settings) -> Blobs:
    try:
        return Blobs.open(settings.blobs.url or (settings.state / "blobs").resolve().as_uri())
    except ValueError as error:
        raise SettingsError(f"blobs.url cannot be used: {error}") from error
