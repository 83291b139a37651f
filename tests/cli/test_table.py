import os
import pty
import subprocess
import sys
from io import FileIO


def test_a_terminal_folds_the_last_column_and_no_id() -> None:
    code = "from gatepost.cli import table;table.draw([['em_' + 'a' * 90, 'because ' * 9]], ('id', 'why'))"
    there, here = pty.openpty()
    with os.fdopen(there, "rb", 0) as reader:
        command = [sys.executable, "-c", code]
        subprocess.run(command, stdout=here, env={"COLUMNS": "80", "TERM": "dumb"}, check=True)  # noqa: S603  # our own
        os.close(here)
        shown = b"".join(iter(lambda: _until_hung_up(reader), b"")).decode()
    assert "em_" + "a" * 90 + "  because because" in shown
    assert shown.count("because") == 9
    assert len(shown.splitlines()) > 2


def _until_hung_up(reader: FileIO) -> bytes:
    try:
        return reader.read(4096)
    except OSError:  # EIO: the other side of the terminal is closed
        return b""
