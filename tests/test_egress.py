import pytest

from gatepost.egress import REGISTER_MAX, Egress, EgressRefusedError, Opened


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_open(address: str) -> None:
    assert Egress(allow_private=False).check_address(address) == address


PRIVATE = ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd00::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_closed_unless_allowed(address: str) -> None:
    with pytest.raises(EgressRefusedError):
        Egress(allow_private=False).check_address(address)
    assert Egress(allow_private=True).check_address(address) == address


@pytest.mark.parametrize(
    "disguised", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"]
)
def test_a_private_address_in_disguise_is_closed(disguised: str) -> None:
    with pytest.raises(EgressRefusedError):
        Egress(allow_private=False).check_address(disguised)


NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",  # noqa: S104  # an address to refuse, not to bind
    "::",
    "",
    "localhost",
    "127.1",
    "0x7f000001",
]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow", [True, False])
def test_some_addresses_are_never_open(address: str, *, allow: bool) -> None:
    with pytest.raises(EgressRefusedError):
        Egress(allow_private=allow).check_address(address)


def test_the_register_remembers_the_latest() -> None:
    egress = Egress(allow_private=False)
    for number in range(REGISTER_MAX + 1):
        egress.note("webhook", f"wh_{number}", "192.0.2.1", 443)
    assert len(egress.register) == REGISTER_MAX
    assert egress.register[-1] == Opened("webhook", f"wh_{REGISTER_MAX}", "192.0.2.1", 443)
