"""One worker by itself, told what to do as the house tells it."""

import json
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

from gatepost.app import state, worker
from gatepost.app.workers import READY, Order, spell
from gatepost.settings import DnsSettings, Settings


def test_it_serves_until_whoever_started_it_is_gone(tmp_path: Path, app_dsn: str) -> None:
    state.prepare(tmp_path)
    (tmp_path / "boards").mkdir()
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        settings = Settings(state=tmp_path, dns=DnsSettings(servers=("127.0.0.1:1",)))
        order = Order(settings=settings, dsn=app_dsn, allow_loopback=True, port=port)
        command = [sys.executable, "-m", worker.__name__]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  # ours
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(spell(order))
            process.stdin.flush()
            assert process.stdout.readline() == READY
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
                assert client.noop()[0] == 250
            process.stdin.close()  # as the system does for whoever dies
            assert process.wait(20) == 0


def test_a_worker_imports_what_receives_mail_and_nothing_of_the_other_doors() -> None:
    code = "import json, sys, gatepost.app.worker; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    modules = set(json.loads(done.stdout))
    doors = {"fastapi", "starlette", "uvicorn", "jinja2", "markdown_it", "yaml", "mcp", "obstore"}
    assert not modules & doors
    assert not modules & {"typer", "rich", "pygments"}
    assert {name for name in modules if name.startswith("gatepost.doors.")} == {"gatepost.doors.smtp"}
    assert len(modules) < 1150  # 1,040; with all doors 1,550
