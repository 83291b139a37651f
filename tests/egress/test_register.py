from ipaddress import ip_network

import pytest

from gatepost.egress import Destination, EgressRefusedError, Errand, Purpose, Register, Rule
from ways import anywhere

HOOK = Errand(Purpose.WEBHOOK, "wh_x")


def row(to: str, purpose: Purpose = Purpose.WEBHOOK, *, in_clear: bool = False, network: str = "") -> Destination:
    host, _, port = to.rpartition(":")
    networks = (ip_network(network),) if network else ()
    return Destination(purpose=purpose, host=host, port=int(port), networks=networks, is_clear=in_clear)


def refusal(register: Register, host: str, port: int, address: str, *, in_clear: bool = False) -> Rule | None:
    try:
        register.admit(HOOK, host, port, address, in_clear=in_clear)
    except EgressRefusedError as error:
        return error.rule
    return None


def test_nothing_is_open_by_itself() -> None:
    assert refusal(Register([]), "example.com", 443, "1.1.1.1") is Rule.UNDECLARED


@pytest.mark.parametrize(
    ("pattern", "host", "port", "is_covered"),
    [
        ("*:0", "anything.example", 1, True),
        ("*:25", "mx.example", 25, True),
        ("*:25", "mx.example", 26, False),
        ("hooks.example.com:443", "hooks.example.com", 443, True),
        ("hooks.example.com:443", "HOOKS.example.com.", 443, True),
        ("hooks.example.com:443", "hooks.example.com.evil.example", 443, False),
        ("*.example.com:443", "a.example.com", 443, True),
        ("*.example.com:443", "a.b.example.com", 443, True),
        ("*.example.com:443", "example.com", 443, False),
        ("*.example.com:443", ".example.com", 443, False),
        ("*.example.com:443", "evilexample.com", 443, False),
        ("9.9.9.9:53", "9.9.9.9", 53, True),
    ],
)
def test_a_row_covers_what_it_says(pattern: str, host: str, port: int, *, is_covered: bool) -> None:
    expected = None if is_covered else Rule.UNDECLARED
    assert refusal(Register([row(pattern)]), host, port, "1.1.1.1") is expected


def test_a_row_of_another_purpose_covers_nothing() -> None:
    assert refusal(Register([row("*:0", Purpose.MAIL)]), "a.example", 443, "1.1.1.1") is Rule.UNDECLARED


def test_a_private_network_named_by_one_row_is_open_to_that_row_alone() -> None:
    register = Register([row("inside.example:443", network="10.0.0.0/8"), row("*:443")])
    assert refusal(register, "inside.example", 443, "10.1.2.3") is None
    assert refusal(register, "outside.example", 443, "10.1.2.3") is Rule.PRIVATE
    assert refusal(register, "inside.example", 443, "192.168.0.1") is Rule.PRIVATE


def test_the_networks_of_the_house_are_open_to_every_row() -> None:
    register = Register(anywhere(), allow_private=[ip_network("10.0.0.0/8")])
    assert refusal(register, "a.example", 443, "10.1.2.3") is None
    assert refusal(register, "a.example", 443, "127.0.0.1") is Rule.LOOPBACK


def test_nothing_goes_unencrypted_but_to_loopback_or_by_the_operators_word() -> None:
    inside = [ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8")]
    strict = Register([row("*:80")], allow_private=inside)
    lax = Register([row("*:80", in_clear=True)], allow_private=inside)
    assert refusal(strict, "a.example", 80, "1.1.1.1", in_clear=True) is Rule.CLEAR
    assert refusal(strict, "a.example", 80, "10.0.0.1", in_clear=True) is Rule.CLEAR
    assert refusal(strict, "a.example", 80, "127.0.0.1", in_clear=True) is None
    assert refusal(lax, "a.example", 80, "1.1.1.1", in_clear=True) is None
    assert strict.admit(HOOK, "a.example", 80, "1.1.1.1").must_encrypt
    assert refusal(strict, "a.example", 80, "1.1.1.1", in_clear=True) is Rule.CLEAR  # though that one was admitted
    assert not strict.admit(HOOK, "a.example", 80, "127.0.0.1").must_encrypt


def test_what_is_another_processs_is_shown_and_refused() -> None:
    found = Register([row("*:0", Purpose.MODEL), row("*:0")], closed={Purpose.MODEL})
    assert [each.purpose for each in found.rows] == [Purpose.MODEL, Purpose.WEBHOOK]
    with pytest.raises(EgressRefusedError, match="undeclared"):
        found.admit(Errand(Purpose.MODEL), "example.com", 443, "1.1.1.1")
    assert refusal(found, "example.com", 443, "1.1.1.1") is None


def test_leave_for_one_is_none_for_another_purpose_host_port_or_address() -> None:
    register = Register([row("a.example:443")])
    assert refusal(register, "a.example", 443, "1.1.1.1") is None
    assert refusal(register, "a.example", 443, "127.0.0.1") is Rule.LOOPBACK
    assert refusal(register, "a.example", 80, "1.1.1.1") is Rule.UNDECLARED
    assert refusal(register, "b.example", 443, "1.1.1.1") is Rule.UNDECLARED
    with pytest.raises(EgressRefusedError, match=Rule.UNDECLARED.value):
        register.admit(Errand(Purpose.MODEL), "a.example", 443, "1.1.1.1")
    assert refusal(register.without({"a.example"}), "a.example", 443, "1.1.1.1") is Rule.NOT_ENGAGED


def test_a_destination_is_judged_when_it_is_written_down_by_the_row_that_covers_it() -> None:
    opened = Register([row("10.0.0.7:443", network="10.0.0.7/32")])
    opened.check_spelled(Purpose.WEBHOOK, "10.0.0.7", 443)
    for host, port, rule in (("10.0.0.7", 80, Rule.UNDECLARED), ("10.0.0.8", 443, Rule.UNDECLARED)):
        with pytest.raises(EgressRefusedError, match=rule.value):
            opened.check_spelled(Purpose.WEBHOOK, host, port)
    anywhere_ = Register(anywhere(Purpose.WEBHOOK), allow_private=[ip_network("10.1.0.0/16")])
    anywhere_.check_spelled(Purpose.WEBHOOK, "10.1.0.1", 443)
    anywhere_.check_spelled(Purpose.WEBHOOK, "inside.example", 443)
    for host, rule in (("10.2.0.1", Rule.PRIVATE), ("169.254.169.254", Rule.METADATA)):
        with pytest.raises(EgressRefusedError, match=rule.value):
            anywhere_.check_spelled(Purpose.WEBHOOK, host, 443)
