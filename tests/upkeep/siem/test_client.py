import pytest

from gatepost.egress import Errand, Purpose
from gatepost.upkeep.siem.client import HttpWay, SyslogWay, trust_of
from gatepost.upkeep.siem.event import native
from gatepost.upkeep.siem.otlp import Otlp
from gatepost.upkeep.siem.paper import Kind, Verdict
from record.papers import TENANT, Hands
from upkeep.siem.papers import destination
from upkeep.siem.scene import ways

ERRAND = Errand(Purpose.EXPORT, "ex_a", TENANT)


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://127.0.0.1:1", Verdict(again=range(2), reason="receiver.unreachable")),
        ("http://192.0.2.1", Verdict(stop="egress.refused.address.reserved")),
        ("http://nobody.example", Verdict(again=range(2), reason="receiver.unreachable")),
    ],
)
async def test_what_the_network_does_is_a_verdict(url: str, verdict: Verdict) -> None:
    dialect = Otlp(destination(Kind.OTLP, url), native)
    assert await HttpWay(ways(Hands()), ERRAND, dialect, "").send([b"{}", b"{}"]) == verdict


async def test_so_it_is_for_syslog() -> None:
    egress = ways(Hands())
    assert (await SyslogWay(egress, ERRAND, "tls://127.0.0.1:1", "").send([b"x"])).reason == "receiver.unreachable"
    assert (await SyslogWay(egress, ERRAND, "tls://192.0.2.1", "").send([b"x"])).stop.startswith("egress.refused")


def test_an_authority_that_is_none_is_refused_and_without_one_the_well_known_count() -> None:
    with pytest.raises(ValueError, match="no PEM"):
        trust_of("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    assert trust_of("").get_ca_certs()
