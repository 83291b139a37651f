from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gatepost.app.ways_out import network, next_hop, place, register
from gatepost.egress import EgressRefusedError, Errand, NextHop, Purpose, Register, Rule
from gatepost.settings import DeliverySettings, DestinationSettings, EgressSettings, Settings, SettingsError, load


def ways(settings: Settings | None = None, **changes: Any) -> Register:
    given: Mapping[str, Any] = {"name_servers": ("127.0.0.53:53",), "blobs": None, "databases": (), **changes}
    return register(settings or Settings(), **given)


def refusal(found: Register, purpose: Purpose, host: str, port: int, address: str) -> Rule | None:
    try:
        found.admit(Errand(purpose), host, port, address)
    except EgressRefusedError as error:
        return error.rule
    return None


def test_the_defaults_open_dns_mail_and_webhooks_and_nothing_private() -> None:
    found = ways()
    assert [(row.purpose.value, str(row)) for row in found.rows] == [
        ("dns", "127.0.0.53:53"),
        ("mail", "*:25"),
        ("webhook", "*:*"),
        ("export", "*:*"),
        ("model", "api.anthropic.com:443"),
    ]
    assert found.allow_private == ()
    assert refusal(found, Purpose.WEBHOOK, "a.example", 443, "127.0.0.1") is Rule.LOOPBACK
    assert refusal(found, Purpose.MAIL, "a.example", 587, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.RELAY, "a.example", 25, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.BLOBS, "s3.example", 443, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.DATABASE, "db.example", 5432, "1.1.1.1") is Rule.UNDECLARED


def test_an_address_the_operator_wrote_is_open_for_its_purpose_alone() -> None:
    found = ways(blobs=("127.0.0.1", 9000))
    assert refusal(found, Purpose.DNS, "127.0.0.53", 53, "127.0.0.53") is None
    assert refusal(found, Purpose.BLOBS, "127.0.0.1", 9000, "127.0.0.1") is None
    assert refusal(found, Purpose.BLOBS, "127.0.0.1", 9001, "127.0.0.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.WEBHOOK, "127.0.0.1", 9000, "127.0.0.1") is Rule.LOOPBACK


def test_localhost_is_this_machine_for_its_purpose_alone() -> None:
    found = ways(databases=[("localhost", 5432)])
    assert refusal(found, Purpose.DATABASE, "localhost", 5432, "::1") is None
    assert refusal(found, Purpose.DATABASE, "localhost", 5432, "10.0.0.1") is Rule.PRIVATE
    assert refusal(found, Purpose.WEBHOOK, "localhost", 5432, "::1") is Rule.LOOPBACK


def test_a_name_the_operator_wrote_does_not_open_private_addresses() -> None:
    found = ways(blobs=("s3.example", 443))
    assert refusal(found, Purpose.BLOBS, "s3.example", 443, "1.1.1.1") is None
    assert refusal(found, Purpose.BLOBS, "s3.example", 443, "10.0.0.1") is Rule.PRIVATE


def test_a_relay_closes_direct_delivery() -> None:
    settings = Settings(delivery=DeliverySettings(next_hop="relay.example:587"))
    found = ways(settings)
    assert refusal(found, Purpose.RELAY, "relay.example", 587, "1.1.1.1") is None
    assert refusal(found, Purpose.MAIL, "mx.example", 25, "1.1.1.1") is Rule.UNDECLARED


def test_a_house_for_trying_out_opens_loopback_and_no_more() -> None:
    found = ways(allow_loopback=True)
    assert refusal(found, Purpose.WEBHOOK, "localhost", 80, "127.0.0.1") is None
    assert refusal(found, Purpose.WEBHOOK, "localhost", 80, "::1") is None
    assert refusal(found, Purpose.WEBHOOK, "a.example", 443, "10.0.0.1") is Rule.PRIVATE


TOML = """
[egress]
allow_private = ["10.1.0.0/16"]

[[egress.destinations]]
purpose = "webhook"
to = "*.example.com:443"
region = "DE"
mechanism = "same country"
decided_by = "A. Operator, 2026-11-20"

[[egress.destinations]]
purpose = "webhook"
to = "[fd12::1]:8443"

[[egress.destinations]]
purpose = "blobs"
to = "minio.inside:9000"
networks = ["10.2.0.0/16"]
in_clear = true
"""


def test_declared_rows_stand_in_place_of_the_built_in_ones_of_their_purpose(tmp_path: Path) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text(TOML)
    found = ways(load({}, file), blobs=("minio.inside", 9000))
    [row] = [row for row in found.rows if str(row) == "*.example.com:443"]
    assert (row.region, row.mechanism, row.decided_by) == ("DE", "same country", "A. Operator, 2026-11-20")
    assert refusal(found, Purpose.WEBHOOK, "a.example.com", 443, "1.1.1.1") is None
    assert refusal(found, Purpose.WEBHOOK, "a.example.com", 443, "10.1.0.1") is None
    assert refusal(found, Purpose.WEBHOOK, "a.example.net", 443, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.WEBHOOK, "fd12::1", 8443, "fd12::1") is None
    assert refusal(found, Purpose.BLOBS, "minio.inside", 9000, "10.2.0.1") is None
    assert not found.admit(Errand(Purpose.BLOBS), "minio.inside", 9000, "10.2.0.1").must_encrypt
    assert refusal(found, Purpose.DNS, "127.0.0.53", 53, "127.0.0.53") is None  # the other purposes are as they were


@pytest.mark.parametrize(
    "said",
    [
        DestinationSettings(purpose="teleport", to="a.example:1"),
        DestinationSettings(purpose="webhook", to="a.example"),
        DestinationSettings(purpose="webhook", to="a.example:99999"),
        DestinationSettings(purpose="webhook", to="a.*.example:443"),
        DestinationSettings(purpose="webhook", to=":443"),
        DestinationSettings(purpose="webhook", to="a.example:443", networks=("10.0.0.1/8",)),
    ],
)
def test_a_destination_that_cannot_be_read_is_named(said: DestinationSettings) -> None:
    with pytest.raises(SettingsError, match=r"egress\.destinations"):
        ways(Settings(egress=EgressSettings(destinations=(said,))))


@pytest.mark.parametrize("text", ["true", "10.0.0.1/8", "localhost"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"egress\.allow_private"):
        ways(Settings(egress=EgressSettings(allow_private=(text,))))


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("127.0.0.1:1025", NextHop("127.0.0.1", 1025)),
        ("[::1]:25", NextHop("::1", 25)),
        ("relay.example:587", NextHop("relay.example", 587)),
        ("", None),
    ],
)
def test_a_relay_is_host_and_port(text: str, hop: NextHop | None) -> None:
    assert next_hop(Settings(delivery=DeliverySettings(next_hop=text))) == hop


@pytest.mark.parametrize("text", ["relay.example", ":25", "relay.example:99999", "relay.example:0", "a:٣"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        place(text, "delivery.next_hop")


def test_a_declared_tool_opens_its_own_place_and_nothing_else() -> None:
    found = ways(tools=[("order", "https://erp.example/order"), ("local", "http://127.0.0.1:8000/x")])
    assert refusal(found, Purpose.TOOL, "erp.example", 443, "1.1.1.1") is None
    assert refusal(found, Purpose.TOOL, "erp.example", 443, "10.0.0.1") is Rule.PRIVATE
    assert refusal(found, Purpose.TOOL, "erp.example", 443, "169.254.169.254") is not None
    assert refusal(found, Purpose.TOOL, "other.example", 443, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(found, Purpose.TOOL, "127.0.0.1", 8000, "127.0.0.1") is None
    assert refusal(found, Purpose.TOOL, "127.0.0.1", 8001, "127.0.0.1") is Rule.UNDECLARED


METADATA = "169.254.169.254"


@pytest.mark.parametrize(
    ("variables", "changes", "setting"),
    [
        ({"GATEPOST_AGENTS__URL": f"https://{METADATA}/"}, {}, r"agents\.url"),
        ({"GATEPOST_AGENTS__URL": "https://[fd00:ec2::254]/"}, {}, r"agents\.url"),
        ({"GATEPOST_DELIVERY__NEXT_HOP": "0.0.0.0:25"}, {}, r"delivery\.next_hop"),
        ({"GATEPOST_DELIVERY__NEXT_HOP": "2852039166:25"}, {}, r"delivery\.next_hop"),
        ({"GATEPOST_DNS__SERVERS": f"{METADATA}:53"}, {"name_servers": (f"{METADATA}:53",)}, r"dns\.servers"),
        ({}, {"blobs": (METADATA, 80)}, r"blobs\.url"),
        ({}, {"databases": [("fe80::1", 5432)]}, r"database\.dsn"),
        ({}, {"scanners": [((METADATA, 1344), "scan.icap")]}, r"scan\.icap"),
        ({}, {"tools": [("agents.tools, x", f"https://{METADATA}/")]}, r"agents\.tools"),
    ],
)
def test_an_address_nothing_ever_connects_to_is_named_at_start(
    variables: dict[str, str], changes: dict[str, Any], setting: str
) -> None:
    with pytest.raises(SettingsError, match=setting):
        ways(load(variables), **changes)


def test_a_declared_address_nothing_ever_connects_to_is_named_at_start() -> None:
    said = DestinationSettings(purpose="webhook", to=f"{METADATA}:80")
    with pytest.raises(SettingsError, match=r"egress\.destinations: nothing may connect to 169\.254\.169\.254"):
        ways(Settings(egress=EgressSettings(destinations=(said,))))


def test_the_systems_name_servers_are_not_ours_to_refuse() -> None:
    assert ways(name_servers=("169.254.169.253:53",)).rows[0].host == "169.254.169.253"


def test_a_network_in_disguise_is_the_one_it_stands_for() -> None:
    for text, meant in (("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.1.2.3/32"), ("fd00::/8",) * 2):
        assert str(network(text, "egress.allow_private")) == meant
