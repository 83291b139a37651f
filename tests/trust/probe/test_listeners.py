import os
import socket
import subprocess
import sys
from pathlib import Path

from gatepost.trust.probe.listeners import Listener, of_tree

CHILD = """
import socket, sys
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_what_a_process_and_its_children_listen_on_is_seen_by_the_kernels_word() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as own,
        subprocess.Popen(  # noqa: S603  # our own
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child,
    ):
        assert child.stdout is not None
        port = int(child.stdout.readline())
        expected = {Listener("127.0.0.1", own.getsockname()[1]), Listener("127.0.0.1", port)}
        found = of_tree(os.getpid())
        alone = of_tree(child.pid)
        child.communicate()
    assert found is not None
    assert expected <= set(found)
    assert alone == (Listener("127.0.0.1", port),)


def test_addresses_are_read_as_the_kernel_prints_them(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    line = "   0: {}:1F90 {}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {} 1\n"
    (tmp_path / "net" / "tcp").write_text("head\n" + line.format("00000000", "00000000", 11))
    six = "0000000000000000FFFF00000100007F", "00000000000000000000000000000000"
    other = line.format(six[1], six[1], 13).replace(" 0A ", " 01 ")  # no listener
    (tmp_path / "net" / "tcp6").write_text("head\n" + line.format(six[0], six[1], 12) + other)
    process = tmp_path / "7"
    (process / "fd").mkdir(parents=True)
    (process / "stat").write_text("7 (a ) b) S 1 7 7")
    for number, inode in enumerate((11, 12, 13)):
        (process / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    found = of_tree(7, tmp_path)
    assert found == (Listener("0.0.0.0", 8080), Listener("::ffff:7f00:1", 8080))  # noqa: S104  # it is read
    assert [each.is_loopback for each in found] == [False, True]


def test_where_the_kernel_has_no_such_tables_nobody_could_tell(tmp_path: Path) -> None:
    assert of_tree(1, tmp_path) is None
