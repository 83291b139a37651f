import pytest

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.route import ADDRESSES_MAX, HOSTS_MAX, Hop, find_hops, ways_of
from gatepost.deliver.silence import WAITED_S, Silences
from gatepost.dns import RdType, Status
from gatepost.egress import NextHop
from outbound import Zone


async def _hosts(zone: Zone, domain: str = "example.org", seed: str = "s") -> list[str]:
    hops = await find_hops(domain, zone, None, seed=seed)
    assert not isinstance(hops, Attempt)
    return [hop.host for hop in hops]


async def _failure(zone: Zone) -> tuple[AttemptResult, str]:
    made = await find_hops("example.org", zone, None, seed="s")
    assert isinstance(made, Attempt)
    return made.result, made.reason


async def test_a_configured_relay_takes_everything() -> None:
    hops = await find_hops("example.org", Zone({}), NextHop("relay.test", 2526), seed="s")
    assert hops == (Hop("relay.test", (), 2526, is_configured=True),)


async def test_the_lower_preference_comes_first() -> None:
    zone = Zone(
        {
            ("example.org", RdType.MX): ["20 b.example", "10 a.example"],
            ("a.example", RdType.A): ["192.0.2.1"],
            ("b.example", RdType.A): ["192.0.2.2"],
        }
    )
    assert await _hosts(zone) == ["a.example", "b.example"]


async def test_equal_preferences_share_the_load() -> None:
    names = [f"{letter}.example" for letter in "abcd"]
    zone = Zone(
        {
            ("example.org", RdType.MX): [f"10 {name}" for name in names],
            **{(name, RdType.A): ["192.0.2.1"] for name in names},
        }
    )
    firsts = {(await _hosts(zone, seed=str(attempt)))[0] for attempt in range(40)}
    assert firsts == set(names)


async def test_without_mx_the_domain_itself_is_the_host() -> None:
    assert await _hosts(Zone({("example.org", RdType.A): ["192.0.2.1"]})) == ["example.org"]


async def test_an_address_literal_needs_no_dns() -> None:
    assert await find_hops("[ipv6:2001:db8::1]", Zone({}), None, seed="s") == (
        Hop("[ipv6:2001:db8::1]", ("2001:db8::1",)),
    )


@pytest.mark.parametrize("null_mx", ["0 .", "0 "])
async def test_a_null_mx_is_a_final_no(null_mx: str) -> None:
    zone = Zone({("example.org", RdType.MX): [null_mx], ("example.org", RdType.A): ["192.0.2.1"]})
    assert await _failure(zone) == (AttemptResult.FAILED, "route.null_mx")


async def test_no_such_domain_is_a_final_no() -> None:
    assert await _failure(Zone({})) == (AttemptResult.FAILED, "route.no_domain")


async def test_an_mx_without_address_is_a_final_no() -> None:
    zone = Zone({("example.org", RdType.MX): ["10 mx.example"]})
    assert await _failure(zone) == (AttemptResult.FAILED, "route.no_address")


async def test_silent_dns_is_asked_again_later() -> None:
    assert await _failure(Zone({("example.org", RdType.MX): Status.TEMPERROR})) == (
        AttemptResult.DEFERRED,
        "route.dns_failed",
    )
    zone = Zone({("example.org", RdType.MX): ["10 mx.example"], ("mx.example", RdType.A): Status.TEMPERROR})
    assert await _failure(zone) == (AttemptResult.DEFERRED, "route.dns_failed")


async def test_a_hundred_hosts_are_not_all_tried() -> None:
    zone = Zone(
        {
            ("example.org", RdType.MX): [f"{n} mx{n}.example" for n in range(100)],
            **{(f"mx{n}.example", RdType.A): ["192.0.2.1"] for n in range(100)},
        }
    )
    assert len(await _hosts(zone)) == HOSTS_MAX


async def test_nonsense_in_an_mx_record_is_passed_over() -> None:
    zone = Zone(
        {
            ("example.org", RdType.MX): ["ten mx.example", "10 good.example", "\u0661 x.example"],
            ("good.example", RdType.AAAA): ["2001:db8::1"],
        }
    )
    assert await _hosts(zone) == ["good.example"]


async def test_many_addresses_of_one_family_leave_room_for_the_other() -> None:
    sixes = [f"2001:db8::{number}" for number in range(1, 9)]
    zone = Zone({("example.org", RdType.AAAA): sixes, ("example.org", RdType.A): ["192.0.2.1"]})
    hops = await find_hops("example.org", zone, None, seed="s")
    assert not isinstance(hops, Attempt)
    assert [address for _, address in ways_of(hops, Silences())] == ["2001:db8::1", "192.0.2.1", "2001:db8::2"]


def test_a_host_of_many_addresses_leaves_the_next_one_its_turn_and_the_silent_come_last() -> None:
    silences = Silences()
    silent = Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.too_slow")
    one = Hop("a.example", tuple(f"192.0.2.{number}" for number in range(1, 6)))
    other = Hop("b.example", ("192.0.2.99",))
    assert [way[1] for way in ways_of([one, other], silences)] == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.99"]
    assert len(ways_of([one], silences)) == ADDRESSES_MAX
    for number in (1, 2, 3):
        silences.note(f"192.0.2.{number}", silent, waited_s=WAITED_S)
    again = [way[1] for way in ways_of([one, other], silences)]
    assert again == ["192.0.2.4", "192.0.2.5", "192.0.2.99", "192.0.2.1"]


def test_a_relay_is_tried_where_egress_finds_it() -> None:
    relay = Hop("relay.test", (), 2526, is_configured=True)
    assert ways_of([relay], Silences()) == [(relay, None)]
