"""What the agents' process can reach on this machine, counted where it arrives; each try in a process of its own."""

import asyncio
import json
import os
import socket
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from gatepost.app.confine import KNOWN, is_confined
from gatepost.app.usher import USHER, Usher

FRAME = """
import asyncio, ctypes, json, os, socket, struct, sys, threading
from pathlib import Path
from gatepost.app.usher import confine_and_ask

folder, mode = Path(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
CONNECT = 42 if os.uname().machine == "x86_64" else 203

def spelled(path):
    return struct.pack("=H", socket.AF_UNIX) + os.fsencode(path).ljust(108, bytes(1))

def by_number(path):
    made, octets = socket.socket(socket.AF_UNIX), spelled(path)
    if libc.syscall(CONNECT, made.fileno(), octets, len(octets)):
        raise OSError(ctypes.get_errno(), "connect")
    made.sendall(b"x")

def python(path):
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    made.sendall(b"x")

def in_a_child():
    child = os.fork()
    if not child:
        try:
            by_number(folder / "engine")
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise OSError("child")

def by_turns():
    # the path is changed under the eyes of whoever looks
    octets = ctypes.create_string_buffer(spelled(folder / "door"), 110)
    names, stop, turns = [spelled(folder / "door"), spelled(folder / "engine")], threading.Event(), [0]
    def change():
        while not stop.is_set():
            ctypes.memmove(octets, names[turns[0] % 2], 110)
            turns[0] += 1
    changing = threading.Thread(target=change)
    changing.start()
    try:
        tries = 0
        while tries < 300 or turns[0] < 1000:  # on a busy machine the other thread may come late
            tries += 1
            made = socket.socket(socket.AF_UNIX)
            if not libc.syscall(CONNECT, made.fileno(), octets, 110):
                made.sendall(b"x")
            made.close()
    finally:
        stop.set()
        changing.join()

def datagram(path):
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.sendto(b"x", str(path))

async def by_loop():
    reader, writer = await asyncio.open_unix_connection(folder / "door")
    writer.write(b"x")
    assert await reader.read(2) == b"ok"
    writer.close()

if mode == "watched":
    assert confine_and_ask(folder)
said = {}
"""
CLOSED = {
    "engine": "python(folder / 'engine')",
    "by number": "by_number(folder / 'engine')",
    "by a link": "os.symlink('engine', folder / 'door2'); python(folder / 'door2')",
    "relative": "os.chdir(folder); python('engine')",
    "abstract": "python('\\0gatepost-test-' + folder.name)",
    "child": "in_a_child()",
    "by turns": "by_turns()",
    "datagram": "datagram(folder / 'journal')",
    "again": "python(folder / 'usher')",
}
OPEN = {"door": "python(folder / 'door')", "loop": "asyncio.run(by_loop())", "untidy": "python(f'{folder}/./door')"}


@asynccontextmanager
async def sinks(folder: Path) -> AsyncIterator[dict[str, int]]:
    """Listen as an engine of containers would, a journal, and the door; count what comes."""
    came = {"engine": 0, "abstract": 0, "journal": 0, "door": 0}

    def listening(name: str) -> object:
        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived = await reader.read(1)  # not in one line: others count while this one waits
            came[name] += bool(arrived)
            writer.write(b"ok")
            writer.close()

        return listen

    class Journal(asyncio.DatagramProtocol):
        @override
        def datagram_received(self, data: bytes, addr: object) -> None:
            came["journal"] += (data, addr) == (b"x", None)

    async with AsyncExitStack() as stack:
        where = {"engine": str(folder / "engine"), "door": str(folder / "door")}
        for name, path in (where | {"abstract": f"\0gatepost-test-{folder.name}"}).items():
            await stack.enter_async_context(await asyncio.start_unix_server(listening(name), path))  # type: ignore[arg-type]
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        journal.bind(str(folder / "journal"))
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Journal, sock=journal)
        stack.callback(transport.close)
        yield came


async def until_quiet(came: dict[str, int]) -> None:
    """Let what is under way arrive, however busy this machine is."""
    seen: dict[str, int] = {}
    while seen != came:
        seen = dict(came)
        await asyncio.sleep(0.3)


async def tried(folder: Path, mode: str) -> tuple[dict[str, str], dict[str, int]]:
    """Try every way in a process; return what each came to, and what arrived."""
    parts = [
        f"try:\n{textwrap.indent(line, '    ')}\n    said[{name!r}] = 'done'\n"
        f"except BaseException as error:\n    said[{name!r}] = type(error).__name__"
        for name, line in (CLOSED | OPEN).items()
    ]
    async with sinks(folder) as came:
        with Usher([str(folder / "door")]).at(folder / USHER):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "\n".join([FRAME, *parts, "print(json.dumps(said))"]), str(folder), mode),
                env={"PYTHONPATH": "src"},
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await process.communicate()
        await until_quiet(came)
    assert process.returncode == 0
    said: dict[str, str] = json.loads(out)
    return said, came


@pytest.mark.timeout(120)
async def test_no_socket_of_the_machine_is_reached_but_those_the_house_named(tmp_path: Path) -> None:
    for mode in ("watched", "free"):
        (tmp_path / mode).mkdir()
    said, came = await tried(tmp_path / "watched", "watched")
    assert {name: said[name] for name in OPEN} == dict.fromkeys(OPEN, "done")
    assert {name for name in CLOSED if said[name] == "done"} <= {"by turns"}  # some of its turns named the door
    assert (came["engine"], came["abstract"], came["journal"]) == (0, 0, 0)
    assert came["door"] >= len(OPEN)
    said, came = await tried(tmp_path / "free", "free")
    assert {*said.values()} == {"done"}
    assert came["engine"] > len(["engine", "by number", "by a link", "relative", "child"])  # and some of those by turns
    assert (came["abstract"], came["journal"]) == (1, 1)


async def test_where_the_house_cannot_look_the_process_is_confined_and_says_that_sockets_are_open(
    tmp_path: Path,
) -> None:
    """The house stands in here as one that the kernel shows nothing of other processes."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / USHER))
    door.listen(1)
    line = (
        "import os, sys; from pathlib import Path; from gatepost.app.usher import confine_and_ask; "
        "from gatepost.app.confine import is_confined; "
        "print(confine_and_ask(Path(sys.argv[1])), is_confined(os.getpid()))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", line, str(tmp_path)), env={"PYTHONPATH": "src"}, stdout=asyncio.subprocess.PIPE
    )
    with door:
        link, _ = await asyncio.to_thread(door.accept)
        with link:
            link.sendall(b"n")
            out, _ = await process.communicate()
    assert out == b"False True\n"


OLDER = """
import ctypes, errno, os, sys
from pathlib import Path
from gatepost.app import confine
from gatepost.app.fence import fence, kernel_version
from gatepost.app.usher import confine_and_ask

folder, missing = Path(sys.argv[1]), [int(each) for each in sys.argv[2:]]
calls = confine.KNOWN[os.uname().machine]

def older():
    # what a kernel without these calls says to whoever makes them
    yield 0x20, 0, 0, 0
    for number in missing:
        yield 0x15, 0, 1, number
        yield 0x06, 0, 0, 0x00050000 | errno.ENOSYS
    yield 0x06, 0, 0, 0x7FFF0000

libc, zero = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong(0)
made = confine._program(older())
assert not libc.prctl(confine.PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
assert not libc.prctl(confine.PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.byref(made), zero, zero)
is_watched = confine_and_ask(folder)
import socket
reached = socket.socket(socket.AF_UNIX)
reached.connect(str(folder / "door"))
try:
    socket.socket(socket.AF_INET)
except OSError as error:
    assert error.errno == errno.EACCES
else:
    raise SystemExit("not confined")
print(is_watched, kernel_version(), fence([folder], []), os.listdir("/") != [])
"""


@pytest.mark.parametrize(
    ("release", "missing"),
    [
        ("5.8.18", []),  # it watches, and has no way to connect for another
        ("6.1.0", ["seccomp"]),  # a kernel before 3.17, or an engine's filter that knows no such call
    ],
)
async def test_on_an_older_kernel_the_process_is_confined_and_both_say_that_sockets_are_open(
    tmp_path: Path, release: str, missing: list[str]
) -> None:
    calls = KNOWN[os.uname().machine]
    numbers = [str(calls.seccomp) for _ in missing] + ["444", "445", "446"]  # and no Landlock
    with capture_logs() as said:
        async with sinks(tmp_path):
            with Usher([str(tmp_path / "door")], release=release).at(tmp_path / USHER):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-c", OLDER, str(tmp_path), *numbers),
                    env={"PYTHONPATH": "src"},
                    stdout=asyncio.subprocess.PIPE,
                )
                out, _ = await process.communicate()
                await asyncio.sleep(0.1)
    assert out == b"False 0 0 True\n"
    assert [line["event"] for line in said] == ["agents.sockets_open"]


async def test_where_no_house_answers_the_process_is_told_so(tmp_path: Path) -> None:
    line = (
        "import sys; from pathlib import Path; from gatepost.app import usher; usher.confine_and_ask(Path(sys.argv[1]))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", line, str(tmp_path)), env={"PYTHONPATH": "src"}, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"FileNotFoundError" in said


def test_this_process_is_free() -> None:
    """Else the tests above would show nothing."""
    assert is_confined(os.getpid()) is False
