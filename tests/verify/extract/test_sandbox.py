"""What a sealed process can no longer do; tried in one, for there is no way back."""

import subprocess
import sys
from pathlib import Path

import pytest

SEALED = """
import os, socket, sys
from gatepost.verify.extract import sandbox
sandbox.limit()
sys.stdout.write("sealed\\n" if sandbox.seal() else "open\\n")
def attempt(name, act):
    try:
        act()
    except (OSError, MemoryError) as error:
        sys.stdout.write(f"{name} {type(error).__name__}\\n")
    else:
        sys.stdout.write(f"{name} allowed\\n")
attempt("file", lambda: open("/etc/passwd"))
attempt("socket", lambda: socket.socket())
attempt("fork", os.fork)
attempt("program", lambda: os.execv("/bin/true", ["true"]))
attempt("kill", lambda: os.kill(os.getppid(), 0))
attempt("memory", lambda: [bytes(400) for _ in range(sandbox.MEMORY_OCTETS // 400)])
attempt("thought", lambda: sum(range(1000)))
sys.stdout.flush()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_a_sealed_process_has_no_files_no_sockets_no_programs_and_little_memory(tmp_path: Path) -> None:
    program = [sys.executable, "-I", "-c", SEALED]
    told = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=15)  # noqa: S603  # our own text
    assert told.stdout.splitlines() == [
        "sealed", "file PermissionError", "socket PermissionError", "fork PermissionError", "program PermissionError",
        "kill PermissionError", "memory MemoryError", "thought allowed",
    ]  # fmt: skip
