"""Our own PostgreSQL, as a child process: Unix socket only, peer authentication, data checksums (docs/adr/0003)."""

import asyncio
import hashlib
import math
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from gatepost.db.binaries import Binaries, LauncherError, find_binaries, service_account
from gatepost.db.home import home_for
from gatepost.db.surroundings import handed_on
from gatepost.durable import make_folder, sync_folder

__all__ = ["Binaries", "Cluster", "LauncherError", "find_binaries", "home_for"]

FIRST_WITH_BUILTIN_LOCALE = 17
OWNER = "gatepost_owner"
DATABASE = "gatepost"
ROLES = ("gatepost_app", "gatepost_accept", "gatepost_keeper")
"""Who serves, who takes mail, and who forgets: the roles a house that is up connects as."""

_START_TIMEOUT_S = 60
_START_TRIES = 3
_TAIL_CHARS = 800
_STOP_TIMEOUT_S = 20
_QUIT_TIMEOUT_S = 10
"""After SIGQUIT: PostgreSQL itself kills what does not end within five seconds."""
PORT = 5432
"""Part of the socket's name, and said to both sides: each would take it from its environment."""
_SOCKET_PATH_MAX = 107 - len(f"/.s.PGSQL.{PORT}")  # sun_path is 108 octets, one of them the end (unix(7))
_SHORT_FOLDERS = Path("/tmp")  # noqa: S108  # 0700, ownership checked below
# What a statement holds is somebody's; it is no business of a log. An error is told to the one who asked, and is not
# written down: its message may quote a value. ("log" stands above "error" among the levels of the server's log.)
_SILENCE = (
    *("-c", "log_min_messages=log"),
    *("-c", "log_min_error_statement=panic"),
    *("-c", "log_error_verbosity=terse"),
    *("-c", "log_parameter_max_length=0"),
    *("-c", "log_parameter_max_length_on_error=0"),
)


class Cluster:
    """One data folder and, while started, its postgres process."""

    def __init__(self, home: Path, binaries: Binaries) -> None:
        self._binaries = binaries
        self._account = service_account()
        self._root = home / f"postgres-{binaries.major}"
        self._data = self._root / "data"
        self._lock = self._data / "postmaster.pid"
        self._socket = self._root / "run"
        self._way = self._socket
        if len(os.fsencode(self._socket)) > _SOCKET_PATH_MAX:
            digest = hashlib.sha256(os.fsencode(self._socket)).hexdigest()[:16]
            self._way = _SHORT_FOLDERS / f"gatepost-{os.geteuid()}-{digest}" / "run"
        self._is_owner_out = False
        self._log_from = 0
        self._is_called_off = threading.Event()
        self.process: subprocess.Popen[bytes] | None = None

    def dsn(self, role: str) -> str:
        """Return the connection string for ``role``: one that a house serves as, or ``OWNER``, who migrates."""
        return make_conninfo(
            host=str(self._way),
            hostaddr="",  # else libpq would take one from its environment, and connect there
            port=PORT,
            user=role,
            dbname=DATABASE,
            application_name="gatepost",
        )

    @property
    def is_made(self) -> bool:
        """There is a whole data folder."""
        return (self._data / "PG_VERSION").exists()

    @property
    def programs(self) -> Path:
        """The folder with postgres, and what came along with it."""
        return self._binaries.folder

    @property
    def log_path(self) -> Path:
        """Where the server writes what it has to say."""
        return self._root / "postgres.log"

    def start(self) -> None:
        """Make the data folder where there is none, start postgres, and wait until it answers.

        Raises:
            LauncherError: with the reason and the last lines of the server's log.
        """
        self._own(self._root)
        self._own(self._socket)
        self.keep_way()
        if not self.is_made:
            self._initialise()
        self._clear_attempts()
        for left in reversed(range(_START_TRIES)):
            self._stop_orphan()
            self._write_access()
            self._begin()
            try:
                self._wait_until_ready()
            except LauncherError:
                if not left or not self._is_taken():
                    raise
            else:
                return

    def keep_way(self) -> bool:
        """See that there is a short way to the socket where its own name is too long to connect to; return whether not.

        It is a link in a folder below /tmp, which whoever tidies up there may remove. The socket itself lies beside the
        data: with the link it is reached again.

        Raises:
            LauncherError: the place is taken.
            OSError: it cannot be made.
        """
        if self._way == self._socket:
            return False
        self._own(self._way.parent)  # first: a link in a stranger's folder is a stranger's, and leads where he likes
        if self._way.is_symlink():
            if self._way.readlink() != self._socket:
                raise LauncherError(f"{self._way} leads elsewhere: remove it or choose another state folder")
            return False
        self._way.symlink_to(self._socket)
        return True

    def _begin(self) -> None:
        """Begin a postgres in the data folder, and wait for nothing."""
        with self.log_path.open("ab") as log:
            self._log_from = log.tell()
            self.process = self._spawn(
                [
                    str(self._binaries.folder / "postgres"),
                    *("-D", str(self._data)),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._way}"),
                    *("-c", f"port={PORT}"),
                    *("-c", "max_connections=100"),
                    *("-c", "max_wal_size=2GB"),
                    *("-c", "shared_buffers=128MB"),
                    *_SILENCE,
                ],
                output=log.fileno(),
            )

    def call_off(self) -> None:
        """Let a start that is under way in another thread fail, and each to come: the house is to end."""
        self._is_called_off.set()

    def stop(self) -> None:
        """Stop fast and in order (SIGINT: disconnect clients, checkpoint, exit); without order what does not heed that.

        Recovery replays the write-ahead log at the next start then.
        """
        steps = ((signal.SIGINT, _STOP_TIMEOUT_S), (signal.SIGQUIT, _QUIT_TIMEOUT_S), (signal.SIGKILL, math.inf))
        for number, within_s in steps:
            deadline = time.monotonic() + within_s
            while time.monotonic() < deadline:
                if self.process is None or self.process.poll() is not None:
                    return
                # Again each second: where our parent ignores SIGINT (a shell's "&"), a postmaster that only begins to
                # start has not yet put its handler in place and never hears of the first.
                self.process.send_signal(number)
                for each in self._inhabitants():
                    _signal(each, signal.SIGCONT)  # one that somebody has stopped hears of nothing else
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(1)

    async def ended(self) -> int:
        """Return postgres's exit code once it has ended."""
        if self.process is None:
            raise RuntimeError("the cluster was not started")
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        try:
            descriptor = os.pidfd_open(self.process.pid)
        except OSError:  # it has ended already, or this kernel is older than 5.3
            while (code := self.process.poll()) is None:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.2)
            return code
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return self.process.wait()

    def _spawn(self, command: list[str], *, output: int) -> subprocess.Popen[bytes]:
        account = self._account
        return subprocess.Popen(  # noqa: S603  # binaries we found ourselves
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=handed_on(os.environ),  # noqa: TID251  # it says what of it
            process_group=0,  # Ctrl-C reaches us, not it: we stop it in order
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )

    def _own(self, path: Path) -> None:
        make_folder(path, mode=0o700)
        owner = self._account.pw_uid if self._account else os.geteuid()
        if path.is_symlink() or path.stat().st_uid not in {os.geteuid(), owner}:
            raise LauncherError(f"{path} belongs to another account: remove it or choose another state folder")
        path.chmod(0o700)
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _initialise(self) -> None:
        """Make the data folder under another name first: one that goes by ``data`` was finished, and is on disk.

        Each attempt has a name of its own: the initdb of a house that was killed may still be at work in the last one.
        Where ``data`` is a disk of its own, or a link to one, nothing can take its place: it is filled where it is.
        """
        self._clear_attempts()
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted initdb of an earlier release left
        if stays := self._data.is_symlink() or self._data.is_mount():
            making = self._data
        else:
            making = Path(tempfile.mkdtemp(prefix="making-", dir=self._root))
            self._own(making)
        command = [
            str(self._binaries.folder / "initdb"),
            *("--pgdata", str(making)),
            *("--username", OWNER),
            *("--auth-local", "peer", "--auth-host", "reject"),
            *("--encoding", "UTF8", "--locale", "C", "--data-checksums"),
        ]
        if self._binaries.major >= FIRST_WITH_BUILTIN_LOCALE:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self.log_path.open("ab") as log:
            self._log_from = log.tell()
            made = self._spawn(command, output=log.fileno())
            try:
                code = made.wait()
            except BaseException:  # we are told to end: nobody goes on making a data folder without us
                os.killpg(made.pid, signal.SIGKILL)
                made.wait()
                raise
        if code:
            shutil.rmtree(making, ignore_errors=True)
            raise LauncherError(f"initdb failed:\n{self._log_tail()}")
        if not stays:
            making.rename(self._data)
            sync_folder(self._root)

    def _clear_attempts(self) -> None:
        """Remove what earlier attempts left. One that is still at work then fails, and leaves a little more."""
        for left in self._root.glob("making-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _write_access(self) -> None:
        """Say who may come in, over the socket alone: each of our roles, and the owner unless he is shut out."""
        try:  # not what the environment says: `runuser -u` leaves its caller's there
            own = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError as error:
            raise LauncherError(f"account {os.geteuid()} has no name, and PostgreSQL asks for one: add it") from error
        accounts = {own, self._account.pw_name if self._account else own}
        roles = ROLES if self._is_owner_out else (OWNER, *ROLES)
        maps = "".join(f"house {account} {role}\n" for account in sorted(accounts) for role in roles)
        (self._data / "pg_ident.conf").write_text(maps)
        (self._data / "pg_hba.conf").write_text(f"local all {','.join(roles)} peer map=house\n")

    def shut_out_owner(self) -> None:
        """Let nobody in as the owner of the tables, who is a superuser, until this cluster is started by another house.

        What serves from now on runs beside a PostgreSQL that knows no way to become its superuser.

        Raises:
            LauncherError: PostgreSQL goes on letting the owner in.
        """
        self._is_owner_out = True
        self._write_access()
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                psycopg.connect(make_conninfo(self.dsn(OWNER), dbname="postgres", connect_timeout=2)).close()
            except psycopg.OperationalError:
                return
            time.sleep(0.02)
        raise LauncherError("PostgreSQL goes on letting its superuser in: see its log")

    def _stop_orphan(self) -> None:
        """Stop a postgres of this data folder whose house was killed: it would hold the lock, and nobody watches it.

        Where nobody lives here, nobody holds the lock either. PostgreSQL would take for its holder whatever process has
        the number by now (after a restart of the machine or the container, a zombie), and refuse a lock without number,
        as a kill leaves it between the file and what is written there.
        """
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while (inhabitants := tuple(self._inhabitants())) and time.monotonic() < deadline:
            if (pid := self._holder()) in inhabitants:
                _signal(pid, signal.SIGINT)
            for each in inhabitants:
                _signal(each, signal.SIGCONT)  # as in ``stop``, and again each second for the same reason
            if self._is_deserted(1) or self._is_called_off.is_set():
                break
        if not self._is_deserted(0):  # backends outlive a killed postmaster by a moment, unless they hang
            for left in self._inhabitants():
                _signal(left, signal.SIGKILL)  # what they share is thrown away and made anew from the log
            if not self._is_deserted(_QUIT_TIMEOUT_S):
                return  # postgres will say who holds the lock
        for held in (self._lock, *self._socket.glob(".s.PGSQL.*.lock")):
            held.unlink(missing_ok=True)

    def _holder(self) -> int:
        """Return the number in the data folder's lock; 0: there is none."""
        try:
            return int(self._lock.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0

    def _is_taken(self) -> bool:
        """Tell whether ours has ended, and another lives here: one that a killed house had just begun was quicker."""
        return self.process is not None and self.process.poll() is not None and any(self._inhabitants())

    def _is_deserted(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while any(self._inhabitants()):
            if time.monotonic() > deadline or self._is_called_off.is_set():
                return False
            time.sleep(0.05)
        return True

    def _inhabitants(self) -> Iterator[int]:
        """Yield the processes of PostgreSQL that live in the data folder: postmaster and backends alike.

        A postmaster that has only just begun is on its way there, as its command says. A name alone says nothing: that
        of another container, or of a mount that we do not see, is the name of another folder.
        """
        bound = b"\0-D\0%b\0" % os.fsencode(self._data)
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended meanwhile, or is somebody else's
                if (process / "comm").read_text() != "postgres\n":
                    continue
                is_bound = bound in (process / "cmdline").read_bytes()
                if (process / "cwd").samefile(self._data) or (
                    is_bound and Path(f"{process}/root{self._data}").samefile(self._data)
                ):
                    yield int(process.name)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        server = make_conninfo(self.dsn(OWNER), dbname="postgres", connect_timeout=2)
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            if self._is_called_off.is_set():
                break
            said = psycopg.pq.PGconn.ping(server.encode())  # it says so to whomever
            if said == psycopg.pq.Ping.REJECT:  # it replays its log, which takes as long as it takes
                deadline = time.monotonic() + _START_TIMEOUT_S
            elif said == psycopg.pq.Ping.OK and self._holder() == self.process.pid:  # not one that outlives its house
                if not self._is_owner_out:
                    self._make_database(server)
                return
            time.sleep(0.05)
        tail = self._log_tail()
        self.stop()
        raise LauncherError(f"PostgreSQL did not start; its log ends:\n{tail}")

    def _make_database(self, server: str) -> None:
        try:
            with psycopg.connect(server, autocommit=True) as connection:
                if connection.execute("select from pg_database where datname = 'gatepost'").fetchone() is None:
                    connection.execute("create database gatepost")
        except psycopg.Error as error:
            raise LauncherError(f"PostgreSQL started and does no work; its log ends:\n{self._log_tail()}") from error

    def _log_tail(self) -> str:
        """Return the last lines it wrote in this attempt."""
        said = self.log_path.read_bytes()[self._log_from :].decode(errors="replace")
        return said if len(said) <= _TAIL_CHARS else said[-_TAIL_CHARS:].partition("\n")[2]


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
