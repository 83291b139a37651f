import json
from pathlib import Path

from cli.process import Process

REPORT = {"dependencies": [{"name": "some-package", "version": "1", "vulns": [{"id": "PYSEC-2026-1"}]}]}


def test_a_finding_goes_its_way(house: Process, tmp_path: Path) -> None:
    report = tmp_path / "audit.json"
    report.write_text(json.dumps(REPORT))
    done = house.run("findings", "import", str(report))
    assert (done.returncode, done.stdout) == (1, "1 packages; new: PYSEC-2026-1\n"), done.stderr
    assert house.run("findings", "import", str(report)).returncode == 0
    assert house.run("findings", "triage", "PYSEC-2026-1", "serious", "--by", "member 4").returncode == 0
    assert "7 to 64" in house.run("findings", "fix", "PYSEC-2026-1", "main").stderr
    assert house.run("findings", "fix", "PYSEC-2026-1", "0123abcd").returncode == 0
    assert house.run("findings", "deploy", "PYSEC-2026-1", "0.2.0").returncode == 0
    listed = house.run("findings", "list", "--json")
    assert listed.returncode == 0
    assert [(row["id"], row["severity"], row["state"]) for row in json.loads(listed.stdout)] == [
        ("PYSEC-2026-1", "serious", "deployed")
    ]
    for action in ("finding.detected", "finding.triaged", "finding.fixed", "finding.deployed"):
        assert json.loads(house.run("log", "search", "-t", "trust", "--action", action, "--json").stdout), action


def test_a_report_without_advisory_data_is_no_evidence(house: Process, tmp_path: Path) -> None:
    report = tmp_path / "audit.json"
    report.write_text('{"dependencies": []}')
    done = house.run("findings", "import", str(report))
    assert done.returncode != 0
    assert "no advisory data" in done.stderr
