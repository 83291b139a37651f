"""The real things: built here, once, from the settings."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.db.launcher import Cluster, find_binaries, home_for
from gatepost.db.migrate import migrate
from gatepost.dns import CachingResolver
from gatepost.egress import Egress, NextHop
from gatepost.jobs import Jobs
from gatepost.journey import House
from gatepost.keys import Keyring
from gatepost.record.publish import Sequencer
from gatepost.settings import Settings, SettingsError


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
async def open_house(settings: Settings, dsn: str) -> AsyncIterator[House]:
    """Build what the stages stand on, and take it down at the end."""
    keyring = Keyring.open(settings.state / "keys" / "master.key", entropy)
    blobs = Blobs.open(settings.blobs.url or (settings.state / "blobs").resolve().as_uri())
    async with (
        CachingResolver(settings.dns.servers, clock, deadline_s=settings.dns.timeout_s) as resolver,
        Database.open(dsn, size=settings.database.connections) as db,
    ):
        house = House(
            db=db,
            dns=resolver,
            blobs=blobs,
            jobs=Jobs(db, clock),
            keyring=keyring,
            clock=clock,
            entropy=entropy,
            egress=Egress(allow_private=settings.egress.allow_private),
            hostname=settings.hostname,
            next_hop=next_hop(settings),
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
        settings.log.origin or f"{settings.hostname}/log",
    )


def next_hop(settings: Settings) -> NextHop | None:
    """Return the relay for outgoing mail, or None for direct delivery.

    Raises:
        SettingsError: it is not ``host:port``.
    """
    text = settings.delivery.next_hop
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise SettingsError("delivery.next_hop must be host:port, such as 127.0.0.1:1025")
    return NextHop(host.strip("[]"), int(port))
