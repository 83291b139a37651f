import asyncio
from dataclasses import dataclass, field

import structlog

from gatepost.verify.paper import Content, ScanResult, ScanVerdict
from gatepost.verify.scan import NO_WATCH, Watch
from gatepost.verify.scan.watch import ScannerError
from verify.injection.scene import read


@dataclass(frozen=True)
class Says:
    """A scanner that says one thing, after a while."""

    name: str
    after_s: float = 0.0
    error: Exception | None = None
    heard: list[bytes] = field(default_factory=list)

    async def scan(self, raw: bytes, content: Content) -> ScanVerdict:
        self.heard.append(raw)
        await asyncio.sleep(self.after_s)
        if self.error is not None:
            raise self.error
        return ScanVerdict(self.name, ScanResult.CLEAN, score=float(len(content.subject) > 0))


async def test_nobody_is_asked_where_nobody_is_named() -> None:
    assert await NO_WATCH.scan(b"x", read("x")) == ()


async def test_everybody_is_asked_at_once_and_answers_in_order() -> None:
    one, other = Says("one", 0.05), Says("other")
    found = await Watch(scanners=(one, other)).scan(b"raw", read("x"))
    assert [(each.scanner, each.result) for each in found] == [("one", ScanResult.CLEAN), ("other", ScanResult.CLEAN)]
    assert one.heard == other.heard == [b"raw"]


async def test_who_is_late_or_unwell_is_unavailable_and_the_others_count() -> None:
    scanners = (Says("late", 5), Says("ill", error=ScannerError("no")), Says("well"))
    with structlog.testing.capture_logs() as logs:
        found = await Watch(scanners=scanners, timeout_s=0.1).scan(b"raw", read("x"))
    assert [each.result for each in found] == [ScanResult.UNAVAILABLE, ScanResult.UNAVAILABLE, ScanResult.CLEAN]
    assert {log["scanner"] for log in logs} == {"late", "ill"}
