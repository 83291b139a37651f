import httpx2

from gatepost.doors.metrics import Metric, Sample, build, render

SEEN = Metric(
    "gatepost_seen_total", "What was seen.", "counter", (Sample(3, {"kind": "a"}), Sample(0.5, {"kind": "b"}))
)
OPEN = Metric("gatepost_open", "What is open.", "gauge", (Sample(7, {}),))
TEXT = """\
# HELP gatepost_seen_total What was seen.
# TYPE gatepost_seen_total counter
gatepost_seen_total{kind="a"} 3
gatepost_seen_total{kind="b"} 0.5
# HELP gatepost_open What is open.
# TYPE gatepost_open gauge
gatepost_open 7
"""


async def collect() -> list[Metric]:
    return [SEEN, OPEN]


def test_metrics_are_spelled_as_prometheus_reads_them() -> None:
    assert render([SEEN, OPEN]) == TEXT


async def test_only_one_path_and_only_reading_is_answered() -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(build(collect)), base_url="http://house") as client:
        assert (await client.get("/metrics")).text == TEXT
        assert (await client.head("/metrics")).text == ""
        assert (await client.post("/metrics")).status_code == 404
        assert (await client.get("/")).status_code == 404
