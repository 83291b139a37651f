"""A house seen from outside: nothing leaks in, nothing is left running, and a dead one says why."""

import asyncio
import sys
from pathlib import Path

import httpx2
import pytest

import house


def test_settings_of_another_house_do_not_leak_in(tmp_path: Path) -> None:
    outer = {"PATH": "/bin", "GATEPOST_STATE": "/elsewhere", "GATEPOST_DATABASE__DSN": "postgresql://theirs"}
    inner = house.environment(outer, tmp_path, dns_port=53, sink_port=25)
    assert inner == {
        "PATH": "/bin",
        "GATEPOST_STATE": str(tmp_path),
        "GATEPOST_SMTP__PORT": "0",
        "GATEPOST_HTTP__PORT": "0",
        "GATEPOST_DNS__SERVERS": "127.0.0.1:53",
        "GATEPOST_DELIVERY__NEXT_HOP": "127.0.0.1:25",
    }


async def test_a_house_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    broken = {"GATEPOST_STATE": str(tmp_path / "state"), "GATEPOST_SMPT__PORT": "0"}
    with pytest.raises(house.DemoError, match=r"before it was up(.|\n)*`make run`"):
        async with house.running(broken, tmp_path / "house.log"):
            pass


async def test_a_failed_command_is_told_with_its_words(tmp_path: Path) -> None:
    async with httpx2.AsyncClient() as client:
        nowhere = house.House({"GATEPOST_STATE": str(tmp_path)}, client)
        with pytest.raises(house.DemoError, match="`gatepost no-such-command` ended with"):
            await nowhere.must("no-such-command")


async def test_a_child_that_ignores_the_interrupt_is_killed() -> None:
    stubborn = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", stubborn, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    await house.stop(process, wait_s=0.1)
    assert process.returncode == -9


async def test_stopping_what_has_ended_is_nothing() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    await house.stop(process)


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("1\n2\n3\n")
    assert house.tail(log, lines=2) == "2\n3"
