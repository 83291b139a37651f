"""A house whose mail leaves by a relay of the test's own; who wants another scene makes it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.db import Database
from journeys.scene import Scene, open_scene
from outbound import Sink, smtp_sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path, sink: Sink) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting, sink_port=sink.port) as opened:
        yield opened
