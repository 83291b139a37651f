import pytest

from gatepost.ids import TenantId
from gatepost.upkeep.siem.client import HttpWay, SplunkWay, SyslogWay
from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import road, stream_of
from record.papers import TENANT, Hands
from upkeep.siem.papers import decided, destination
from upkeep.siem.scene import ways

WAYS = {
    Kind.SPLUNK: SplunkWay,
    Kind.DATADOG: HttpWay,
    Kind.ELASTIC: HttpWay,
    Kind.OTLP: HttpWay,
    Kind.SYSLOG: SyslogWay,
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_road_and_only_splunk_confirms_later(kind: Kind) -> None:
    url = "tls://siem.example" if kind is Kind.SYSLOG else "https://siem.example"
    made = road(ways(Hands()), TENANT, destination(kind, url))
    assert isinstance(made.way, WAYS[kind])
    assert (made.confirm is not None) == (kind is Kind.SPLUNK)
    assert 0 < len(made.spell(decided())) < made.limits.event_octets < made.limits.batch_octets


def test_a_place_that_cannot_be_used_is_told() -> None:
    with pytest.raises(ValueError, match="syslog"):
        road(ways(Hands()), TENANT, destination(Kind.SYSLOG, "https://siem.example"))
    with pytest.raises(ValueError, match="no PEM"):
        road(ways(Hands()), TENANT, destination(Kind.OTLP, "https://siem.example", ca="x"))


def test_a_tenant_has_its_own_stream_in_lower_case() -> None:
    assert stream_of(TenantId("tn_Abc")) == "logs-gatepost.audit-tn_abc"
