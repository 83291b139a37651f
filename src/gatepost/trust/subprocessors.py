"""Who else gets data, and where they go: derived from the suppliers, the register of ways out, and the stores. Pure.

The page's list is not a text of its own. Each row is a supplier beside what the house's register of ways out says of
its hosts, and names what is wrong with it: nothing on the page can be well while the registers disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gatepost.egress import Destination, Register
from gatepost.egress.addresses import is_loopback
from gatepost.egress.paper import ANY_HOST, UNDECLARED, Purpose
from gatepost.trust.checks.places import NOTICE_DAYS
from gatepost.trust.operator import Operator
from gatepost.trust.registers import Store, Supplier, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A supplier, what its transfer rests on, and what is wrong; ``faults`` as ``subject.fact``.

    ``ways_out``: rows of the register that lead to its hosts; none means that this house opens no connection to it.
    """

    supplier: Supplier
    transfer: Transfer | None
    ways_out: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """A row of the register of ways out, and whose hosts it reaches; ``fault`` is empty where nothing is wrong."""

    row: Destination
    supplier: str
    fault: str


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
    ways_out: tuple[WayOut, ...]
    stores: tuple[Resting, ...]
    allowed: tuple[str, ...]

    @property
    def faults(self) -> int:
        """How many rows have something wrong with them."""
        rows = [*self.processors, *self.makers]
        return sum(1 for each in rows if each.faults) + sum(1 for way in self.ways_out if way.fault)


def parties(operator: Operator, register: Register, today: date) -> Parties:
    """Return everybody who gets data on a day, each with what is wrong."""
    rows = [row for row in register.rows if row.purpose is not Purpose.PROBE and not _is_here(row.host)]
    allowed = operator.place.regions_allowed
    found = [_party(each, operator, rows, today) for each in operator.suppliers]
    return Parties(
        processors=tuple(each for each in found if each.supplier.processes),
        makers=tuple(each for each in found if not each.supplier.processes),
        ways_out=tuple(_way_out(row, operator.suppliers) for row in rows),
        stores=tuple(Resting(store=each, is_allowed=each.region in allowed) for each in operator.stores),
        allowed=allowed,
    )


def _party(supplier: Supplier, operator: Operator, rows: Sequence[Destination], today: date) -> Party:
    transfer = next((each for each in operator.transfers if each.id == supplier.transfer), None)
    ways = tuple(sorted({str(row) for row in rows if _leads_to(row, supplier)}))
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
    elif ways:
        faults.append("supplier.reached")
    return Party(supplier=supplier, transfer=transfer, ways_out=ways, faults=tuple(faults))


def _way_out(row: Destination, suppliers: Sequence[Supplier]) -> WayOut:
    owner = next((each.name for each in suppliers if _leads_to(row, each)), "")
    is_bare = UNDECLARED in {row.region, row.mechanism}
    return WayOut(row=row, supplier=owner, fault="egress.undeclared" if is_bare else "")


def _leads_to(row: Destination, supplier: Supplier) -> bool:
    """Tell whether a row was written for one of a supplier's hosts; one for any host was written for nobody."""
    name = row.host.lower()
    if name == ANY_HOST:
        return False
    hosts = [host.lower() for host in supplier.hosts]
    return name in hosts or (name.startswith("*.") and any(host.endswith(name[1:]) for host in hosts))


def _is_here(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
