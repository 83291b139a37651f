from dataclasses import replace
from datetime import date, timedelta

from gatepost.egress import Destination, Purpose, Register
from gatepost.trust import Operator, read_operator
from gatepost.trust.subprocessors import parties
from trust.scene import EXAMPLE

TODAY = date(2026, 11, 21)
MODEL = Destination(
    purpose=Purpose.MODEL, host="model.test", port=443, region="US", mechanism="clauses", decided_by="privacy lead"
)


def changed(name: str, **values: object) -> Operator:
    """Return the example operator with one supplier changed."""
    operator = read_operator(EXAMPLE)
    rows = [replace(each, **values) if each.id == name else each for each in operator.suppliers]  # type: ignore[arg-type]  # the row's own fields
    return replace(operator, suppliers=tuple(rows))


def faults(operator: Operator, *rows: Destination) -> dict[str, tuple[str, ...]]:
    found = parties(operator, Register(rows), TODAY)
    return {each.supplier.id: each.faults for each in (*found.processors, *found.makers) if each.faults}


def test_the_example_is_well() -> None:
    assert faults(read_operator(EXAMPLE)) == {}


def test_a_processor_without_mechanism_or_notice_fails() -> None:
    assert faults(changed("model", transfer="")) == {"model": ("transfer.missing",)}
    for days, wanted in ((29, {"model": ("notice.short",)}), (30, {})):
        assert faults(changed("model", announced_on=TODAY - timedelta(days=days), engaged_on=TODAY)) == wanted


def test_an_expired_mechanism_fails() -> None:
    operator = read_operator(EXAMPLE)
    gone = replace(
        operator, transfers=tuple(replace(each, until=TODAY - timedelta(days=1)) for each in operator.transfers)
    )
    assert faults(gone) == {"names": ("transfer.expired",), "model": ("transfer.expired",)}


def test_a_way_out_to_one_not_engaged_yet_or_to_a_maker_of_software_fails() -> None:
    later = changed("model", engaged_on=TODAY + timedelta(days=1), hosts=("MODEL.test",))
    assert faults(later, MODEL) == {"model": ("supplier.not_engaged_yet",)}
    assert faults(later) == {}
    assert faults(changed("mail-software", hosts=("model.test",)), MODEL) == {"mail-software": ("supplier.reached",)}


def test_each_way_out_is_shown_with_its_supplier_and_what_it_rests_on() -> None:
    bare = Destination(purpose=Purpose.MODEL, host="*.bare.test", port=443)
    own = Destination(purpose=Purpose.PROBE, host="127.0.0.1", port=0)
    found = parties(changed("model", hosts=("model.test",)), Register([MODEL, bare, own]), TODAY)
    assert [(str(each.row), each.supplier, each.fault) for each in found.ways_out] == [
        ("model.test:443", "Sounding Models", ""),
        ("*.bare.test:443", "", "egress.undeclared"),
    ]
    assert found.faults == 1


def test_who_witnesses_the_logs_gets_no_data_and_may_be_reached() -> None:
    operator = changed("mail-software", hosts=("witness.test",))
    row = Destination(purpose=Purpose.WITNESS, host="witness.test", port=443, region="GB", mechanism="none needed")
    assert faults(operator, row) == {}
    assert faults(operator, row, replace(row, purpose=Purpose.TOOL)) == {"mail-software": ("supplier.reached",)}


def test_a_store_outside_the_allowed_regions_shows() -> None:
    operator = read_operator(EXAMPLE)
    moved = replace(operator, stores=tuple(replace(each, region="US") for each in operator.stores))
    assert not any(each.is_allowed for each in parties(moved, Register([]), TODAY).stores)


def test_a_processor_shows_the_ways_out_of_the_purpose_it_is_named_for() -> None:
    operator = read_operator(EXAMPLE)
    built_in = replace(MODEL, host="any.test", is_built_in=True)
    found = parties(operator, Register([built_in]), TODAY)
    shown = {each.supplier.id: each.ways_out for each in found.processors}
    assert shown["model"] == (str(built_in),)
    assert shown["backups"] == ()
    assert {way.supplier for way in found.ways_out} == {"Sounding Models"}
