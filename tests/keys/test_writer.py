import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.keys import KeyringError, KeyStore
from gatepost.keys.writer import begin_writing

SHARED_MAX = 40
"""More than the threads that ``asyncio.to_thread`` shares, on any machine."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    tmp_path.chmod(0o700)
    made = KeyStore.open(tmp_path, os.urandom)
    yield made
    made.close()


async def test_keys_are_written_while_every_shared_thread_is_busy(store: KeyStore) -> None:
    """Large mail is read in those; each commit that met somebody new would wait for all of it."""
    is_over = threading.Event()
    busy = [asyncio.ensure_future(asyncio.to_thread(is_over.wait, 20)) for _ in range(SHARED_MAX)]
    await asyncio.sleep(0)  # they begin
    try:
        store.vault("tn_a").meet(["boss@corp.example"])
        async with asyncio.timeout(5):
            await store.flush()
        assert not store._drafts
    finally:
        is_over.set()
        await asyncio.gather(*busy)


async def test_what_cannot_be_written_is_said() -> None:
    def failing() -> None:
        raise KeyringError("the disk is full")

    with pytest.raises(KeyringError):
        await begin_writing(failing)
