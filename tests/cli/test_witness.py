import signal
import subprocess
from pathlib import Path

import httpx2

from cli.process import GATEPOST
from ledger.test_witness import LOG, body


def test_a_witness_runs_beside_somebody_elses_log(tmp_path: Path) -> None:
    logs = tmp_path / "logs.txt"
    logs.write_text(f"{LOG.verifier}\n")
    command = [GATEPOST, "witness", "--state", str(tmp_path / "w"), "--logs", str(logs), "--name", "w.example"]
    with subprocess.Popen(  # noqa: S603  # our own command
        [*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            assert running.stdout.readline().startswith("w.example+")
            told, _, address = running.stderr.readline().strip().rpartition(" ")
            assert told == "listening on"
            done = httpx2.post(f"http://{address}/add-checkpoint", content=body(0, 3), trust_env=False)
            assert done.status_code == 200
            second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603  # as above
            assert second.returncode == 1
            assert "another house is running" in second.stderr
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


def test_a_file_of_logs_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    logs = tmp_path / "logs.txt"
    logs.write_text("nonsense\n")
    command = [GATEPOST, "witness", "--state", str(tmp_path / "w"), "--logs", str(logs), "--name", "w.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603  # our own command
    assert (done.returncode, done.stderr) == (1, "gatepost: a verifier key has three parts\n")
