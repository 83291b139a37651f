"""The pictures of the status page, as SVG without script or style attribute: bars of ninety days, lines of latency."""

from collections.abc import Sequence
from html import escape

from gatepost.trust.uptime import Day, Hour, share_of

BAR, GAP, HEIGHT = 5, 2, 28
WIDTH, TALL = 480, 60
_GOOD, _FAIR = 0.999, 0.98
_HEIGHTS = {"good": HEIGHT, "fair": 20, "bad": 12, "none": 3}
"""How tall a day's bar is: whoever does not tell the colours apart tells these."""


def percent(share: float | None) -> str:
    """Spell a share; cut, not rounded, so that 100 % means every probe."""
    return "not measured" if share is None else f"{int(share * 100_000) / 1000:.3f} %"


def bars(days: Sequence[Day], label: str) -> str:
    """Return one bar a day, oldest first; each says its day and share to who points at it."""
    width = max(1, len(days)) * (BAR + GAP) - GAP
    drawn = "".join(_bar(at, day) for at, day in enumerate(days))
    said = escape(f"{label}, last {len(days)} days: {percent(share_of(days))}")
    return (
        f'<svg class="bars" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{said}">{drawn}</svg>'
    )


def _bar(at: int, day: Day) -> str:
    kind = _class(day)
    height = _HEIGHTS[kind]
    return (
        f'<rect class="{kind}" x="{at * (BAR + GAP)}" y="{HEIGHT - height}" width="{BAR}" height="{height}" rx="1">'
        f"<title>{day.day.isoformat()}: {_said(day)}</title></rect>"
    )


def _said(day: Day) -> str:
    return f"{percent(day.share)}, measured {percent(day.measured)}" if day.unprobed else percent(day.share)


def _class(day: Day) -> str:
    if day.share is None or not day.probes:
        return "none"
    if day.share >= _GOOD:
        return "good"
    return "fair" if day.share >= _FAIR else "bad"


def lines(hours: Sequence[Hour], label: str) -> str:
    """Return the median and the 95th percentile of each hour; empty where there are fewer than two hours."""
    if len(hours) < 2:  # noqa: PLR2004  # a line has two ends
        return ""
    top = max(each.p95_ms for each in hours) or 1
    begin, end = hours[0].hour, hours[-1].hour
    spread = (end - begin).total_seconds() or 1

    def path(values: Sequence[int]) -> str:
        points = (
            f"{WIDTH * (each.hour - begin).total_seconds() / spread:.1f},{TALL - (TALL - 2) * value / top:.1f}"
            for each, value in zip(hours, values, strict=True)
        )
        return " ".join(points)

    median, slow = path([each.p50_ms for each in hours]), path([each.p95_ms for each in hours])
    said = escape(f"{label}, latency of the last day: at most {top} ms in 95 of 100 probes of an hour")
    return (
        f'<svg class="lines" viewBox="0 0 {WIDTH} {TALL}" role="img" aria-label="{said}">'
        f'<polyline class="slow" points="{slow}"/><polyline class="median" points="{median}"/></svg>'
    )
