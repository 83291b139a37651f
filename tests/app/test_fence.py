"""What the agents' process can do with the machine's files, each try in a process of its own: a fence is for ever."""

import asyncio
import json
import os
import sys
import textwrap
from pathlib import Path

import pytest

FRAME = """
import ctypes, json, os, signal, socket, sys
from pathlib import Path
from gatepost.app.agent_files import readable, writable
from gatepost.app.fence import fence
from gatepost.settings import AgentSettings, Settings

folder, mode, house = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
state = folder / "state"
settings = Settings(state=state, agents=AgentSettings(tools=str(folder / "etc" / "tools.toml")))
libc = ctypes.CDLL(None, use_errno=True)

def by_ctypes(path):
    if libc.open(os.fsencode(path), os.O_RDONLY) < 0:
        raise OSError(ctypes.get_errno(), "open")

def look_into(pid):
    with open(f"/proc/{pid}/mem", "rb"):
        pass

def abstract():
    made = socket.socket(socket.AF_UNIX)
    made.connect(b"\\0gatepost-fence-" + folder.name.encode())

VERSION = libc.syscall(444, None, ctypes.c_size_t(0), 1)
if mode == "fenced":
    assert fence(readable(settings, ""), writable(settings)) == VERSION > 0
said = {}
"""
CLOSED = {
    "secret": "(folder / 'secret').read_text()",
    "by ctypes": "by_ctypes(folder / 'secret')",
    "by a link": "(state / 'keys' / 'link').symlink_to(folder / 'secret'); (state / 'keys' / 'link').read_text()",
    "upwards": "(state / 'keys' / '..' / '..' / 'secret').read_text()",
    "by a hard link": "os.link(folder / 'secret', state / 'keys' / 'hard'); (state / 'keys' / 'hard').read_text()",
    "list": "os.listdir(folder)",
    "write": "(folder / 'written').write_text('x')",
    "state": "(state / 'written').write_text('x')",
    "tools": "(folder / 'etc' / 'tools.toml').write_text('x')",
    "remove": "(folder / 'removed').unlink()",
    "truncate": "os.truncate(folder / 'kept', 0)",
    "code": "(Path(sys.prefix) / 'gatepost-test').write_text('x'); (Path(sys.prefix) / 'gatepost-test').unlink()",
    "memory": "look_into(house)",
    "signal": "os.kill(house, 0)",
    "abstract": "abstract()",
}
OPEN = {
    "keys": "(state / 'keys' / 'new').write_text('x'); (state / 'keys' / 'new').rename(state / 'keys' / 'keys.sqlite')",
    "body": "(state / 'blobs' / 'aa').mkdir(); (state / 'blobs' / 'aa' / 'b').write_text('x')",
    "note": "(state / 'model-key.json').read_text()",
    "token": "(folder / 'etc' / 'token').read_text()",
    "import": "import sqlite3, wave",
    "certificates": "import ssl; ssl.create_default_context()",
    "itself": "open('/proc/self/status').close(); os.urandom(1)",
    "null": "open('/dev/null', 'w').close()",
}


async def tried(folder: Path, mode: str) -> dict[str, str]:
    for each in ("etc", "state/keys", "state/blobs"):
        (folder / each).mkdir(parents=True)
    for each in ("secret", "removed", "kept", "etc/token", "state/model-key.json"):
        (folder / each).write_text("words")
    (folder / "etc" / "tools.toml").write_text("")
    parts = [
        f"try:\n{textwrap.indent(line, '    ')}\n    said[{name!r}] = 'done'\n"
        f"except BaseException as error:\n    said[{name!r}] = type(error).__name__"
        for name, line in (CLOSED | OPEN).items()
    ]
    async with await asyncio.start_unix_server(lambda _, writer: writer.close(), f"\0gatepost-fence-{folder.name}"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "\n".join([FRAME, *parts, "print(json.dumps(said))"])),
            *(str(folder), mode, str(os.getpid())),
            env={"PYTHONPATH": "src"},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    said: dict[str, str] = json.loads(out)
    return said


@pytest.mark.timeout(120)
async def test_no_file_is_touched_but_those_it_needs_and_each_is_by_another(tmp_path: Path) -> None:
    said = await tried(tmp_path / "fenced", "fenced")
    assert {name: said[name] for name in OPEN} == dict.fromkeys(OPEN, "done")
    assert {name: said[name] for name in CLOSED if said[name] == "done"} == {}
    assert [(tmp_path / "fenced" / each).read_text() for each in ("secret", "removed", "kept")] == ["words"] * 3
    assert not (tmp_path / "fenced" / "written").exists()
    said = await tried(tmp_path / "free", "free")
    assert {*said.values()} == {"done"}
    assert (tmp_path / "free" / "written").exists()
    assert (tmp_path / "free" / "kept").read_text() == ""
