from dataclasses import fields
from ipaddress import ip_address

from gatepost.arrive.limits import Admissions, Limits, Patience

HERE = ip_address("192.0.2.1")


def test_every_limit_is_documented() -> None:
    assert all(field.metadata.get("doc") for field in fields(Limits))


def test_an_address_has_only_so_many_places() -> None:
    admissions = Admissions(Limits(connections_per_address_max=2))
    assert [admissions.admit(HERE) for _ in range(3)] == [True, True, False]
    admissions.leave(HERE)
    assert admissions.admit(HERE)
    assert admissions.admit(ip_address("192.0.2.2"))


def test_the_house_has_only_so_many_places() -> None:
    admissions = Admissions(Limits(connections_max=2))
    assert [admissions.admit(ip_address(f"192.0.2.{host}")) for host in range(3)] == [True, True, False]
    admissions.leave(HERE)
    assert admissions.admit(HERE)


def test_one_ipv6_household_is_one_client() -> None:
    admissions = Admissions(Limits(connections_per_address_max=1))
    assert admissions.admit(ip_address("2001:db8::1"))
    assert not admissions.admit(ip_address("2001:db8::ffff"))
    assert admissions.admit(ip_address("2001:db8:0:1::1"))
    admissions.leave(ip_address("2001:db8::1"))
    assert admissions.admit(ip_address("2001:db8::2"))


def test_nobody_is_remembered_after_leaving() -> None:
    admissions = Admissions(Limits())
    for host in range(1, 200):
        address = ip_address(f"192.0.2.{host}")
        assert admissions.admit(address)
        admissions.leave(address)
    assert not admissions._inside


def test_those_turned_away_are_not_remembered_either() -> None:
    admissions = Admissions(Limits(connections_max=0))
    for host in range(1, 200):
        assert not admissions.admit(ip_address(f"192.0.2.{host}"))
    assert not admissions._inside


def test_patience_ends_and_is_renewed() -> None:
    patience = Patience(Limits(errors_max=2, idle_commands_max=2, transactions_max=2))
    assert [patience.error(), patience.error()] == [False, True]
    assert [patience.idle_command(), patience.idle_command()] == [False, True]
    patience.renew()
    assert not patience.error()
    assert not patience.idle_command()
    assert [patience.transaction() for _ in range(3)] == [False, False, True]


def test_places_are_short_where_fewer_than_a_tenth_are_free() -> None:
    admissions = Admissions(Limits(connections_max=20))
    for number in range(20):
        assert not admissions.is_full
        assert admissions.places_short == max(0, number - 18)
        assert admissions.admit(ip_address(f"192.0.2.{number}"))
    assert admissions.is_full
    assert admissions.places_short == 2
