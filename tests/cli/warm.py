"""Commands without their start: a process that has imported every room makes a copy of itself for each.

What runs is the command's own ``main`` in a process of its own, with its own environment, arguments, input and output.
Only the second in which Python imports the house is not paid again for each of a thousand commands, nor the time in
which the menu is made of all rooms. What a command must import by itself is held by test_menu.py, which starts it in
full.
"""

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import typer

from gatepost.cli import main
from gatepost.cli.menu import MENU, app, bring

_REQUEST_MAX = 200_000
_FILES = 4
"""What comes with a request: standard input, output and error, and where to say how it ended."""


def inherited() -> dict[str, str]:
    """Return what a command has of this process's environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}  # noqa: TID251  # a child needs them


@functools.cache
def _warm() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(  # noqa: S603  # this very file
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**inherited(), "PYTHONPATH": str(Path(__file__).parents[1])},
            start_new_session=True,
        )
    atexit.register(process.wait, 10)
    atexit.register(ours.close)  # this comes first, and ends it
    return ours


def run(
    command: list[str], environment: dict[str, str], said: str, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Do what ``subprocess.run`` does with one of our commands, output captured, without waiting for its imports.

    Raises:
        TimeoutError: it had not ended after ``timeout_s`` seconds, and was killed.
    """
    answer, ended = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, answer:
        told.write(said.encode())
        told.seek(0)
        request = json.dumps({"command": command, "environment": environment, "folder": str(Path.cwd())}).encode()
        with ended:
            socket.send_fds(_warm(), [request], [told.fileno(), out.fileno(), err.fileno(), ended.fileno()])
        answer.settimeout(timeout_s)
        pid = int(answer.recv(20))
        try:
            status = int(answer.recv(20))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, status, out.read().decode(), err.read().decode())


def _serve(requests: socket.socket) -> None:
    """Begin each command that is asked for, until nobody is left to ask."""
    for name in MENU:
        bring(name)
    typer.main.get_group = functools.cache(typer.main.get_group)
    typer.main.get_group(app)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        request, files, _, _ = socket.recv_fds(requests, _REQUEST_MAX, _FILES)
        if not request:
            return
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            _wait(json.loads(request), files)
        for file in files:
            os.close(file)


def _wait(request: dict[str, Any], files: list[int]) -> NoReturn:
    ended = socket.socket(fileno=files[3])
    if pid := os.fork():
        ended.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        ended.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    ended.close()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()  # noqa: TID251  # the command's own
    os.environ.update(request["environment"])  # noqa: TID251  # as above
    sys.argv = request["command"]
    main()
    sys.exit()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
