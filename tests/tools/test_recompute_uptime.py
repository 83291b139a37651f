import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gatepost.trust.uptime import MEASURED

TOOL = Path(__file__).parents[2] / "tools" / "recompute_uptime.py"


def written(folder: Path, hours: Sequence[tuple[str, int, int]], every_s: int = 60) -> Path:
    """Write a log's entries: hour, probes, up; the second half in a partial bundle that an older one overlaps."""
    entries = [
        json.dumps(
            {
                "action": MEASURED,
                "detail": {"hour": hour, "every_s": every_s, "components": {"smtp": {"probes": probes, "up": up}}},
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


HOURS = [("2026-11-20T10:00:00Z", 60, 60), ("2026-11-20T12:00:00Z", 60, 30)]
LONG_AGO = [("2026-08-01T12:00:00Z", 60, 0)]


def uptime(folder: Path, probes: int, up: int, unprobed: int = 60, last_hour: str | None = HOURS[1][0]) -> Path:
    """Write what a page says: these whole hours, and five probes of the hour under way."""
    stated = {"probes": probes, "up": up, "unprobed": unprobed}
    row = {"share": 0.5, "probes": probes + 5, "up": up + 5, "unprobed": unprobed, "stated": stated}
    page = {"days": 90, "until": "2026-11-20", "last_hour": last_hour, "uptime": {"smtp": row}}
    path = folder / "uptime.json"
    path.write_text(json.dumps(page))
    return path


def test_the_share_is_computed_from_the_entries_of_the_window_and_an_hour_nobody_probed_is_none(tmp_path: Path) -> None:
    done = run(written(tmp_path, HOURS))
    assert done.stdout == "smtp: 50.00000% (90 of 120 probes; 60 were due and not made)\n"


def test_an_hour_half_of_which_nobody_probed_is_half_an_hour(tmp_path: Path) -> None:
    hours = [
        (f"2026-11-20T{hour}:00:00Z", made, made) for hour, made in ((10, 7), (11, 60), (12, 30), (13, 59), (14, 2))
    ]
    assert "(158 of 158 probes; 88 were due and not made)" in run(written(tmp_path, hours)).stdout


def test_hours_that_are_all_half_empty_lack_what_their_cadence_asks_for(tmp_path: Path) -> None:
    hours = [(f"2026-11-20T{hour}:00:00Z", 12, 12) for hour in range(10, 16)]
    assert "(72 of 72 probes; 240 were due and not made)" in run(written(tmp_path, hours)).stdout
    assert "100.00000% (72 of 72 probes; 0" in run(written(tmp_path / "slow", hours, every_s=300)).stdout


def test_a_house_that_was_off_since_before_these_days_was_not_measured_in_them(tmp_path: Path) -> None:
    log = written(tmp_path, [("2026-11-19T23:00:00Z", 60, 60), ("2026-11-20T10:00:00Z", 60, 60)])
    assert "(60 of 60 probes; 600 were due and not made)" in run(log, "--days", "1").stdout


def test_a_page_that_says_more_than_the_log_is_found_out(tmp_path: Path) -> None:
    log = written(tmp_path, HOURS)
    for probes, up, unprobed, code in ((120, 90, 60, 0), (125, 95, 60, 1), (120, 91, 60, 1), (120, 90, 0, 1)):
        done = run(log, "--against", str(uptime(tmp_path, probes, up, unprobed)))
        assert done.returncode == code
        assert "smtp" in (done.stderr if code else done.stdout)
        assert ("the same as the page states" in done.stdout) is (code == 0)


def test_hours_stated_after_the_page_was_read_are_left_out(tmp_path: Path) -> None:
    log = written(tmp_path, [*HOURS, ("2026-11-20T13:00:00Z", 60, 60)])
    assert run(log, "--against", str(uptime(tmp_path, 120, 90))).returncode == 0


def test_before_the_first_whole_hour_nothing_was_compared(tmp_path: Path) -> None:
    log = written(tmp_path, LONG_AGO)
    for arguments in ((), ("--against", str(uptime(tmp_path, 0, 0, 0, None)))):
        done = run(log, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "no whole hour" in done.stderr


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
