from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from act.hosted.stage import Stage, open_stage
from gatepost.db import Database
from model_api import ModelApi, model_api
from outbound import Sink, smtp_sink


@pytest.fixture
async def api() -> AsyncIterator[ModelApi]:
    async with model_api() as running:
        yield running


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def stage(db: Database, accepting: Database, tmp_path: Path, api: ModelApi, sink: Sink) -> AsyncIterator[Stage]:
    async with open_stage(db, tmp_path, api, accepting=accepting, sink_port=sink.port) as opened:
        yield opened
