import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gatepost.mail import fields
from gatepost.mail.octets import Octets
from gatepost.verify.stages import INLINE_OCTETS, INLINE_PAGE_OCTETS, Stages, in_stages, on_octets

SMALL, LARGE = b"x" * INLINE_OCTETS, b"x" * (INLINE_OCTETS + 1)
PLAIN = fields.split(b"Subject: x\r\n\r\n")


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
    assert await in_stages(raw, PLAIN, where_in_stages, said="so") == (len(raw), "so", raw is SMALL)


@pytest.mark.parametrize(
    ("content_type", "is_plain"),
    [
        ("text/plain", True),
        ("Text/Plain; charset=utf-8", True),
        ("text/html", False),
        ("text/plain-page", False),
        ("multipart/alternative; boundary=text/plain", False),
        ("", False),
    ],
)
async def test_a_page_is_worked_on_in_a_thread_much_sooner(content_type: str, *, is_plain: bool) -> None:
    header = fields.split(f"Content-Type: {content_type}\r\n\r\n".encode())
    small, larger = b"x" * INLINE_PAGE_OCTETS, b"x" * (INLINE_PAGE_OCTETS + 1)
    assert (await in_stages(small, header, where_in_stages, "so"))[2]
    assert (await in_stages(larger, header, where_in_stages, "so"))[2] is is_plain


async def test_who_comes_together_goes_through_each_stage_together() -> None:
    seen: list[str] = []

    def work(_: bytes, name: str) -> Stages[str]:
        seen.append(f"{name}1")
        yield
        seen.append(f"{name}2")
        return name.upper()

    assert await asyncio.gather(*(in_stages(b"", PLAIN, work, name) for name in "abc")) == ["A", "B", "C"]
    assert seen == ["a1", "b1", "c1", "a2", "b2", "c2"]


@pytest.mark.parametrize("raw", [SMALL, LARGE])
async def test_what_a_stage_raises_is_raised(raw: bytes) -> None:
    def work(_: bytes) -> Stages[None]:
        yield
        raise LookupError

    with pytest.raises(LookupError):
        await in_stages(raw, PLAIN, work)
