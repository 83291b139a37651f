"""One worker by itself, told what to do as the house tells it."""

import asyncio
import json
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gatepost.app import state, worker
from gatepost.app.reload import Changeable
from gatepost.app.workers import READY, Order, spell
from gatepost.settings import DnsSettings, Settings


@contextmanager
def ready(state_folder: Path, dsn: str, *code: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield a worker that is ready and its port; ``code`` is what runs it."""
    state.prepare(state_folder)
    (state_folder / "boards").mkdir()
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        settings = Settings(state=state_folder, dns=DnsSettings(servers=("127.0.0.1:1",)))
        order = Order(settings=settings, dsn=dsn, allow_loopback=True, port=port)
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, *code], stdin=pipe, stdout=pipe, stderr=pipe) as process:  # noqa: S603  # ours
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(spell(order))
            process.stdin.flush()
            assert process.stdout.readline() == READY
            try:
                yield process, port
            finally:
                process.kill()


def test_it_serves_until_whoever_started_it_is_gone(tmp_path: Path, app_dsn: str) -> None:
    with ready(tmp_path, app_dsn, "-m", worker.__name__) as (process, port):
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            assert client.noop()[0] == 250
        assert process.stdin is not None
        process.stdin.close()  # as the system does for whoever dies
        assert process.wait(20) == 0


BROKEN = """
from gatepost.app import worker
from gatepost.jobs.pause import pause

async def break_down(*all):
    await pause(all[-1], 1)
    raise ZeroDivisionError

worker.keep_connections = break_down
worker.main()
"""


def test_it_ends_where_it_can_no_longer_count_what_it_connects_to(tmp_path: Path, app_dsn: str) -> None:
    with ready(tmp_path, app_dsn, "-c", BROKEN) as (process, _):
        assert process.stderr is not None
        assert process.wait(20) == 1  # and whoever started it starts another
        assert b"ZeroDivisionError" in process.stderr.read()


def test_a_worker_imports_what_receives_mail_and_nothing_of_the_other_doors() -> None:
    code = "import json, sys, gatepost.app.worker; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    modules = set(json.loads(done.stdout))
    doors = {"fastapi", "starlette", "uvicorn", "jinja2", "markdown_it", "yaml", "mcp", "obstore"}
    assert not modules & doors
    assert not modules & {"typer", "rich", "pygments"}
    assert {name for name in modules if name.startswith("gatepost.doors.")} == {"gatepost.doors.smtp"}
    assert len(modules) < 1150  # 1,040; with all doors 1,550


def test_a_worker_that_gets_no_thread_ends_with_a_sentence() -> None:
    code = """
from gatepost.app import worker
async def work():
    raise ExceptionGroup("tasks", [RuntimeError("can't start new thread")])
worker.work = work
worker.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert json.loads(ended.stderr)["event"] == "smtp.worker_ended"


async def test_an_order_that_cannot_be_obeyed_now_is_obeyed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    tries, obeyed, stop = list[Settings](), list[Settings](), asyncio.Event()

    def read(_door: Changeable, settings: Settings) -> dict[str, Any]:
        tries.append(settings)
        if len(tries) < 3:
            raise TimeoutError
        return {}

    monkeypatch.setattr(worker, "POLL_S", 0.01)
    monkeypatch.setattr(worker, "read_pairs", read)
    monkeypatch.setattr(worker, "adopt", lambda _door, settings, *_: obeyed.append(settings))
    told, order = asyncio.StreamReader(), Order(settings=Settings(), dsn="", allow_loopback=True, port=1)
    told.feed_data(spell(order))
    house = cast("Any", SimpleNamespace(clock=lambda: datetime(2026, 7, 1, tzinfo=UTC)))
    following = asyncio.ensure_future(worker._follow(told, Changeable(cast("Any", None), {}), house, stop))
    async with asyncio.timeout(10):
        while not obeyed:  # noqa: ASYNC110  # as the worker does
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        told.feed_eof()
        await following
    assert (len(tries), obeyed) == (3, [order.settings])
    assert stop.is_set()
