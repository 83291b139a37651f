import gc
import resource
import subprocess
import sys

from gatepost.app.process import TURN_S, leave_no_core, open_files_max, settle_in

SCRIPT = """
import sys
from pathlib import Path
from gatepost.app.process import give_back_large_blocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

print(give_back_large_blocks() if sys.argv[1] == "told" else "left as it is")
bytes(25_000_000)  # the habit of glibc: from now on it keeps blocks of this size
before = resident_mb()
kept = []
for _ in range(8):  # a large block below each small one that stays
    large = bytearray(b"x") * 20_000_000
    kept.append(bytearray(100_000))
    del large
print(resident_mb() - before)
"""


FREED = """
from pathlib import Path
from gatepost.app.process import give_back_what_is_free

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

blocks = [bytearray(b"x") * 4_000 for _ in range(10_000)]
held = blocks[::1000]
del blocks
before = resident_mb()
print(give_back_what_is_free())
print(before - resident_mb())
"""


def grown_mb(how: str) -> int:
    """How much a process keeps of the large blocks it had."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  # our own words
    return int(done.stdout.split()[-1])


def test_large_blocks_go_back_to_the_system() -> None:
    assert grown_mb("told") <= 3


def test_a_process_may_open_as_many_files_as_it_may_ask_for() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[1]), before[1]))
    try:
        assert open_files_max() == before[1] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_free_pages_between_blocks_in_use_go_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  # our own words
    told, given_back_mb = done.stdout.split()
    assert told == "True"
    assert int(given_back_mb) >= 20


def test_the_collector_leaves_what_stands_alone_and_threads_take_short_turns() -> None:
    before, turn_s = gc.get_threshold(), sys.getswitchinterval()
    sys.setswitchinterval(10 * TURN_S)  # a house of an earlier test may have settled in this process already
    try:
        settle_in()
        assert sys.getswitchinterval() < 2 * TURN_S
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == 20_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
        sys.setswitchinterval(turn_s)


def test_a_crash_leaves_no_file_of_what_was_in_memory() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        leave_no_core()
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
