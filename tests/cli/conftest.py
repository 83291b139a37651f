import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.process import Process


@pytest.fixture(scope="session")
def state_folder() -> Iterator[Path]:
    """A state folder PostgreSQL's account can reach, also where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="gatepost-cli-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def house(state_folder: Path) -> Iterator[Process]:
    """A house that is up, with its sandbox: one for all of these tests, for a start is dear."""
    process = Process(state_folder)
    process.start()
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="module")
def apart() -> Iterator[Process]:
    """A house for the tests of one file alone, to which tenants may come: in the other, nobody need name the one."""
    with tempfile.TemporaryDirectory(prefix="gatepost-apart-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        process = Process(Path(folder))
        process.start()
        try:
            yield process
        finally:
            process.stop()
