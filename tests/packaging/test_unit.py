"""The systemd unit is sound, and as closed as it can be; where systemd-analyze is missing, only its text is read."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.process import GATEPOST
from gatepost.settings import load

PACKAGING = Path(__file__).parents[2] / "packaging"
ANALYZE = shutil.which("systemd-analyze") or ""
EXPOSURE_MAX = 1.5
needs_analyze = pytest.mark.skipif(not ANALYZE, reason="apt-get install systemd")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is really there."""
    path = tmp_path / "gatepost.service"
    path.write_text((PACKAGING / "gatepost.service").read_text().replace("/opt/gatepost/bin/gatepost", GATEPOST))
    return path


def run(*arguments: str) -> str:
    done = subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # found on the path
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_analyze
def test_systemd_finds_nothing_wrong_with_it(unit: Path) -> None:
    assert run("verify", str(unit)).strip() == ""


@needs_analyze
def test_it_is_exposed_no_more_than_it_must_be(unit: Path) -> None:
    said = run("security", "--offline=true", "--no-pager", str(unit))
    score = float(re.findall(r"exposure level .*?: ([0-9.]+)", said)[0])
    sys.stdout.write(f"exposure {score}\n")
    assert score <= EXPOSURE_MAX, said


def test_it_runs_commands_that_exist_as_an_account_of_its_own() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    unit.read(PACKAGING / "gatepost.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    for line in (service["ExecStart"], service["ExecReload"]):
        command = line.split()[1]
        helped = subprocess.run([GATEPOST, command, "--help"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own command
        assert helped.returncode == 0
        assert "--config" in helped.stdout
    assert f"u {service['User']} " in (PACKAGING / "sysusers.conf").read_text()
    assert service["OOMPolicy"] == "continue"  # by default one lost worker would end the whole house
    assert service["Environment"] == "GATEPOST_STATE=/var/lib/gatepost"


def test_the_settings_it_comes_with_are_settings() -> None:
    found = load({}, PACKAGING / "gatepost.toml")
    assert (found.smtp.port, found.http.port) == (25, 443)
    assert found.http.certificate
    assert found.database.dsn
