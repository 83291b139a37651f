from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatepost.mail.octets import opened


class Drawer:
    """Octets elsewhere: they are here only while somebody looks."""

    def __init__(self) -> None:
        self.is_open = False

    def __len__(self) -> int:
        return 5

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[bytes]:
        self.is_open = True
        yield b"large"
        self.is_open = False


async def test_octets_in_memory_are_themselves() -> None:
    octets = b"small"
    async with opened(octets) as found:
        assert found is octets


async def test_octets_elsewhere_are_here_for_as_long_as_the_context_lasts() -> None:
    drawer = Drawer()
    async with opened(drawer) as found:
        assert (found, drawer.is_open) == (b"large", True)
    assert not drawer.is_open
