"""A tenant's log with entries, an exporter whose clock is moved by hand, and receivers on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.db import Database
from gatepost.record.publish import Sequencer
from record.papers import Hands, OpenKeyring, counting
from upkeep.siem.receivers import Double, receiving
from upkeep.siem.scene import Scene, ways

D = TypeVar("D", bound=Double)


@pytest.fixture
def scene(db: Database, tmp_path: Path) -> Scene:
    clock = Hands()
    sequencer = Sequencer(
        db, Blobs(Folder(tmp_path / "blobs")), OpenKeyring(), clock, counting(1_000_000), "log.house.example"
    )
    return Scene(db=db, egress=ways(clock), clock=clock, entropy=counting(), sequencer=sequencer)


@pytest.fixture
def listen() -> Iterator[Callable[[D], D]]:
    """Let a double listen until the test is over."""
    with ExitStack() as stack:

        def begin(double: D) -> D:
            stack.enter_context(receiving(double))
            return double

        yield begin
