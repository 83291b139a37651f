import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gatepost.db.binaries import service_account
from gatepost.db.launcher import Cluster, LauncherError, find_binaries, home_for
from gatepost.db.outside import places


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gatepost-launch-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def start(state: Path) -> Cluster:
    cluster = Cluster(home_for(state), find_binaries(home_for(state)))
    cluster.start()
    return cluster


def test_data_survives_a_stop_and_a_start(state: Path) -> None:
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner"), autocommit=True) as connection:
        connection.execute("create table kept (x int)")
    cluster.stop()
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    cluster.stop()


def test_a_postgres_whose_house_was_killed_is_stopped_and_replaced(state: Path) -> None:
    orphan = start(state)
    assert orphan.process is not None
    heir = start(state)
    assert orphan.process.wait(10) == 0
    with psycopg.connect(heir.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    heir.stop()


def test_a_killed_postgres_starts_again_with_its_data(state: Path) -> None:
    cluster = start(state)
    assert cluster.process is not None
    with psycopg.connect(cluster.dsn("gatepost_owner"), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as x")
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait(10)
    cluster.start()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select x from kept").fetchone() == (1,)
    cluster.stop()


def test_a_killed_postgres_nobody_has_buried_does_not_keep_its_heir_out(state: Path) -> None:
    orphan = start(state)
    assert orphan.process is not None
    os.kill(orphan.process.pid, signal.SIGKILL)  # and not waited for: a zombie, as under a container's idle init
    heir = start(state)
    with psycopg.connect(heir.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    heir.stop()
    assert orphan.process.wait(10) == -signal.SIGKILL


def backend_of(connection: psycopg.Connection) -> int:
    return connection.info.backend_pid


def test_a_postgres_that_somebody_stopped_ends_all_the_same(state: Path) -> None:
    cluster = start(state)
    assert cluster.process is not None
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        for pid in (backend_of(connection), cluster.process.pid):
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        cluster.stop()
        connection.close()
    assert cluster.process.returncode == 0
    assert time.monotonic() - began < 10


def test_what_hangs_and_outlives_its_postgres_does_not_keep_its_heir_out(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepost.db.launcher._STOP_TIMEOUT_S", 1)
    monkeypatch.setattr("gatepost.db.launcher._START_TIMEOUT_S", 10)
    cluster = start(state)
    assert cluster.process is not None
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        pid = backend_of(connection)
        monkeypatch.setattr("gatepost.db.launcher.signal.SIGCONT", 0)  # as one that waits for a dead disk
        os.kill(pid, signal.SIGSTOP)
        cluster.process.kill()
        cluster.process.wait(10)
        cluster.start()
        connection.close()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()


def test_a_first_start_that_was_killed_leaves_no_half_made_data(state: Path) -> None:
    """As ``kill -9`` leaves it, while initdb is at work: it has no parent any more, and goes on."""
    child = os.fork()
    if not child:
        try:
            start(state)
        finally:
            os._exit(0)
    while not any(state.glob("postgres-*/*/PG_VERSION")):  # initdb writes it first, and has seconds to go
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()
    assert sorted(each.name for each in next(state.glob("postgres-*")).iterdir()) == ["data", "postgres.log", "run"]


def test_data_that_an_earlier_release_left_half_made_make_room(state: Path) -> None:
    home = home_for(state)
    left = home / f"postgres-{find_binaries(home).major}" / "data" / "base"
    left.mkdir(parents=True)
    for folder in (left.parent, left.parent.parent):
        folder.chmod(0o700)
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()


def test_a_data_folder_on_a_disk_of_its_own_is_made_where_it_is(state: Path) -> None:
    """A link stands for a mounted disk: neither can be replaced by a folder beside it."""
    home, disk = home_for(state), state / "disk"
    data = home / f"postgres-{find_binaries(home).major}" / "data"
    data.parent.mkdir(mode=0o700)
    disk.mkdir(mode=0o700)
    if account := service_account():
        os.chown(disk, account.pw_uid, account.pw_gid)
    data.symlink_to(disk)
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()
    assert data.is_symlink()
    assert (disk / "PG_VERSION").exists()


def test_data_without_their_first_database_are_told_in_a_sentence(state: Path) -> None:
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner"), autocommit=True) as connection:
        connection.execute("drop database postgres")
    cluster.stop()
    with pytest.raises(LauncherError, match='database "postgres" does not exist'):
        cluster.start()
    cluster.stop()


def test_only_what_this_attempt_said_is_quoted(state: Path) -> None:
    cluster = start(state)
    cluster.stop()
    with cluster.log_path.open("a") as log:
        log.write("long ago\n" * 500)
    (next(state.glob("postgres-*/data")) / "postgresql.conf").write_text("wrong = 1\n" * 2)
    with pytest.raises(LauncherError) as refusal:
        cluster.start()
    said = str(refusal.value).splitlines()[1:]
    assert said
    assert all('parameter "wrong"' in line or "contains errors" in line for line in said), said


def test_a_postgres_that_replays_its_log_is_waited_for(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = start(state)
    assert cluster.process is not None
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait(10)
    # What it does before it lets anybody in takes three seconds, and until then it says that it starts.
    monkeypatch.setattr("gatepost.db.launcher._START_TIMEOUT_S", 1)
    with (next(state.glob("postgres-*/data")) / "postgresql.conf").open("a") as conf:
        conf.write("restore_command = 'sleep 3; false'\n")
    (next(state.glob("postgres-*/data")) / "recovery.signal").touch()
    cluster.start()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()


@pytest.mark.parametrize("heeds", [signal.default_int_handler, signal.SIG_IGN], ids=["in front", "behind a shell's &"])
def test_a_start_is_called_off(state: Path, heeds: signal.Handlers) -> None:
    cluster = start(state)
    cluster.stop()
    cluster.call_off()
    before = signal.signal(signal.SIGINT, heeds)
    began = time.monotonic()
    try:
        with pytest.raises(LauncherError):
            cluster.start()
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 10
    assert cluster.process is not None
    assert cluster.process.poll() is not None


def test_pages_carry_checksums_and_nobody_listens_on_tcp(state: Path) -> None:
    cluster = start(state)
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("show data_checksums").fetchone() == ("on",)
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("show fsync").fetchone() == ("on",)
    cluster.stop()


def test_its_processes_keep_memory_for_the_next_statement(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TOP_PAD_", "65536")  # an operator's word goes before
    cluster = start(state)
    try:
        assert cluster.process is not None
        told = Path(f"/proc/{cluster.process.pid}/environ").read_bytes().split(b"\0")
        assert {b"MALLOC_TOP_PAD_=65536", b"MALLOC_TRIM_THRESHOLD_=16777216"} <= {*told}
    finally:
        cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets a folder its service account cannot reach")
def test_its_processes_cannot_tell_another_account_our_secrets(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    cluster = start(state)
    assert cluster.process is not None
    try:
        assert b"planted-secret" not in Path(f"/proc/{cluster.process.pid}/environ").read_bytes()
    finally:
        cluster.stop()


def test_a_folder_without_postgres_is_refused_by_name(state: Path) -> None:
    with pytest.raises(LauncherError, match=str(state)):
        find_binaries(state, state)


def test_data_of_a_major_version_that_is_not_here_is_named(state: Path) -> None:
    (state / "postgres-9").mkdir()
    with pytest.raises(LauncherError, match="written by PostgreSQL 9"):
        find_binaries(state)


@pytest.mark.parametrize("says", ["", "{stranger}\n"])
def test_a_lock_that_nobody_holds_keeps_no_postgres_out(state: Path, says: str) -> None:
    """One without a number, as a kill leaves it; and one whose number is another process's by now."""
    cluster = start(state)
    cluster.stop()
    (data,) = state.resolve().glob("postgres-*/data")
    account = service_account()
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=account.pw_uid if account else None)
    try:
        for lock in (data / "postmaster.pid", data.with_name("run") / ".s.PGSQL.5432.lock"):
            lock.write_text(says.format(stranger=stranger.pid))
            if account:
                os.chown(lock, account.pw_uid, account.pw_gid)
        cluster.start()
    finally:
        stranger.kill()
        stranger.wait()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    cluster.stop()


def test_a_postgres_that_a_killed_house_had_just_begun_is_replaced_though_it_was_quicker(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = start(state)
    assert orphan.process is not None
    heir = Cluster(home_for(state), find_binaries(home_for(state)))
    look, looks = heir._stop_orphan, 0

    def look_too_soon() -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            look()

    monkeypatch.setattr(heir, "_stop_orphan", look_too_soon)
    heir.start()
    assert orphan.process.wait(10) == 0
    with psycopg.connect(heir.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    heir.stop()


def test_no_address_of_the_environment_comes_in_place_of_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.7")
    cluster = Cluster(home_for(tmp_path), find_binaries(home_for(tmp_path)))
    assert places(cluster.dsn("gatepost_app")) == ()


def test_a_postgres_of_another_container_lives_elsewhere_though_its_folder_has_the_same_name(state: Path) -> None:
    cluster = Cluster(home_for(state), find_binaries(home_for(state)))
    data = state / f"postgres-{cluster._binaries.major}" / "data"
    data.mkdir(parents=True)
    program = shutil.copy("/bin/sleep", state / "postgres")
    mount = f"mount -t tmpfs tmpfs {data} && cd {data} && exec {program} 60"
    with (
        subprocess.Popen([program, "60"], cwd=data) as ours,  # noqa: S603  # our own words
        subprocess.Popen(["/usr/bin/unshare", "-m", "sh", "-c", mount]) as theirs,  # noqa: S603  # as above
    ):
        try:
            deadline = time.monotonic() + 10
            while _name(theirs) != "postgres" and time.monotonic() < deadline:
                if theirs.poll() is not None:
                    pytest.skip("NOT TESTED: nothing may be mounted here")
                time.sleep(0.02)
            assert Path(f"/proc/{theirs.pid}/cwd").readlink() == Path(f"/proc/{ours.pid}/cwd").readlink()
            assert list(cluster._inhabitants()) == [ours.pid]
        finally:
            ours.kill()
            theirs.kill()


def _name(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/comm").read_text().strip()


@pytest.fixture
def distant(state: Path) -> Iterator[tuple[Cluster, Path]]:
    """A house whose socket's own name is too long, and the folder of the short way to it."""
    deep = state / ("deep" * 20)
    deep.mkdir(mode=0o755)
    cluster = start(deep)
    way = Path(str(conninfo_to_dict(cluster.dsn("gatepost_app"))["host"])).parent
    yield cluster, way
    cluster.stop()
    (way / "run").unlink(missing_ok=True)
    way.rmdir()


def test_a_way_that_was_tidied_away_comes_back_to_the_same_postgres(distant: tuple[Cluster, Path]) -> None:
    cluster, way = distant
    assert not cluster.keep_way()
    shutil.rmtree(way)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(cluster.dsn("gatepost_owner"))
    assert cluster.keep_way()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_way_that_another_took_is_refused(distant: tuple[Cluster, Path]) -> None:
    cluster, way = distant
    shutil.rmtree(way)
    way.symlink_to("/")  # as another account might
    try:
        with pytest.raises(LauncherError, match="another account"):
            cluster.keep_way()
    finally:
        way.unlink()
        way.mkdir()


def test_no_port_of_the_environment_comes_in_place_of_ours(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    cluster = start(state)
    cluster.stop()


def test_another_name_of_the_account_in_the_environment_keeps_nobody_out(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):  # as `runuser -u` and `sudo -E` leave them
        monkeypatch.setenv(name, "somebody-else")
    cluster = start(state)
    cluster.stop()
