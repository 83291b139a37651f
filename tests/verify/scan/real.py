"""Real scanners for the tests that have them: clamd with one signature of our own, c-icap in front of it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import free_port

CLAMD, C_ICAP = shutil.which("clamd", path="/usr/sbin:/usr/bin"), shutil.which("c-icap", path="/usr/sbin:/usr/bin")
BAD = b"gatepost-own-test-signature"
NAME = "Gatepost.Test.UNOFFICIAL"
UP_WITHIN_S = 30
_MODULES = next(iter(Path("/usr/lib").glob("*/c_icap")), Path("/nonexistent"))


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a program while the context lasts, from when its port answers."""
    with (folder / "program.log").open("w") as log:
        program = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  # ours
    try:
        deadline = time.monotonic() + UP_WITHIN_S
        while not _answers(port):
            assert program.poll() is None, (folder / "program.log").read_text()
            assert time.monotonic() < deadline, (folder / "program.log").read_text()
            time.sleep(0.1)
        yield
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def clamd(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run clamd; yield its port and its local socket."""
    (folder / "db").mkdir()
    (folder / "db" / "own.ndb").write_text(f"Gatepost.Test:0:*:{BAD.hex()}\n")
    port, path = free_port(), folder / "s"
    settings = {
        "DatabaseDirectory": folder / "db",
        "LocalSocket": path,
        "TCPSocket": port,
        "TCPAddr": "127.0.0.1",
        "Foreground": "yes",
        "StreamMaxLength": "1M",
    }
    (folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with running([str(CLAMD), "-c", str(folder / "clamd.conf")], folder, port):
        yield port, path


@contextmanager
def c_icap(folder: Path, clamd_socket: Path) -> Iterator[int]:
    """Run c-icap with its echo service and a scanner that asks clamd; yield its port."""
    port = free_port()
    (folder / "icap.conf").write_text(
        f"PidFile {folder}/icap.pid\nCommandsSocket {folder}/icap.ctl\nPort 127.0.0.1:{port}\nTmpDir {folder}\n"
        "StartServers 1\nMaxServers 2\nThreadsPerChild 4\nMinSpareThreads 1\nMaxSpareThreads 8\nServerName test\n"
        f"ModulesDir {_MODULES}\nServicesDir {_MODULES}\nTemplateDir /usr/share/c_icap/templates/\n"
        f"LoadMagicFile /etc/c-icap/c-icap.magic\nServerLog {folder}/server.log\nAccessLog {folder}/access.log\n"
        f"Service echo srv_echo.so\nModule common clamd_mod.so\nclamd_mod.ClamdSocket {clamd_socket}\n"
        "Service antivirus_module virus_scan.so\nvirus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE\n"
        "virus_scan.MaxObjectSize 5M\nvirus_scan.DefaultEngine clamd\n"
        "ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple\n"
    )
    with running([str(C_ICAP), "-N", "-D", "-d", "1", "-f", str(folder / "icap.conf")], folder, port):
        yield port
