"""The agents' process cannot get out but through egress. A hook is for ever, so it is tried in a process of its own."""

import asyncio
import json
import subprocess
import sys
import textwrap

FRAME = """
import asyncio, json, os, socket, subprocess, sys
import httpx2, psycopg
from gatepost.app.guard import Guard
from gatepost.egress import Errand, Purpose, posting
from ways import way_out

port = int(sys.argv[1])
guard = Guard()
made = way_out()
egress = guard.egress(made.register, made._resolve, made._clock)
guard.install()

async def through():
    async with posting(egress, Errand(Purpose.MODEL), f"http://127.0.0.1:{port}/", b"x", {}, timeout_s=5) as coming:
        return coming.status_code

async def play(number):
    try:
        return str(await globals()[f"tried_{number}"]())
    except Exception as error:
        return type(error).__name__
"""
THROUGH = "return await through()"
OTHERWISE = [
    "socket.create_connection(('127.0.0.1', port))",
    "await asyncio.open_connection('127.0.0.1', port)",
    "socket.socket().connect_ex(('127.0.0.1', port))",
    "await asyncio.get_running_loop().sock_connect(socket.socket(), ('127.0.0.1', port))",
    "socket.socket(socket.AF_UNIX).connect('/tmp/gatepost-nobody')",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
    "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', port))",
    "socket.getaddrinfo('words.evil.example', 80)",
    "socket.socket().bind(('127.0.0.1', 0))",
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "import ctypes; ctypes.CDLL(None)",
    "open('/proc/self/mem', 'r+b')",
    "open(f'/proc/{os.getpid()}/mem', 'r+b', buffering=0)",
    "os.open('mem', os.O_WRONLY, dir_fd=os.open('/proc/self', os.O_RDONLY))",
    "psycopg.connect(f'host=127.0.0.1 port={port} user=words')",
    "psycopg.connect(f'host=evil.example hostaddr=127.0.0.1 port={port} user=words')",
    "await psycopg.AsyncConnection.connect(f'hostaddr=127.0.0.1,127.0.0.1 port={port},{port} user=words')",
    "psycopg.connect('user=words')",
    "import urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{port}/').read()",
    "await httpx2.AsyncClient(trust_env=False).get(f'http://127.0.0.1:{port}/')",
]


async def played(lines: list[str]) -> tuple[list[str], int]:
    """Run lines in a guarded process beside a listener; return what each came to, and how many connections came."""
    knocks = 0

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        await reader.read(1_000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        parts = [f"async def tried_{n}():\n{textwrap.indent(line, '    ')}\n" for n, line in enumerate(lines)]
        last = f"print(json.dumps([asyncio.run(play(n)) for n in range({len(lines)})]))\n"
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", "\n".join([FRAME, *parts, last]), str(port)],
            env={"PYTHONPATH": "tests:src"},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said: list[str] = json.loads(done.stdout)
    return said, knocks


async def test_through_egress_it_connects_and_otherwise_it_does_not() -> None:
    said, knocks = await played([THROUGH, *OTHERWISE, THROUGH])
    assert (said[0], said[-1], knocks) == ("200", "200", 2)
    refused = dict(zip(OTHERWISE, said[1:-1], strict=True))
    assert set(refused.values()) <= {"OutsideEgressError", "URLError", "ConnectError"}, refused


async def test_the_database_is_reached_where_egress_vouched_for_it() -> None:
    vouch = "await egress.vouch(Errand(Purpose.DATABASE), '127.0.0.1', port)"
    knock = "psycopg.connect(f'hostaddr=127.0.0.1 port={port} sslmode=disable gssencmode=disable')"
    local = "psycopg.connect('host=/nowhere user=words')"
    said, knocks = await played([f"{vouch}; {knock}", local])
    assert (said, knocks) == (["OperationalError", "OperationalError"], 1)  # nobody there speaks PostgreSQL


async def test_one_admission_is_one_connection() -> None:
    said, knocks = await played([f"{THROUGH.replace('return ', '')}; {OTHERWISE[0]}"])
    assert (said, knocks) == (["OutsideEgressError"], 1)
