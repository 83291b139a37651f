"""Rows of the register beside what the operator says of them."""

from dataclasses import replace
from datetime import date
from ipaddress import ip_network

from gatepost.egress import Destination, Purpose, Register
from gatepost.trust import read_operator
from gatepost.trust.ways import WayOut, Words, ways, widened
from trust.scene import EXAMPLE

TODAY = date(2026, 11, 21)
OPERATOR = read_operator(EXAMPLE)
WORDS = Words(
    ways=OPERATOR.ways_out,
    suppliers=OPERATOR.suppliers,
    transfers=OPERATOR.transfers,
    allowed=frozenset(OPERATOR.place.regions_allowed),
    today=TODAY,
)
MAIL = Destination(purpose=Purpose.MAIL, host="*", port=25, is_built_in=True)
MODEL = Destination(purpose=Purpose.MODEL, host="model.test", port=443, is_built_in=True)


def faults(*rows: Destination, words: Words = WORDS) -> list[str]:
    return [each.fault for each in ways(Register(rows), words)]


def test_what_a_purpose_implies_is_declared_for_the_purpose_and_a_row_of_the_settings_by_itself() -> None:
    assert faults(MAIL, MODEL) == ["", ""]
    assert faults(replace(MAIL, is_built_in=False)) == ["egress.undeclared"]
    assert faults(MAIL, words=replace(WORDS, ways=())) == ["egress.undeclared"]
    (shown,) = ways(Register([MODEL]), WORDS)
    assert (shown.region, shown.supplier) == ("US", "Sounding Models")


def test_what_leads_abroad_needs_a_supplier_whose_transfer_is_in_force() -> None:
    late = [replace(each, until=date(2026, 11, 20)) for each in WORDS.transfers]
    assert faults(MODEL, words=replace(WORDS, transfers=late)) == ["egress.no_transfer"]
    own = replace(MODEL, is_built_in=False, region="US", mechanism="clauses")
    assert faults(own) == ["egress.no_transfer"]
    known = [replace(each, hosts=("model.test",)) if each.id == "model" else each for each in WORDS.suppliers]
    assert faults(own, words=replace(WORDS, suppliers=known)) == [""]


def test_whoever_is_reached_has_a_name() -> None:
    """A relay, a bucket, an endpoint in an allowed region, that no supplier's row names."""
    inside = replace(MODEL, is_built_in=False, region="NL", mechanism="none needed")
    assert faults(inside) == ["egress.unnamed"]
    known = [replace(each, hosts=("model.test",)) if each.id == "model" else each for each in WORDS.suppliers]
    assert faults(inside, words=replace(WORDS, suppliers=known)) == [""]
    relay = Destination(purpose=Purpose.RELAY, host="relay.test", port=25, is_built_in=True)
    said = WayOut(purpose="relay", region="GB", mechanism="none needed", owner="one")
    assert faults(relay, words=replace(WORDS, ways=(said,))) == ["egress.unnamed"]
    for named in (replace(said, supplier="hosting"), replace(said, own=True)):
        assert faults(relay, words=replace(WORDS, ways=(named,))) == [""]
    assert faults(relay, words=replace(WORDS, ways=(replace(said, by_customers=True),))) == ["egress.unnamed"]


def test_a_webhook_host_of_the_settings_is_no_customer_s_choice_unless_it_is_said_to_be() -> None:
    hook = Destination(purpose=Purpose.WEBHOOK, host="*.vendor.test", port=443, region="GB", mechanism="none needed")
    assert faults(hook) == ["egress.unnamed"]
    said = WayOut(
        purpose="webhook", region="GB", mechanism="none", owner="one", by_customers=True, hosts=("*.VENDOR.test",)
    )
    (shown,) = ways(Register([hook]), replace(WORDS, ways=(said,)))
    assert (shown.fault, shown.reaches) == ("", "named by each customer")
    assert faults(replace(hook, host="*.other.test"), words=replace(WORDS, ways=(said,))) == ["egress.unnamed"]


def test_this_machine_and_the_house_s_own_doors_are_no_ways_out() -> None:
    here = Destination(purpose=Purpose.DATABASE, host="127.0.0.1", port=5432)
    assert faults(here, replace(here, purpose=Purpose.PROBE, host="mail.house.test")) == []


def test_any_host_is_open_only_where_customers_name_each_and_nobody_widened_it() -> None:
    hook = Destination(purpose=Purpose.WEBHOOK, host="*", port=0, is_built_in=True)
    assert widened(Register([MAIL, hook]), WORDS) == []
    assert widened(Register([hook]), replace(WORDS, ways=())) == ["webhook"]
    assert widened(Register([replace(hook, is_built_in=False)]), WORDS) == ["webhook"]
    assert widened(Register([replace(MAIL, is_built_in=False)]), WORDS) == ["mail"]
    said = WayOut(purpose="blobs", region="GB", mechanism="none", owner="one", by_customers=True)
    anywhere = Destination(purpose=Purpose.BLOBS, host="*", port=0, is_built_in=True)
    assert widened(Register([anywhere]), replace(WORDS, ways=(said,))) == ["blobs"]


def test_a_network_of_our_own_that_strangers_may_lead_to_widens_it() -> None:
    loopback, inside = ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16")
    assert widened(Register([MAIL], allow_private=[loopback, inside]), WORDS) == ["10.1.0.0/16"]
