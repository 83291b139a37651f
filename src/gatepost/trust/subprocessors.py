"""Who else gets data, and where they go: derived from the suppliers, the register of ways out, and the stores. Pure.

The page's list is not a text of its own. Each row is a supplier beside what the house's register of ways out says of
its hosts, and names what is wrong with it: nothing on the page can be well while the registers disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gatepost.egress import Purpose, Register
from gatepost.trust.checks.places import NOTICE_DAYS, words_of
from gatepost.trust.operator import Operator
from gatepost.trust.registers import Store, Supplier, Transfer
from gatepost.trust.ways import Way, leads_to, ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A supplier, what its transfer rests on, and what is wrong; ``faults`` as ``subject.fact``.

    ``ways_out``: rows of the register that lead to its hosts, or serve a purpose for which the operator names it;
    none means that this house opens no connection to it.
    """

    supplier: Supplier
    transfer: Transfer | None
    ways_out: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A store and whether its declared region is among those allowed."""

    store: Store
    is_allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """The page's facts."""

    processors: tuple[Party, ...]
    makers: tuple[Party, ...]
    ways_out: tuple[Way, ...]
    stores: tuple[Resting, ...]
    allowed: tuple[str, ...]

    @property
    def faults(self) -> int:
        """How many rows have something wrong with them."""
        rows = [*self.processors, *self.makers]
        return sum(1 for each in rows if each.faults) + sum(1 for way in self.ways_out if way.fault)


def parties(operator: Operator, register: Register, today: date) -> Parties:
    """Return everybody who gets data on a day, each with what is wrong."""
    allowed = operator.place.regions_allowed
    found_ways = ways(register, words_of(operator, today))
    found = [_party(each, operator, found_ways, today) for each in operator.suppliers]
    return Parties(
        processors=tuple(each for each in found if each.supplier.processes),
        makers=tuple(each for each in found if not each.supplier.processes),
        ways_out=tuple(found_ways),
        stores=tuple(Resting(store=each, is_allowed=each.region in allowed) for each in operator.stores),
        allowed=allowed,
    )


def _party(supplier: Supplier, operator: Operator, found: Sequence[Way], today: date) -> Party:
    transfer = next((each for each in operator.transfers if each.id == supplier.transfer), None)
    ways = tuple(
        sorted({str(each.row) for each in found if each.supplier == supplier.name or leads_to(each.row, supplier)})
    )
    is_witness = all(each.row.purpose is Purpose.WITNESS for each in found if str(each.row) in ways)
    faults = []
    if supplier.processes:
        if supplier.region not in operator.place.regions_allowed:
            if transfer is None:
                faults.append("transfer.missing")
            elif transfer.until < today:
                faults.append("transfer.expired")
        if supplier.engaged_on - supplier.announced_on < timedelta(days=NOTICE_DAYS):
            faults.append("notice.short")
        if supplier.engaged_on > today and ways:
            faults.append("supplier.not_engaged_yet")
    elif ways and not is_witness:  # who cosigns the logs' heads gets nobody's data
        faults.append("supplier.reached")
    return Party(supplier=supplier, transfer=transfer, ways_out=ways, faults=tuple(faults))
