import os
import signal
import subprocess
import time
from pathlib import Path

import httpx2

from cli.process import GATEPOST
from faults.machine import Machine, state_folder
from gatepost.app.witness import key_of
from gatepost.ledger.note import Note
from ledger.test_witness import LOG, body
from ports import free_port


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


def test_a_houses_checkpoints_are_shown_with_its_witnesses_line(tmp_path: Path) -> None:
    """The witness knows the log's key from the house, which waits for it until then."""
    logs = tmp_path / "logs.txt"
    logs.write_text("")
    place = f"127.0.0.1:{free_port()}"
    command = [GATEPOST, "witness", "--state", str(tmp_path / "w"), "--logs", str(logs), "--name", "w.example"]
    key = key_of(tmp_path / "w", "w.example", os.urandom).verifier
    with state_folder() as folder:
        house = Machine(folder, GATEPOST_LOG__WITNESSES=f"http://{place} {key}")
        house.start()
        shown = folder / "blobs" / "log" / house.sandbox["tenant"] / "checkpoint"
        try:
            time.sleep(1.5)
            assert not shown.exists()
            logs.write_text(house.run("log", "vkey").stdout)
            with subprocess.Popen([*command, "--listen", place], stdout=subprocess.DEVNULL) as running:  # noqa: S603  # our own command
                note = appears(shown)
                house.stop()
                verified = house.run("log", "verify", "-t", "sandbox")  # its end was signed, and shown by nobody yet
                running.terminate()
            house.run("person", "add", "jane@people.example", "-t", "sandbox")  # while no witness is there
            assert house.run("log", "vkey", "-t", "sandbox").stdout.startswith("mail.gatepost.test/log")
            late = house.run("log", "verify", "-t", "sandbox")
            assert (late.returncode, "may wait for its witnesses" in " ".join(late.stdout.split())) == (1, True)
            assert verified.returncode == 0, verified.stdout
            assert any(each.name == "w.example" for each in Note.parse(note).verify([key]))
        finally:
            house.stop()


def appears(path: Path) -> bytes:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return path.read_bytes()
