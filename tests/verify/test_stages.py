import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gatepost.mail.octets import Octets
from gatepost.verify.stages import INLINE_OCTETS, Stages, in_stages, on_octets

SMALL, LARGE = b"x" * INLINE_OCTETS, b"x" * (INLINE_OCTETS + 1)


class OnDisk:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def __len__(self) -> int:
        return len(self._octets)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[bytes]:
        yield self._octets


def where(raw: bytes, said: str) -> tuple[int, str, bool]:
    return len(raw), said, threading.current_thread() is threading.main_thread()


def where_in_stages(raw: bytes, said: str) -> Stages[tuple[int, str, bool]]:
    yield
    return where(raw, said)


@pytest.mark.parametrize("raw", [SMALL, LARGE, OnDisk(SMALL)])
async def test_a_small_message_is_worked_on_here_and_any_other_in_a_thread(raw: Octets) -> None:
    assert await on_octets(raw, where, "so") == (len(raw), "so", raw is SMALL)
    assert await in_stages(raw, where_in_stages, said="so") == (len(raw), "so", raw is SMALL)


async def test_who_comes_together_goes_through_each_stage_together() -> None:
    seen: list[str] = []

    def work(_: bytes, name: str) -> Stages[str]:
        seen.append(f"{name}1")
        yield
        seen.append(f"{name}2")
        return name.upper()

    assert await asyncio.gather(*(in_stages(b"", work, name) for name in "abc")) == ["A", "B", "C"]
    assert seen == ["a1", "b1", "c1", "a2", "b2", "c2"]


@pytest.mark.parametrize("raw", [SMALL, LARGE])
async def test_what_a_stage_raises_is_raised(raw: bytes) -> None:
    def work(_: bytes) -> Stages[None]:
        yield
        raise LookupError

    with pytest.raises(LookupError):
        await in_stages(raw, work)
