"""A house as its settings make it, each way out of which leads inside: by what DNS says, or by what the settings spell.

Every purpose there is has a corner here. What the register holds afterwards is what the record gets
(``record/test_connections.py``); that no socket is opened beside it, the kernel says (``test_traced.py``).
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import dns.message
import pytest

from act.hosted.pieces import TURN
from egress.test_rebinding import Go, calendar, go, http_tool, mcp, model, webhook
from gatepost.app.build import Ways, ways_of
from gatepost.app.ways_out import next_hop
from gatepost.blobs import Blobs, BlobsUnavailableError, read_endpoint
from gatepost.db.outside import through
from gatepost.deliver.client import Letter, transmit
from gatepost.deliver.paper import Attempt
from gatepost.deliver.route import find_hops
from gatepost.dns import CachingResolver, Client, RdType
from gatepost.egress import Destination, Egress, EgressRefusedError, Purpose, Register, Rule
from gatepost.record.client import asking
from gatepost.settings import DeliverySettings, Settings, amazon, load
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.upkeep.siem.paper import Kind
from gatepost.upkeep.siem.road import road
from gatepost.verify.scan.client import Clamd, Classifier, Icap
from gatepost.verify.scan.icap import Service
from gatepost.verify.scan.watch import Scanner, ScannerError
from hostile_dns import answer, serving
from outbound import AGENT, BOSS, NOW
from upkeep.siem.papers import destination
from verify.injection.scene import read

NAME = "planted.example"
EVENT = b'{"action":"x"}'
LETTER = Letter("su_x", TURN.tenant, AGENT, BOSS, b"Subject: x\r\n\r\nx\r\n")


@dataclass(frozen=True)
class Scene:
    """A house's ways out; ``host``: what its settings and its customers name wherever a host is named."""

    settings: Settings
    ways: Ways
    host: str

    @property
    def egress(self) -> Egress:
        return self.ways.egress

    @property
    def bare(self) -> str:
        """The host where no URL stands around it."""
        return self.host.strip("[]")


async def _mail(scene: Scene) -> None:
    hops = await find_hops(
        NAME if scene.host == NAME else f"[{scene.bare}]", scene.ways.resolver, next_hop(scene.settings), seed="x"
    )
    assert not isinstance(hops, Attempt), hops
    await transmit(LETTER, hops, hostname="mail.gatepost.test", egress=scene.egress)


async def _blobs(scene: Scene) -> None:
    store = Blobs.open("s3://bucket", endpoint=scene.ways.endpoint, egress=scene.egress)
    with pytest.raises(BlobsUnavailableError):
        await store.write("a", b"1")


async def _database(scene: Scene) -> None:
    said = through(scene.egress, f"host={scene.bare}")
    assert callable(said)
    with pytest.raises(EgressRefusedError):
        await said()


async def _witness(scene: Scene) -> None:
    said = await asking(scene.egress)(f"https://{scene.host}/add-checkpoint", b"x")
    assert said.body.startswith(b"egress refused it")


def _export(kind: Kind) -> Callable[["Scene"], Awaitable[None]]:
    async def go(scene: Scene) -> None:
        url = f"{'tls' if kind is Kind.SYSLOG else 'https'}://{scene.host}"
        said = await road(scene.egress, TURN.tenant, destination(kind, url)).way.send([EVENT])
        assert said.stop.startswith("egress.refused.address"), said

    return go


async def _clamd(scene: Scene) -> None:
    await _scanned(Clamd(scene.egress, scene.bare, 3310))


async def _icap(scene: Scene) -> None:
    await _scanned(Icap(scene.egress, Service.parse(f"icap://{scene.host}/x", "respmod")))


async def _classifier(scene: Scene) -> None:
    await _scanned(Classifier(scene.egress, f"https://{scene.host}/", 1.0))


async def _scanned(scanner: Scanner) -> None:
    with pytest.raises(ScannerError):
        await scanner.scan(b"Subject: x\r\n\r\nx\r\n", read("x"))


async def _probe(scene: Scene) -> None:
    with pytest.raises(ProbeError):
        async with Prober(scene.egress, bytes).open(scene.bare, 443):
            pytest.fail("it went there")


async def _names(scene: Scene) -> None:
    await scene.ways.resolver.query("any.example", RdType.TXT)


def _at(way: Go) -> Callable[[Scene], Awaitable[None]]:
    async def reach(scene: Scene) -> None:
        await go(way, scene.egress, f"https://{scene.host}/")

    return reach


CORNERS: dict[Purpose, tuple[Callable[[Scene], Awaitable[None]], ...]] = {
    Purpose.MAIL: (_mail,),
    Purpose.RELAY: (_mail,),
    Purpose.WEBHOOK: (_at(webhook),),
    Purpose.BLOBS: (_blobs,),
    Purpose.DATABASE: (_database,),
    Purpose.EXPORT: tuple(map(_export, Kind)),
    Purpose.MODEL: (_at(model),),
    Purpose.TOOL: (_at(http_tool), _at(calendar), _at(mcp)),
    Purpose.WITNESS: (_witness,),
    Purpose.SCAN: (_clamd, _icap, _classifier),
    Purpose.PROBE: (_probe,),
    Purpose.DNS: (_names,),
}
OF_AGENTS = {Purpose.MODEL, Purpose.TOOL}
"""Opened by a process of their own, with a register of its own."""

TOOLS = """
[[http]]
name = "a"
description = "A."
url = "https://{host}/"
parameters = {{ type = "object", properties = {{}} }}
"""


def serving_house(folder: Path, purpose: Purpose, host: str, names: str) -> Scene:
    """Return the ways out of `gatepost serve` whose settings name ``host`` wherever they can name one."""
    tools = folder / "tools.toml"
    tools.write_text(TOOLS.format(host=host))
    said = {
        "GATEPOST_STATE": str(folder),
        "GATEPOST_DNS__SERVERS": names,
        "GATEPOST_DNS__TIMEOUT_S": "3",
        "GATEPOST_DELIVERY__NEXT_HOP": f"{host}:25" if purpose is Purpose.RELAY else "",
        "GATEPOST_BLOBS__URL": "s3://bucket",
        "GATEPOST_LOG__WITNESSES": f"https://{host}/ name+id+key",
        "GATEPOST_AGENTS__URL": f"https://{host}/",
        "GATEPOST_AGENTS__TOOLS": str(tools),
        "GATEPOST_SCAN__CLAMD": f"{host}:3310",
        "GATEPOST_SCAN__ICAP": f"icap://{host}/x",
        "GATEPOST_SCAN__CLASSIFIER": f"https://{host}/",
        "GATEPOST_HTTP__PUBLIC_URL": f"https://{host}",
        "GATEPOST_TRUST__OPERATOR": str(folder),
    }
    settings = load(said)
    bare = host.strip("[]")
    return Scene(settings, ways_of(settings, f"host={bare}", for_agents=purpose in OF_AGENTS), host)


async def refused(scene: Scene, purpose: Purpose) -> set[tuple[Purpose, Rule]]:
    """Go wherever this purpose leads; return what was refused. Only the test's own name server may be spoken to."""
    for corner in CORNERS[purpose]:
        await corner(scene)
    tally = scene.egress.take()
    assert {what.purpose for what in tally.opened} <= {Purpose.DNS}
    assert sum(each.count for each in tally.refused.values()) >= len(CORNERS[purpose])
    return {(what.purpose, what.rule) for what in tally.refused}


@pytest.fixture(autouse=True)
def bucket_of_the_test(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def at(host: str) -> None:
        for name, value in {"ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "x", "REGION": "r"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT", f"https://{host}")

    return at


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("127.0.0.1", Rule.LOOPBACK),
        ("10.0.0.1", Rule.PRIVATE),
        ("169.254.169.254", Rule.METADATA),
        ("::ffff:100.100.100.200", Rule.METADATA),
        ("fd00:ec2::254", Rule.METADATA),
        ("fe80::1", Rule.LINK_LOCAL),
    ],
)
@pytest.mark.parametrize("purpose", sorted(set(CORNERS) - {Purpose.DNS}))  # a name server has an address alone
async def test_a_name_that_leads_inside_leads_nowhere(
    tmp_path: Path, bucket_of_the_test: Callable[[str], None], purpose: Purpose, planted: str, rule: Rule
) -> None:
    def zone(question: dns.message.Message, is_tcp: bool) -> list[bytes]:  # noqa: ARG001, FBT001  # the server's
        asked = question.question[0]
        says = {"AAAA" if ":" in planted else "A": planted, "MX": f"10 {NAME}."}.get(asked.rdtype.name)
        return [answer(question, *([f"{asked.name} 60 {asked.rdtype.name} {says}"] if says else [])).to_wire()]

    bucket_of_the_test(NAME)
    async with serving(zone) as names:
        scene = serving_house(tmp_path, purpose, NAME, names.address)
        assert await refused(scene, purpose) == {(purpose, rule)}


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]"])
@pytest.mark.parametrize("purpose", sorted(CORNERS))
async def test_where_clouds_hand_out_credentials_nothing_leads_though_the_settings_spell_it(
    tmp_path: Path, bucket_of_the_test: Callable[[str], None], purpose: Purpose, host: str
) -> None:
    bucket_of_the_test(NAME)
    made = serving_house(tmp_path, purpose, NAME, "127.0.0.1:1")
    bucket_of_the_test(host)
    scene = spelled_out(made, host)
    assert await refused(scene, purpose) == {(purpose, Rule.METADATA)}


def spelled_out(made: Scene, host: str) -> Scene:
    """Return the house with a register that spells the host, as none that starts has one (``app/test_ways_out.py``)."""
    egress, bare = made.egress, host.strip("[]")
    rows = [
        replace(row, host=bare, networks=(ip_network(bare),)) if row.host == NAME else row
        for row in egress.register.rows
    ]
    name_server = Destination(purpose=Purpose.DNS, host=bare, port=53, networks=(ip_network(bare),), is_clear=True)
    egress.register = Register([*rows, name_server])
    client = Client([(bare, 53)], egress, os.urandom, timeout_s=0.1)
    ways = replace(made.ways, resolver=CachingResolver(client, lambda: NOW), endpoint=read_endpoint(amazon()))
    settings = replace(
        made.settings, delivery=DeliverySettings(next_hop=made.settings.delivery.next_hop and f"{host}:25")
    )
    return Scene(settings, ways, host)


def test_each_purpose_there_is_has_a_corner() -> None:
    assert set(CORNERS) == set(Purpose)
    page = (Path(__file__).parents[2] / "docs" / "egress.md").read_text()
    assert [each for each in Purpose if f"| `{each}` |" not in page] == []
