from ipaddress import ip_network

import pytest

from gatepost.app import crowd
from gatepost.app.crowd import Crowd


class Client:
    """A connection that has kept us waiting since then; None: it waits for us."""

    def __init__(self, waiting_since: float | None = None) -> None:
        self.waiting_since = waiting_since
        self.is_up = True

    def hang_up(self) -> None:
        self.is_up = False


def test_an_address_over_its_share_ends_its_own_that_waited_longest() -> None:
    met = Crowd(3)
    busy, later, longest, other = Client(), Client(7.0), Client(5.0), Client(1.0)
    assert met.enter(other, "192.0.2.2")
    assert all(met.enter(each, "192.0.2.1") for each in (busy, later, longest))
    assert met.enter(Client(9.0), "192.0.2.1")
    assert [each.is_up for each in (busy, later, longest, other)] == [True, True, False, True]
    assert met.share("192.0.2.1") == 3


def test_an_address_whose_connections_all_wait_for_us_gets_no_further_one() -> None:
    met = Crowd(2)
    busy = [Client(), Client()]
    assert all(met.enter(each, "192.0.2.1") for each in busy)
    assert not met.enter(Client(), "192.0.2.1")
    assert met.enter(Client(), "192.0.2.2")
    met.leave(busy[0])
    met.leave(busy[0])  # its end is heard of once more
    assert met.enter(Client(), "192.0.2.1")
    assert all(each.is_up for each in busy)


def test_an_ipv6_network_is_one_client_and_a_mapped_address_is_ipv4() -> None:
    met = Crowd(1)
    assert met.enter(Client(), "2001:db8::1")
    assert not met.enter(Client(), "2001:db8::ffff:2")
    assert met.enter(Client(), "2001:db8:0:1::1")
    assert met.enter(Client(), "192.0.2.1")
    assert not met.enter(Client(), "::ffff:192.0.2.1")


def test_a_proxy_brings_as_many_as_it_has_and_no_share_of_its_own() -> None:
    met = Crowd(1, [ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
    for address in ("10.1.1.1", "10.1.1.1", "fd00::1", "fd00::1"):
        assert met.enter(Client(), address)
        assert met.share(address) == 0


def test_of_handshakes_the_address_with_most_ends_the_one_it_began_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "HANDSHAKES_MAX", 4)
    met = Crowd(100)
    honest, done, crowded = Client(1.0), Client(1.5), [Client(float(number)) for number in range(2, 6)]
    assert met.enter(honest, "192.0.2.2")
    assert met.enter(done, "192.0.2.1")
    met.let_in(done)
    assert all(met.enter(each, "192.0.2.1") for each in crowded)
    assert [each.is_up for each in (honest, done, *crowded)] == [True, True, False, True, True, True]
    met.disperse()
    assert [each.is_up for each in (honest, done, *crowded)] == [False, True, False, False, False, False]
