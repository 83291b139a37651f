import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.process import UP_WITHIN_S, Process
from gatepost.cli.house import command_beside

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def fresh() -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="gatepost-up-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder) / "a house"  # whoever forgets to quote it is found out
        state.mkdir(mode=0o711)
        process = Process(state)
        yield process
        if process.up is not None and process.up.poll() is None:
            process.stop()


@pytest.mark.parametrize(
    ("state", "config", "shown"),
    [
        ("/srv/house/state", None, ".venv/bin/gatepost"),
        ("/srv/my house", None, "GATEPOST_STATE='/srv/my house' .venv/bin/gatepost"),
        ("/srv/house/state", "/etc/gate post.toml", "GATEPOST_CONFIG='/etc/gate post.toml' .venv/bin/gatepost"),
    ],
)
def test_the_commands_it_shows_are_about_this_very_house(state: str, config: str | None, shown: str) -> None:
    program = Path("/srv/house/.venv/bin/gatepost")
    assert command_beside(Path("/srv/house"), Path(state), program, Path(config) if config else None) == shown


def test_a_program_elsewhere_is_named_in_full() -> None:
    program = Path("/opt/gate post/bin/gatepost")
    assert command_beside(Path("/home/a"), Path("/home/a/state"), program, None) == "'/opt/gate post/bin/gatepost'"


def test_an_unknown_setting_ends_the_start_with_the_nearest_name(tmp_path: Path) -> None:
    done = Process(tmp_path, GATEPOST_SMTP__PROT="1").run("up")
    assert done.returncode == 1
    assert "smtp.port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_house_on_the_same_folder_is_refused(house: Process) -> None:
    done = house.run("up")
    assert done.returncode == 1
    assert "another house" in done.stderr


def test_two_houses_run_side_by_side_and_data_outlive_a_stop(house: Process, fresh: Process) -> None:
    first = fresh.start()
    other = json.loads(house.run("sandbox", "--json").stdout)
    assert first["smtp_port"] != other["smtp_port"]
    plain = {name: value for name, value in fresh.environment.items() if name != "GATEPOST_STATE"}
    printed = [line.strip() for line in fresh.log().splitlines() if line.startswith("  GATEPOST_STATE=")]
    tried = [subprocess.run(line, shell=True, env=plain, check=False, timeout=60) for line in printed]  # noqa: S602  # as a person pastes it
    assert [done.returncode for done in tried] == [0, 1, 0]
    assert "log.unguarded" not in fresh.log()  # it takes mail from this machine alone: nothing is wrong
    assert fresh.stop() == 0
    listed = fresh.run("tenant", "list", "--json")  # also while none is up
    assert [tenant["name"] for tenant in json.loads(listed.stdout)] == ["sandbox"]
    second = fresh.start()
    assert second["api_key"] == first["api_key"]
    assert fresh.run("send", "--from", "you@example.com").returncode == 0
    verified = json.loads(fresh.run("log", "verify", "--json").stdout)[0]
    assert verified["sound"]
    assert fresh.log().count("A NEW HOUSE BEGINS") == 1
    assert fresh.stop(signal.SIGTERM) == 0


def test_a_house_without_a_domain_refuses_nobody_for_good(fresh: Process) -> None:
    """As one on a volume that was not mounted: all its senders must come back."""
    fresh.environment["GATEPOST_SMTP__HOST"] = "127.0.0.2"
    fresh.start()
    assert f"there is none in {fresh.state} yet" in fresh.log()
    stranger = ("send", "--from", "ann@customer.org", "--to", "help@own.org")
    assert fresh.run(*stranger).stdout.startswith("451 4.3.5 ")
    assert fresh.run("send", "--from", "ann@customer.org", "--to", "x@sandbox.test").stdout.startswith("550 5.1.1 ")
    assert "dns.domain" in fresh.run("doctor", "--brief").stdout
    for step in (("tenant", "add", "own"), ("domain", "add", "own.org", "-t", "own")):
        assert fresh.run(*step).returncode == 0
    assert fresh.run(*stranger).stdout.startswith("550 5.1.1 ")
    assert fresh.run(*stranger[:-1], "help@elsewhere.org").stdout.startswith("550 5.7.1 ")
    assert "dns.domain" not in fresh.run("doctor", "--brief").stdout


def test_a_killed_postgres_is_mended_and_mail_flows_again(fresh: Process) -> None:
    fresh.start()
    os.kill(fresh.postgres(), signal.SIGKILL)
    deadline = time.monotonic() + 30
    answer = None
    while time.monotonic() < deadline:
        answer = fresh.run("send", "--from", "you@example.com")
        if answer.returncode == 0:
            break
        assert answer.stdout.startswith("451 ") or not answer.stdout, answer.stdout  # never lost, never refused
    assert answer is not None
    assert answer.returncode == 0, fresh.log()
    assert "postgres.died" in fresh.log()


def test_a_house_that_was_killed_starts_again_with_everything_it_acknowledged(fresh: Process) -> None:
    fresh.start()
    assert fresh.run("send", "--from", "you@example.com").returncode == 0
    assert fresh.up is not None
    fresh.up.kill()
    fresh.up.wait(10)
    assert fresh.run("sandbox", "--json").returncode == 1
    fresh.start()
    verified = json.loads(fresh.run("log", "verify", "--json").stdout)[0]
    assert verified["sound"]
    assert verified["size"] >= 7


def test_who_ends_a_house_that_still_starts_leaves_no_postgres_behind(fresh: Process) -> None:
    fresh.spawn()
    assert fresh.up is not None
    deadline = time.monotonic() + UP_WITHIN_S
    while not list(fresh.state.glob("postgres-*/run/.s.PGSQL.*")):
        assert fresh.up.poll() is None, fresh.log()
        assert time.monotonic() < deadline, fresh.log()
        time.sleep(0.05)
    assert fresh.stop(signal.SIGTERM) in {0, 128 + signal.SIGTERM}, fresh.log()
    assert not list(fresh.state.glob("postgres-*/data/postmaster.pid"))


def test_a_reload_that_is_asked_for_too_early_does_not_end_the_start(fresh: Process) -> None:
    fresh.spawn()
    assert fresh.up is not None
    deadline = time.monotonic() + UP_WITHIN_S
    while "Starting Gatepost" not in fresh.log():
        assert time.monotonic() < deadline, fresh.log()
        time.sleep(0.01)
    fresh.up.send_signal(signal.SIGHUP)
    while "Gatepost is up" not in fresh.log():
        assert fresh.up.poll() is None, fresh.log()
        assert time.monotonic() < deadline, fresh.log()
        time.sleep(0.05)
    assert fresh.stop(signal.SIGTERM) == 0
    assert "before the house is up: ask again" in fresh.log()


def test_a_disk_too_full_for_mail_is_told_at_the_start(fresh: Process) -> None:
    fresh.environment["GATEPOST_SMTP__DISK_FREE_MIN_OCTETS"] = str(2**60)
    fresh.start()
    assert "mail is answered 452 until" in fresh.log()
    assert "452" in fresh.run("send", "--from", "you@example.com").stdout
    assert fresh.stop() == 0
