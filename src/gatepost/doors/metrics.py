"""Metrics: what Prometheus reads, on a listener of its own (text exposition format 0.0.4)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: what is appended to the family's name, its labels, its value."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One family with its lines; ``kind`` is ``counter``, ``gauge`` or ``histogram``."""

    name: str
    doc: str
    kind: str
    samples: tuple[Sample, ...]


Collect = Callable[[], Awaitable[Iterable[Metric]]]
"""Return every metric as it is now."""


def render(metrics: Iterable[Metric]) -> str:
    """Spell metrics as text. Names, documents and labels are ours, without a character that would need escaping."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.doc}", f"# TYPE {metric.name} {metric.kind}"]
        for sample in metric.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            lines.append(f"{metric.name}{sample.suffix}{{{labels}}} {sample.value:.17g}".replace("{}", ""))
    return "\n".join(lines) + "\n"


def build(collect: Collect) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the application: ``GET /metrics``, and nothing else."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        is_asked = scope["path"] == "/metrics" and scope["method"] in {"GET", "HEAD"}
        body = render(await collect()).encode() if is_asked else b"the metrics are at /metrics\n"
        headers = [(b"content-type", CONTENT_TYPE), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if is_asked else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app
