import json
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def fresh() -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="gatepost-dump-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder) / "state"
        state.mkdir(mode=0o711)
        process = Process(state)
        yield process
        if process.up is not None and process.up.poll() is None:
            process.stop()


def test_a_dump_is_the_whole_database_and_comes_back_into_an_empty_one(fresh: Process) -> None:
    file = fresh.state.parent / "house.dump"
    fresh.start()
    assert fresh.run("send", "--from", "you@example.com", "--text", "before").returncode == 0
    busy = fresh.run("database", "dump", str(file))
    assert (busy.returncode, "another house is running" in busy.stderr) == (1, True)
    fresh.stop()
    dumped = fresh.run("database", "dump", str(file))
    assert dumped.returncode == 0, dumped.stderr
    assert (file.read_bytes()[:5], stat.S_IMODE(file.stat().st_mode)) == (b"PGDMP", 0o600)
    full = fresh.run("database", "restore", str(file))
    assert (full.returncode, "holds a house already" in full.stderr) == (1, True)
    [data] = fresh.state.glob("postgres-[0-9]*")
    data.rename(fresh.state / "away")
    lost = fresh.run("up")
    assert (lost.returncode, "has keys, and no data of PostgreSQL" in lost.stderr) == (1, True)
    broken = fresh.state.parent / "half.dump"
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "pg_restore failed" in fresh.run("database", "restore", str(broken)).stderr
    restored = fresh.run("database", "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert fresh.run("log", "recover").returncode == 0
    box = fresh.start()["mailbox_id"]
    assert "A NEW HOUSE" not in fresh.log().rpartition("Starting Gatepost")[2]
    kept = json.loads(fresh.run("mail", "list", "-m", str(box), "--json").stdout)
    assert len(kept) == 1
    assert fresh.run("send", "--from", "you@example.com", "--text", "after").returncode == 0
    assert json.loads(fresh.run("log", "verify", "--json").stdout)[0]["sound"]
