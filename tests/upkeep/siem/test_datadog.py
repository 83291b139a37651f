import json

import pytest

from gatepost.upkeep.siem.datadog import SITES, Datadog, intake
from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.paper import Kind, Verdict
from upkeep.siem.papers import decided, destination

DATADOG = Datadog(destination(Kind.DATADOG), native)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_the_contract_retries_is_retried(status: int) -> None:
    assert list(DATADOG.judge(2, status, b"{}").again) == [0, 1]


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_stops(status: int) -> None:
    assert DATADOG.judge(2, status, b'{"errors":[]}').stop == f"datadog.http_{status}"


def test_413_and_400_are_split_and_202_is_taken() -> None:
    assert DATADOG.judge(2, 413, b"").is_split
    assert DATADOG.judge(2, 400, b"").is_split
    assert DATADOG.judge(2, 202, b"{}") == Verdict()


def test_the_true_time_stands_in_an_attribute_for_it_may_be_older_than_is_honoured() -> None:
    event = decided()
    (found,) = json.loads(DATADOG.body([DATADOG.spell(event)]))
    assert found["occurred_at"] == event.leaf["ts"]
    assert found["message"] == "message.decided 5"
    assert found["ddtags"] == "tenant:tn_a"
    assert event.marks.items() <= found.items()


def test_our_limits_lie_below_theirs() -> None:
    assert (DATADOG.limits.events, DATADOG.limits.batch_octets, DATADOG.limits.event_octets) == (
        1000,
        4_250_000,
        1_000_000,
    )


def test_a_site_is_its_url_and_its_region() -> None:
    assert intake("datadoghq.eu") == "https://http-intake.logs.datadoghq.eu/api/v2/logs"
    assert [site for site, region in SITES.items() if region in {"EU", "UK"}] == ["datadoghq.eu", "uk1.datadoghq.com"]
