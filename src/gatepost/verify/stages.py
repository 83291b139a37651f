"""Pure work on a message's octets: here, stage by stage, or in a thread where they are many."""

import asyncio
import re
from collections.abc import Callable, Generator
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from gatepost.mail.fields import Header
from gatepost.mail.octets import Octets
from gatepost.verify.aside import LARGE, PAGES, Aside

T = TypeVar("T")
P = ParamSpec("P")

INLINE_OCTETS = 65_536
"""Larger messages are hashed and parsed in a thread, so that others are not kept waiting."""

INLINE_PAGE_OCTETS = 32_768
"""The same for what is not plain text alone: to read HTML takes several times as long for each octet."""

_PLAIN = re.compile(r"\s*text/plain\s*(?:;|\Z)", re.IGNORECASE)

Stages: TypeAlias = Generator[None, None, T]
"""Pure work that yields where its next stage begins, and returns what it has made."""


async def on_octets(raw: Octets, work: Callable[Concatenate[bytes, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run pure work on a message: here, or in a thread where it is large. One on disk is in memory for that only."""
    if not isinstance(raw, bytes):
        async with raw.opened() as octets:
            return await LARGE.run(work, octets, *args, **kwargs)
    if len(raw) <= INLINE_OCTETS:
        return work(raw, *args, **kwargs)
    return await LARGE.run(work, raw, *args, **kwargs)


async def in_stages(
    raw: Octets, header: Header, work: Callable[Concatenate[bytes, P], Stages[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run pure work on a message as ``on_octets`` does; here, whoever came along goes through each stage together.

    Each stage has code and tables of its own. Where it takes one message after the other it finds them in the
    processor's cache, which all stages of one message would empty for the next (docs/adr/0167).
    """
    if not isinstance(raw, bytes) or len(raw) > INLINE_OCTETS:
        return await on_octets(raw, _at_once, work, *args, **kwargs)
    if len(raw) > INLINE_PAGE_OCTETS and not _is_plain(header):
        return await PAGES.run(_at_once, raw, work, *args, **kwargs)
    stages = work(raw, *args, **kwargs)
    while True:
        await asyncio.sleep(0)
        try:
            next(stages)
        except StopIteration as done:
            made: T = done.value
            return made


def aside_for(size: int) -> Aside:
    """Return the threads for work on so many octets or characters."""
    return LARGE if size > INLINE_OCTETS else PAGES


def _is_plain(header: Header) -> bool:
    """Tell whether a message is plain text alone (RFC 2045 section 5.2)."""
    said = header.first(b"content-type")
    return said is None or _PLAIN.match(said.text) is not None


def _at_once(raw: bytes, work: Callable[Concatenate[bytes, P], Stages[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
    stages = work(raw, *args, **kwargs)
    while True:
        try:
            next(stages)
        except StopIteration as done:
            made: T = done.value
            return made
