"""Gates whose record says less than what happened, or other things."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from gatepost.trust.bench import Bench
from gatepost.trust.checks.audited import METHODS, Gate
from gatepost.trust.checks.mail import Postbox
from gatepost.trust.controls import doors

_SPENT = 48
"""What a turn of the check's own model costs, in tokens."""


def whole(box: Postbox, *, tokens: int | None = _SPENT, kept: tuple[int, int] = (2, 2)) -> Gate:
    """Return one whose door is asked nothing."""
    return Gate(
        box=replace(box, kinds={}),
        verified=_as_named,
        metered=_giving([{"action": "usage.metered", "tokens": tokens}, {"action": "turn.done", "tokens": None}]),
        kept=_giving(kept),
    )


async def _as_named(domain: str) -> dict[str, Any]:
    return _decision("fail" if domain.startswith("forged") else "pass")


async def _always_pass(_domain: str) -> dict[str, Any]:
    return _decision("pass")


def _decision(verdict: str) -> dict[str, Any]:
    return {"action": "message.decided", "decision": dict.fromkeys(METHODS, verdict)}


def _giving(value: Any) -> Callable[[], Awaitable[Any]]:
    async def give() -> Any:
        return value

    return give


@asynccontextmanager
async def forgetful(bench: Bench) -> AsyncIterator[Gate]:
    """A mail server that says 250 to everything and records nothing."""
    async with doors.forgetful(bench) as box:
        yield replace(whole(box), box=box)


@asynccontextmanager
async def misjudging(bench: Bench) -> AsyncIterator[Gate]:
    """A record that says of every mail that its sender is proven."""
    async with doors.forgetful(bench) as box:
        yield replace(whole(box), verified=_always_pass)


@asynccontextmanager
async def uncounted(bench: Bench) -> AsyncIterator[Gate]:
    """A turn whose model was asked, and whose tokens stand nowhere."""
    async with doors.forgetful(bench) as box:
        yield whole(box, tokens=None)


@asynccontextmanager
async def passing_by(bench: Bench) -> AsyncIterator[Gate]:
    """A mailbox with one mail that nobody decided on."""
    async with doors.forgetful(bench) as box:
        yield whole(box, kept=(2, 1))
