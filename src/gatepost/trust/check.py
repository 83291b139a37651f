"""A check and its positive control: one function, asked about the house and about a target known to be bad.

A check that calls its control good cannot see the fault it exists for: whatever it says of the house is then not
believed (``control.passed``). What a run comes to is a value; nothing that happens in it is raised.
"""

import ast
import asyncio
import hashlib
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog

from gatepost.meters import Raised
from gatepost.record.paper import Json
from gatepost.trust.bench import Bench
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, unverified
from gatepost.trust.world import World

T = TypeVar("T")

TIMEOUT_S = 60.0
_LOOKING = ("gatepost.trust.checks.", "gatepost.trust.probe.")

log = structlog.get_logger()

Judge = Callable[[T], Awaitable[Finding]]
Find = Callable[[World, Mapping[str, str]], Awaitable[T]]
Control = Callable[[Bench], AbstractAsyncContextManager[T]]


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """How one kind of claim is looked at.

    Attributes:
        id: ``subject.fact``, stable.
        judge: looks at a target, whosever it is.
        find: finds the house's own target; raises ``CannotVerifyError`` where there is none.
        reads_results: it looks at what other checks of the same round have stated, and so comes after them.
        controls: make targets that ``judge`` must fail, each for another fault, from code of their own.
    """

    id: str
    judge: Judge[T]
    find: Find[T]
    controls: tuple[Control[T], ...]
    reads_results: bool = False

    @property
    def version(self) -> str:
        """The SHA-256 of all that looks, finder and probes included: the same for the house and for the control."""
        return version_of(self.judge, self.find)

    async def of_house(self, world: World, arguments: Mapping[str, str]) -> Finding:
        """Return what it says of the house."""

        async def look() -> Finding:
            return await self.judge(await self.find(world, arguments))

        return await _bounded(self.id, look)

    async def of_target(self, target: T) -> Finding:
        """Return what it says of a target that the caller has found."""
        return await _bounded(self.id, partial(self.judge, target))

    async def of_control(self, bench: Bench) -> Finding:
        """Return that it failed every target known to be bad, or what it said of the first it did not."""
        reasons: list[Json] = []
        for control in self.controls:
            finding = await _bounded(self.id, partial(self._of_one, control, bench))
            if finding.outcome is not Outcome.FAIL:
                return finding
            reasons.append(finding.reason)
        return failed("control.failed_as_it_must", reasons)

    async def _of_one(self, control: Control[T], bench: Bench) -> Finding:
        async with control(bench) as target:
            return await self.judge(target)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a check: what counts, and what it said of its control."""

    finding: Finding
    control: Finding


async def run(check: Check[Any], look: Callable[[], Awaitable[Finding]], bench: Bench) -> Run:
    """Run a check on its controls, then ``look``; believe what that says only where it failed every control.

    Args:
        check: whose controls.
        look: looks at what is wanted, by ``of_house`` or ``of_target``.
        bench: what controls are built on.
    """
    control = await check.of_control(bench)
    finding = await look()
    if control.outcome is Outcome.COULD_NOT_VERIFY:
        return Run(unverified("control.not_run", finding.value), control)
    if control.outcome is not Outcome.FAIL:
        return Run(unverified("control.passed", finding.value), control)
    return Run(finding, control)


async def _bounded(name: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await look()
    except CannotVerifyError as error:
        return unverified(error.reason)
    except TimeoutError:
        return unverified("check.timeout")
    except Exception as error:  # noqa: BLE001  # a check that breaks says nothing about the house, and ends no other
        log.warning("trust.check_broke", check=name, error=Raised.by(error))
        return unverified("check.broke")


@cache
def version_of(*functions: Callable[..., Any]) -> str:
    """Return the SHA-256 of the modules of these functions and of every check and probe that those import.

    It is taken over one line a module, sorted: its name, a blank, the SHA-256 of its source in hex. What is looked at,
    the house itself, is no part of it.
    """
    waiting = {function.__module__ for function in functions}
    sources: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        sources[name] = Path(inspect.getfile(sys.modules[name])).read_bytes()
        waiting |= _looking(sources[name]) - sources.keys()
    lines = sorted(f"{name} {hashlib.sha256(octets).hexdigest()}\n" for name, octets in sources.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@cache
def _looking(source: bytes) -> frozenset[str]:
    """Return the checks and probes that a module imports, by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return frozenset(each for each in found if each.startswith(_LOOKING) and each in sys.modules)
