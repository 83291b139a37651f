"""The embedded PostgreSQL's data as one file of pg_dump's custom format, and back.

For a move, and for another major version. Only its owner sees every row, and a house that is up lets the owner in no
more: so it is down meanwhile.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gatepost.db.binaries import LauncherError
from gatepost.db.launcher import DATABASE, OWNER, Cluster
from gatepost.db.surroundings import handed_on
from gatepost.durable import sync_folder

ARRIVING = f"{DATABASE}_arriving"
"""What is restored goes by this name until all of it is there."""
_TAIL_CHARS = 800


def dump(cluster: Cluster, file: Path) -> int:
    """Write all of a cluster's database to a file, for its owner alone; return its octets. It replaces one in one step.

    Raises:
        LauncherError: pg_dump is not beside this PostgreSQL, or failed.
        OSError: the file cannot be written.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
            _run(cluster, "pg_dump", "--format=custom", "--dbname", cluster.dsn(OWNER), output=out)
            os.fsync(out.fileno())
            octets = out.tell()
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(file.parent)
    return octets


def holds_house(cluster: Cluster) -> bool:
    """Tell whether anybody's data lie in the cluster."""
    with psycopg.connect(cluster.dsn(OWNER)) as connection:
        [found] = connection.execute("select to_regclass('public.tenant') is not null").fetchone() or (False,)
        return bool(found) and connection.execute("select from tenant limit 1").fetchone() is not None


@contextmanager
def restored(cluster: Cluster, file: Path) -> Iterator[str]:
    """Restore a dump beside the cluster's empty database; yield how its owner reaches it; then it takes its place.

    The roles that the dump speaks of are there already: each of our schemas makes them. Where the context raises, the
    database is as it was.

    Raises:
        LauncherError: pg_restore is not beside this PostgreSQL, or failed.
    """
    name, arriving = sql.Identifier(DATABASE), sql.Identifier(ARRIVING)
    with psycopg.connect(make_conninfo(cluster.dsn(OWNER), dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {}").format(arriving))
        connection.execute(sql.SQL("create database {}").format(arriving))
        dsn = make_conninfo(cluster.dsn(OWNER), dbname=ARRIVING)
        try:
            _run(cluster, "pg_restore", "--exit-on-error", "--dbname", dsn, str(file))
            yield dsn
        except BaseException:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(arriving))
            raise
        connection.execute(sql.SQL("drop database {}").format(name))
        connection.execute(sql.SQL("alter database {} rename to {}").format(arriving, name))


def _run(cluster: Cluster, program: str, *arguments: str, output: BinaryIO | None = None) -> None:
    path = cluster.programs / program
    if not path.exists():
        raise LauncherError(f"{path} is not there: install the client programs of this PostgreSQL")
    done = subprocess.run(  # noqa: S603  # beside the postgres that we found ourselves
        [str(path), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=subprocess.PIPE,
        env=handed_on(os.environ),  # noqa: TID251  # it says what of it
        check=False,
    )
    if output is not None:
        output.seek(0, os.SEEK_END)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise LauncherError(f"{program} failed: {said[-_TAIL_CHARS:]}")
