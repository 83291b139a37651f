import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.process import Process
from trust.scene import copied

SEEN_WITHIN_S = 90.0
"""Far more than two rounds of two trips each; the real cadence has to be seen within 120 s."""


@pytest.fixture
def claiming(tmp_path: Path) -> Iterator[Process]:
    folder = copied(tmp_path)  # with one claim: it is the probes that are looked at here
    head, first, *_ = (folder / "claims.toml").read_text().split("[[claims]]")
    (folder / "claims.toml").write_text(f"{head}[[claims]]{first}")
    settings = {
        "GATEPOST_TRUST__OPERATOR": str(folder),
        "GATEPOST_TRUST__PROBE_EVERY_S": "1",
        "GATEPOST_TRUST__PROBE_TRIP_S": "2",
        "GATEPOST_SMTP__WORKERS": "2",
        "GATEPOST_METRICS__PORT": "0",
    }
    with tempfile.TemporaryDirectory(prefix="gatepost-status-", dir="/tmp") as state:
        Path(state).chmod(0o711)  # PostgreSQL's account must reach it, also where the tests run as root
        process = Process(Path(state), **settings)
        process.start()
        yield process
        process.stop()


def read(process: Process, path: str) -> str:
    base = json.loads((process.state / "running.json").read_text())["base_url"].removesuffix("/api")
    with urllib.request.urlopen(f"{base}{path}", timeout=30) as answer:  # noqa: S310  # our own house
        return str(answer.read().decode())


def summary(process: Process) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read(process, "/api/v2/summary.json"))
    return found


def wait_for(process: Process, part: str, wanted: str) -> None:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < deadline:
        if {each["id"]: each["status"] for each in summary(process)["components"]}.get(part) == wanted:
            return
        time.sleep(0.5)
    raise AssertionError(f"{part} was never {wanted}: {summary(process)}")


def wait_until_known(process: Process) -> None:
    """Wait until the outage is not only a silence of the probes, but seen by them and stated."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    while '"component": "smtp", "is_up": false' not in process.log():
        assert time.monotonic() < deadline, process.log()[-2000:]
        time.sleep(0.2)
    assert summary(process)["status"]["indicator"] == "critical"


def children(pid: int) -> list[tuple[int, str]]:
    listed = subprocess.run(  # noqa: S603  # our own words
        ["/bin/ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [(int(line.split()[0]), line) for line in listed.stdout.splitlines()]


def workers(process: Process) -> list[int]:
    assert process.up is not None
    return [pid for pid, line in children(process.up.pid) if "gatepost.app.worker" in line]


def family(pid: int) -> list[int]:
    return [pid, *(child for child, _ in children(pid))]


@pytest.mark.timeout(300)
def test_a_stopped_part_is_seen_and_so_is_its_return_and_the_page_is_written_out(
    claiming: Process, tmp_path: Path
) -> None:
    for part in ("smtp", "policy", "record", "rest", "webhook"):
        wait_for(claiming, part, "operational")
    stopped = workers(claiming)
    assert len(stopped) == 2
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(claiming, "smtp", "major_outage")
        wait_until_known(claiming)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_for(claiming, "smtp", "operational")
    stopped = family(claiming.postgres())  # what everything stands on neither answers nor hangs up
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(claiming, "record", "major_outage")
        assert "major outage" in read(claiming, "/status")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            read(claiming, "/trust/")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            read(claiming, "/health/ready")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    for part in ("smtp", "policy", "record", "rest"):
        wait_for(claiming, part, "operational")
    done = claiming.run("status", "export", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out/api/v2/uptime.json").read_text())["uptime"]["smtp"]["share"] < 1
    assert "Mail in" in (tmp_path / "out/status/index.html").read_text()
    for page in (tmp_path / "out").rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', page.read_text()):
            assert link.startswith("http") or (page.parent / link).is_file(), (page, link)
    assert "Mail in" in claiming.run("status", "show", "--json").stdout


def test_without_measurements_there_is_nothing_to_show(house: Process) -> None:
    assert "nothing was measured yet" in house.run("status", "show").stdout
