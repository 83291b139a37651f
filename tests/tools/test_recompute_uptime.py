import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gatepost.trust.probes import MEASURED

TOOL = Path(__file__).parents[2] / "tools" / "recompute_uptime.py"


def written(folder: Path, hours: Sequence[tuple[str, int, int]]) -> Path:
    """Write a log's entries: hour, probes, up; the second half in a partial bundle that an older one overlaps."""
    entries = [
        json.dumps(
            {
                "action": MEASURED,
                "detail": {"hour": hour, "every_s": 60, "components": {"smtp": {"probes": probes, "up": up}}},
            }
        ).encode()
        for hour, probes, up in hours
    ]
    place = folder / "log" / "tile" / "entries" / "000.p"
    place.mkdir(parents=True)
    for width in (1, len(entries)):
        octets = b"".join(len(each).to_bytes(2, "big") + each for each in entries[:width])
        (place / str(width)).write_bytes(octets)
    return folder / "log"


def run(log: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own command
        [sys.executable, str(TOOL), str(log), "--until", "2026-11-20", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


HOURS = [("2026-11-20T10:00:00Z", 60, 60), ("2026-11-20T12:00:00Z", 60, 30), ("2026-08-01T12:00:00Z", 60, 0)]


def test_the_share_is_computed_from_the_entries_of_the_window(tmp_path: Path) -> None:
    done = run(written(tmp_path, HOURS))
    assert done.stdout == "smtp: 75.00000% (90 of 120 probes; 180 were promised)\n"


def test_a_page_that_says_more_than_the_log_is_found_out(tmp_path: Path) -> None:
    log, page = written(tmp_path, HOURS), tmp_path / "uptime.json"
    for probes, up, code in ((120, 90, 0), (125, 95, 0), (120, 91, 1), (110, 90, 1), (125, 96, 1)):
        page.write_text(json.dumps({"uptime": {"smtp": {"probes": probes, "up": up}}}))
        assert run(log, "--against", str(page)).returncode == code


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    log = written(tmp_path, HOURS)
    (log / "tile" / "entries" / "000.p" / "3").write_bytes(b"\xff\xffx")
    assert run(log).returncode == 2


def test_an_export_is_read_as_its_log_and_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    log = written(tmp_path, HOURS)
    assert run(tmp_path).stdout == run(log).stdout
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no log" in done.stderr
