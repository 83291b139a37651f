"""A build enters beta through the command, with its report, and is found in the public log."""

import json
from pathlib import Path

from cli.process import Process
from trust.test_release import REPORT


def test_a_build_enters_with_its_report_once(house: Process, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_bytes(REPORT)
    build = house.run("release", "build").stdout.strip()
    words = ["release", "enter", "0.2.0", build, "--commit", "1" * 40, "--report", str(report), "--author", "member 6"]
    done = house.run(*words)
    assert done.stdout == "0.2.0: 4 tests, 2 failed; stated\n", done.stderr
    again = house.run(*words)
    assert again.returncode == 1
    assert "entered beta before" in again.stderr
    rows = json.loads(house.run("log", "search", "-t", "trust", "--action", "release.entered", "--json").stdout)
    assert len(rows) == 1
    report.write_text("no xml")
    assert "no XML" in house.run(*words).stderr
