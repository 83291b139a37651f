"""The agents' process cannot get out but by its door. A hook is for ever, so it is tried in a process of its own."""

import asyncio
import json
import subprocess
import sys
import textwrap

from gatepost.app.doorway import Doorway
from gatepost.blobs import Blobs
from gatepost.blobs.bucket import Bucket
from ways import way_out

FRAME = """
import asyncio, json, os, socket, subprocess, sys
import httpx2, psycopg
from pathlib import Path
from gatepost.app.guard import Guard
from gatepost.egress import Errand, Purpose, posting
from gatepost.egress.distant import Distant

port, door = int(sys.argv[1]), sys.argv[2]
egress = Distant(door, None)
Guard(Path(door).parent).install()

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
    async with server, Doorway(way_out(), Blobs(Bucket.in_memory()), "").open() as (door, _):
        port = server.sockets[0].getsockname()[1]
        parts = [f"async def tried_{n}():\n{textwrap.indent(line, '    ')}\n" for n, line in enumerate(lines)]
        last = f"print(json.dumps([asyncio.run(play(n)) for n in range({len(lines)})]))\n"
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", "\n".join([FRAME, *parts, last]), str(port), str(door)],
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


async def test_the_database_is_reached_at_a_socket_of_this_machine() -> None:
    said, knocks = await played(["psycopg.connect('host=/nowhere user=words')"])
    assert (said, knocks) == (["OperationalError"], 0)  # libpq went there, and nobody was in


async def test_an_answer_at_the_door_opens_no_socket_beside_it() -> None:
    said, knocks = await played([f"{THROUGH.replace('return ', '')}; {OTHERWISE[0]}"])
    assert (said, knocks) == (["OutsideEgressError"], 1)
