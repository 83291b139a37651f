from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost import domains
from gatepost.app.administer import add_domain, add_tenant
from gatepost.app.doctor import names
from gatepost.app.doctor.finding import Finding, Level
from gatepost.db import Database
from gatepost.dns import RdType, Status
from gatepost.domains.paper import DnsRecord
from outbound import Hands, Zone
from outbound import house as built

HOST = "mx.gate.example"
ADDRESS = "192.0.2.7"
PTR = "7.2.0.192.in-addr.arpa"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
Facts = dict[tuple[str, RdType], list[str] | Status]


def levels(found: list[Finding]) -> dict[str, Level]:
    return {finding.check: finding.level for finding in found}


async def test_a_name_that_leads_here_and_back_is_well() -> None:
    zone = Zone({(HOST, RdType.A): [ADDRESS], (PTR, RdType.PTR): [HOST]})
    found = levels(await names.look(zone, HOST))
    assert found == {"dns.resolver": Level.OK, "dns.hostname": Level.OK, "dns.reverse": Level.OK}


@pytest.mark.parametrize(
    ("facts", "hostname", "expected"),
    [
        ({}, HOST, {"dns.resolver": Level.OK, "dns.hostname": Level.FAILURE}),
        ({}, names.DEFAULT_HOSTNAME, {"dns.resolver": Level.OK, "dns.hostname": Level.WARNING}),
        (
            {(HOST, RdType.A): Status.TEMPERROR, (HOST, RdType.AAAA): Status.TEMPERROR},
            HOST,
            {"dns.resolver": Level.FAILURE},
        ),
        (
            {(HOST, RdType.A): [ADDRESS], (PTR, RdType.PTR): ["host-7.provider.example"]},
            HOST,
            {"dns.resolver": Level.OK, "dns.hostname": Level.OK, "dns.reverse": Level.WARNING},
        ),
    ],
)
async def test_a_name_that_does_not_lead_here_is_told(facts: Facts, hostname: str, expected: dict[str, Level]) -> None:
    found = await names.look(Zone(facts), hostname)
    assert levels(found) == expected
    assert all(finding.next_step for finding in found if finding.level is not Level.OK)


@pytest.fixture
async def wanted(db: Database, tmp_path: Path) -> list[DnsRecord]:
    """What a house with the domain gate.example wants to be published."""
    house = built(db, tmp_path, Hands())
    tenant = await add_tenant(house, name="one", plan="free")
    await add_domain(house, tenant.id, "gate.example")
    async with db.transaction(tenant.id) as tx:
        return list(await domains.dns_records(tx, "gate.example", hostname=HOST))


def published(records: list[DnsRecord]) -> Facts:
    facts: Facts = {}
    for record in records:
        text = record.text.rstrip(".") if record.rdtype == "MX" else "".join(record.text.split('"')[1::2])
        facts[record.name.rstrip("."), RdType(record.rdtype)] = [text]
    return facts


@pytest.mark.usefixtures("wanted")
async def test_names_for_trying_out_are_one_warning(db: Database, tmp_path: Path) -> None:
    house = built(db, tmp_path, Hands())
    tenant = await add_tenant(house, name="two", plan="free")
    for name in ("sandbox.test", "real.org"):
        await add_domain(house, tenant.id, name)
    first, *rest = await names.look_at_domains(db, Zone({}), HOST)
    assert (first.check, first.level) == ("dns.reserved", Level.WARNING)
    assert first.said.endswith(": gate.example, sandbox.test")
    assert {(finding.level, "real.org" in finding.said) for finding in rest} == {(Level.FAILURE, True)}


@pytest.mark.usefixtures("wanted")
async def test_a_reserved_name_that_somebody_publishes_is_compared(db: Database) -> None:
    found = await names.look_at_domains(db, Zone({("gate.example", RdType.MX): [f"10 {HOST}"]}), HOST)
    assert levels(found) == dict.fromkeys(("dns.spf", "dns.dkim", "dns.dmarc"), Level.FAILURE) | {"dns.mx": Level.OK}


async def test_a_domain_that_publishes_what_it_shall_is_well(db: Database, wanted: list[DnsRecord]) -> None:
    found = await names.look_at_domains(db, Zone(published(wanted)), HOST)
    assert [finding.level for finding in found] == [Level.OK] * len(wanted)
    assert {finding.check for finding in found} == {"dns.mx", "dns.spf", "dns.dkim", "dns.dmarc"}


@pytest.mark.parametrize(
    ("name", "kind", "said", "check", "level"),
    [
        ("gate.example", RdType.MX, [], "dns.mx", Level.FAILURE),
        ("gate.example", RdType.MX, ["10 elsewhere.example"], "dns.mx", Level.FAILURE),
        ("gate.example", RdType.MX, [f"10 {HOST}", "20 elsewhere.example"], "dns.mx", Level.WARNING),
        ("gate.example", RdType.TXT, ["something else"], "dns.spf", Level.FAILURE),
        ("gate.example", RdType.TXT, ["v=spf1 -all", "v=spf1 ~all"], "dns.spf", Level.FAILURE),
        ("gate.example", RdType.TXT, ["v=spf1 include:other.example -all"], "dns.spf", Level.WARNING),
        ("gate.example", RdType.TXT, [f"v=spf1 a:{HOST} mx -all"], "dns.spf", Level.OK),
        ("gate.example", RdType.TXT, Status.TEMPERROR, "dns.spf", Level.WARNING),
        ("_dmarc.gate.example", RdType.TXT, ["v=DMARC1; p=reject"], "dns.dmarc", Level.OK),
        ("_dmarc.gate.example", RdType.TXT, [], "dns.dmarc", Level.FAILURE),
    ],
)
async def test_a_record_that_says_something_else_is_judged(
    db: Database, wanted: list[DnsRecord], name: str, kind: RdType, said: list[str] | Status, check: str, level: Level
) -> None:
    zone = Zone({**published(wanted), (name, kind): said})
    found = {finding.check: finding for finding in await names.look_at_domains(db, zone, HOST)}
    assert found[check].level is level, found[check]


async def test_another_key_under_our_selector_is_a_failure(db: Database, wanted: list[DnsRecord]) -> None:
    facts = published(wanted)
    selector = next(name for name, _ in facts if "_domainkey" in name)
    found = await names.look_at_domains(db, Zone({**facts, (selector, RdType.TXT): ["v=DKIM1; p=AAAA"]}), HOST)
    broken = [finding for finding in found if finding.level is Level.FAILURE]
    assert [finding.check for finding in broken] == ["dns.dkim"]
    assert "gatepost domain records gate.example" in broken[0].next_step
