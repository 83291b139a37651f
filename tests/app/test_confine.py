"""The kernel's filter, tried from a process of its own: it is for ever. Knocks are counted at a listener."""

import asyncio
import ctypes
import json
import os
import subprocess
import sys
import textwrap

import pytest

from gatepost.app.confine import KNOWN, ConfineError, confine, is_confined, steps

FRAME = """
import asyncio, ctypes, json, os, socket, struct, subprocess, sys
from gatepost.app.confine import confine, is_confined
import psycopg, obstore
from obstore.store import S3Store

port, mode = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack("!HH4s8x", socket.htons(socket.AF_INET), port, bytes([127, 0, 0, 1]))

def by_ctypes(kind=socket.SOCK_STREAM):
    made = libc.socket(socket.AF_INET, kind, 0)
    if made < 0 or libc.connect(made, address, 16) or libc.send(made, b"x", 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "ctypes")
    os.close(made)

def by_number():
    made = libc.syscall(SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0)
    if made < 0 or libc.connect(made, address, 16):
        raise OSError(ctypes.get_errno(), "syscall")
    os.close(made)

def in_a_child():
    child = os.fork()
    if not child:
        try:
            by_ctypes()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise OSError("child")

def in_a_thread():
    import concurrent.futures as futures
    futures.ThreadPoolExecutor().submit(by_ctypes).result()

def by_obstore():
    options = {"allow_http": True, "timeout": "2s"}
    store = S3Store("words", endpoint=f"http://127.0.0.1:{port}", access_key_id="k", secret_access_key="s",
                    client_options=options, retry_config={"max_retries": 0})
    obstore.get(store, "words")

def ring():
    if libc.syscall(425, 4, ctypes.create_string_buffer(256)) < 0 and ctypes.get_errno() == 13:
        raise OSError("io_uring")

SOCKET = 41 if os.uname().machine == "x86_64" else 198
if mode == "confined":
    confine()
said = {}
"""
WAYS = {
    "ctypes": "by_ctypes()",
    "datagram": "by_ctypes(socket.SOCK_DGRAM)",
    "syscall": "by_number()",
    "python": "socket.create_connection(('127.0.0.1', port), timeout=2).close()",
    "six": "socket.socket(socket.AF_INET6).close()",
    "thread": "in_a_thread()",
    "child": "in_a_child()",
    "psycopg": "psycopg.connect(f'hostaddr=127.0.0.1 port={port} user=words connect_timeout=2')",
    "obstore": "by_obstore()",
    "program": (
        "subprocess.run([sys.executable, '-c', "
        "f'import socket; socket.create_connection((\"127.0.0.1\", {port}))'], check=True)"
    ),
    "ring": "ring()",
}
KNOCKING = set(WAYS) - {"datagram", "six", "ring"}
STILL = {
    "unix": "ours, theirs = socket.socketpair(); ours.send(b'x')",
    "loop": "asyncio.run(asyncio.sleep(0))",
    "seen": "assert is_confined(os.getpid()) is (mode == 'confined')",
}


async def tried(mode: str) -> tuple[dict[str, str], int]:
    """Try every way in a process; return what each came to, and how many connections came to a listener."""
    knocks = 0

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    parts = [
        f"try:\n{textwrap.indent(line, '    ')}\n    said[{name!r}] = 'done'\n"
        f"except BaseException as error:\n    said[{name!r}] = type(error).__name__"
        for name, line in (WAYS | STILL).items()
    ]
    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", "\n".join([FRAME, *parts, "print(json.dumps(said))"]), str(port), mode],
            env={"PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            timeout=80,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, str] = json.loads(done.stdout)
        return said, knocks


@pytest.mark.timeout(120)
async def test_no_way_leads_out_of_a_confined_process_and_each_leads_out_of_another() -> None:
    said, knocks = await tried("confined")
    assert knocks == 0
    assert not {name for name in WAYS if said[name] == "done"}
    assert {name: said[name] for name in STILL} == dict.fromkeys(STILL, "done")
    said, knocks = await tried("free")
    assert knocks == len(KNOCKING)
    assert said["ring"] == said["datagram"] == "done"


@pytest.mark.timeout(60)
def test_a_filter_is_put_on_before_there_are_threads() -> None:
    line = (
        "import threading, time; from gatepost.app.confine import confine; "
        "threading.Thread(target=time.sleep, args=(1,)).start(); confine()"
    )
    done = subprocess.run(  # noqa: S603  # this very line
        [sys.executable, "-c", line], env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False
    )
    assert "there are threads already" in done.stderr


def test_a_machine_whose_calls_nobody_has_counted_is_told_so() -> None:
    with pytest.raises(ConfineError, match="no filter is known"):
        confine("vax")


def verdict(
    machine: str, number: int, family: int = 0, kind: int = 1, *, arch: int | None = None, is_watched: bool = False
) -> int:
    """Run the filter as the kernel would."""
    calls = KNOWN[machine]
    program, at, held = [*steps(calls, is_watched=is_watched)], 0, 0
    facts = {0: number, 4: calls.arch if arch is None else arch, 16: family, 24: kind}
    while True:
        code, if_so, if_not, constant = program[at]
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            held = facts[constant]
        elif code == 0x54:
            held &= constant
        else:
            at += if_so if (held == constant if code == 0x15 else held >= constant) else if_not


@pytest.mark.parametrize("machine", sorted(KNOWN))
def test_the_filter_says_the_same_on_each_architecture(machine: str) -> None:
    allow, refuse, ask = 0x7FFF0000, 0x0005000D, 0x7FC00000
    create, pair = KNOWN[machine].sockets
    assert [verdict(machine, create, family) for family in (1, 2, 10, 16, 17, 40)] == [allow, *[refuse] * 5]
    assert verdict(machine, pair, 1) == allow
    kinds = (1, 1 | 0o2000000 | 0o4000, 2, 3, 5, 2 | 0o2000000)  # streams; datagrams, raw, sequenced packets
    assert [verdict(machine, create, 1, kind) for kind in kinds] == [allow] * 2 + [refuse] * 4
    assert [verdict(machine, pair, 1, kind) for kind in kinds] == [allow] * 2 + [refuse] * 4
    connect = KNOWN[machine].connect
    assert [verdict(machine, connect, is_watched=each) for each in (False, True)] == [allow, ask]
    assert {verdict(machine, number) for number in KNOWN[machine].closed} == {refuse}
    assert verdict(machine, 0) == allow
    assert verdict(machine, create | 0x40000000, 1) == refuse
    assert verdict(machine, create, 1, arch=0x40000003) == 0x80000000


def test_who_is_gone_is_neither_confined_nor_free() -> None:
    assert is_confined(os.getpid()) is False
    assert is_confined(ctypes.c_int(-1).value) is None
