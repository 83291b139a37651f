"""The demo, whole, as ``make demo`` runs it; then an outsider's check of what it leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import run
import scenarios

TOOL = Path(__file__).parents[2] / "tools" / "check_proofs.py"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run of the demo leaves behind."""
    folder = tmp_path_factory.mktemp("demo") / "demo-out"
    command = [sys.executable, str(run.HERE / "run.py"), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)  # noqa: S603  # our own words
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.timeout(240)
def test_everything_comes_out_as_it_must(out: Path) -> None:
    report = json.loads((out / "report.json").read_text())
    assert [(each["name"], each["outcome"]) for each in report] == [
        (scenario.name, scenario.outcome) for scenario in scenarios.SCENARIOS
    ]


@pytest.mark.timeout(240)
def test_every_decision_has_a_proof_and_two_strangers_accept_them_all(out: Path) -> None:
    for each in json.loads((out / "report.json").read_text()):
        if each["leaf_index"] is not None:
            assert (out / "proofs" / f"{each['leaf_index']}.tlog-proof").exists()
    command = [sys.executable, str(TOOL), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603  # our own words
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(240)
def test_no_leaf_holds_an_address_or_a_subject_in_the_open(out: Path) -> None:
    for entry in (out / "proofs").glob("*.entry"):
        octets = entry.read_bytes()
        assert b"@" not in octets
        assert b"About " not in octets
