"""Dump the embedded PostgreSQL of a house that is down, and restore it into a house that has nothing but its keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepost.app.build import bring_up
from gatepost.app.state import StateError, locked
from gatepost.db.dump import dump, holds_house, restored
from gatepost.db.home import home_for
from gatepost.db.launcher import OWNER, Cluster, find_binaries
from gatepost.db.migrate import migrate
from gatepost.keys import FILE
from gatepost.settings import Settings


def dump_house(settings: Settings, file: Path) -> int:
    """Write the database of a house that is down to a file; return its octets.

    Raises:
        StateError: the house is up, or there is none.
        LauncherError: PostgreSQL or pg_dump failed.
        OSError: the file cannot be written.
    """
    _check(settings)
    has_keys = (settings.state / "keys" / FILE).exists()
    if not has_keys or not any(home_for(settings.state).glob("postgres-*/data/PG_VERSION")):
        raise StateError(f"no house lies in {settings.state}: name its folder with GATEPOST_STATE")
    with _lent(settings) as cluster:
        return dump(cluster, file)


def restore_house(settings: Settings, file: Path) -> None:
    """Take a dump for the database of a house that has its keys and no data yet, in this release's schema.

    Raises:
        StateError: the house is up, has data, or its keys are not there.
        MigrationError: the dump is a newer release's.
        LauncherError: PostgreSQL or pg_restore failed; nothing is changed.
    """
    _check(settings)
    if not (settings.state / "keys" / FILE).exists():
        raise StateError(
            f"{settings.state}/keys holds no keys, and without them nothing in a dump opens: restore that folder first"
        )
    with _lent(settings) as cluster:
        if holds_house(cluster):
            raise StateError(
                f"the database in {settings.state} holds a house already: move the folders postgres-* away first"
            )
        migrate(cluster.dsn(OWNER))  # for the roles alone
        with restored(cluster, file) as arriving:
            bring_up(settings, arriving)


def _check(settings: Settings) -> None:
    if settings.database.dsn:
        raise StateError("database.dsn names a PostgreSQL of yours: use its own pg_dump and pg_restore")
    if not settings.state.is_dir():
        raise StateError(f"there is no folder {settings.state}: name the house's with GATEPOST_STATE")


@contextmanager
def _lent(settings: Settings) -> Iterator[Cluster]:
    """Run the embedded PostgreSQL with its owner let in, while no house serves on it."""
    with locked(settings.state):
        home = home_for(settings.state)
        configured = Path(settings.database.binaries) if settings.database.binaries else None
        cluster = Cluster(home, find_binaries(home, configured))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
