"""Every way out of the house, where it leads and what that rests on: the register beside the operator's word. Pure.

A row of the settings says region and mechanism itself. What a purpose implies (``is_built_in``: any recipient's mail
server, the model's endpoint) cannot, so the operator's ``[[ways_out]]`` says it for the purpose. Whoever is reached
has a name: a supplier's, or each customer's own choice, or the operator's for a machine of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from gatepost.egress import Destination, EgressRefusedError, Purpose, Register
from gatepost.egress.addresses import is_loopback
from gatepost.egress.paper import ANY_HOST, UNDECLARED
from gatepost.trust.registers import Supplier, Transfer

OPEN, PRIVATE, BARE, UNTRANSFERRED = "egress.open", "egress.private", "egress.undeclared", "egress.no_transfer"
UNNAMED = "egress.unnamed"
NAMED_BY_CUSTOMERS = frozenset({Purpose.MAIL, Purpose.WEBHOOK, Purpose.EXPORT})
"""Purposes whose destinations a customer names: a recipient, an endpoint, a SIEM. No other may be open to any host."""
_STRANGER = "unlisted.invalid"  # RFC 6761: nobody's name, so no register can mean it
_STRANGER_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """``[[ways_out]]`` of residency.toml: what the operator declares of all destinations of one purpose.

    Attributes:
        purpose: as docs/egress.md names it.
        region: where the data go; words where each customer decides.
        mechanism: what the transfer rests on.
        supplier: the id of whoever is reached; empty for none of ours.
        by_customers: each destination is one that a customer named.
        own: a machine of the operator itself, at nobody else's.
        hosts: of rows of the settings for which this says who is reached too, as these rows spell them.
    """

    purpose: str
    region: str
    mechanism: str
    owner: str
    supplier: str = ""
    by_customers: bool = False
    own: bool = False
    hosts: tuple[str, ...] = ()

    def speaks_for(self, row: Destination) -> bool:
        """Tell whether this says who is reached by a row."""
        is_meant = row.host.lower() in {host.lower() for host in self.hosts}
        return self.purpose == row.purpose.value and (is_meant or row.is_built_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A row of the register as it is shown; ``fault`` is ``subject.fact``, empty where nothing is wrong.

    Attributes:
        supplier: the name of whoever is reached; empty for none of ours.
        reaches: the same in words, also of what customers name and of the operator's own machines.
    """

    row: Destination
    region: str
    mechanism: str
    supplier: str
    reaches: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the operator declares, and the day on which it is read."""

    ways: Sequence[WayOut]
    suppliers: Sequence[Supplier]
    transfers: Sequence[Transfer]
    allowed: frozenset[str]
    today: date


def ways(register: Register, words: Words) -> list[Way]:
    """Return each row that leads out of this machine, but for the house's own doors."""
    rows = [row for row in register.rows if row.purpose is not Purpose.PROBE and not is_here(row.host)]
    return [_way(row, words) for row in rows]


def widened(register: Register, words: Words) -> list[str]:
    """Return the purposes for which any host is open, though no customer names them; and networks that are ours."""
    free = {each.purpose for each in words.ways if each.by_customers and each.purpose in NAMED_BY_CUSTOMERS}
    found = [purpose.value for purpose in Purpose if _opened_by_us(register, purpose, free)]
    return found + [str(each) for each in register.allow_private if not each.is_loopback]


def _opened_by_us(register: Register, purpose: Purpose, free: Iterable[str]) -> bool:
    try:
        row = register.find(purpose, _STRANGER, _STRANGER_PORT)
    except EgressRefusedError:
        return any(row.purpose is purpose and row.host == ANY_HOST and not row.is_built_in for row in register.rows)
    return not row.is_built_in or purpose.value not in free


def _way(row: Destination, words: Words) -> Way:
    said = next((each for each in words.ways if each.speaks_for(row)), None)
    region, mechanism = (said.region, said.mechanism) if said and row.is_built_in else (row.region, row.mechanism)
    named = said.supplier if said else ""
    found = next((each for each in words.suppliers if each.id == named or leads_to(row, each)), None)
    fault = ""
    if UNDECLARED in {region, mechanism}:
        fault = BARE
    elif region not in words.allowed and not (said and said.by_customers) and not _is_transferred(found, words):
        fault = UNTRANSFERRED
    reaches = found.name if found else _reached(row, said)
    fault = fault or ("" if reaches else UNNAMED)
    supplier = found.name if found else ""
    return Way(row=row, region=region, mechanism=mechanism, supplier=supplier, reaches=reaches, fault=fault)


def _reached(row: Destination, said: WayOut | None) -> str:
    """Return who is reached where it is no supplier; empty where nobody says so."""
    if said is not None and said.by_customers and row.purpose in NAMED_BY_CUSTOMERS:
        return "named by each customer"
    return "a machine of our own" if said is not None and said.own else ""


def _is_transferred(supplier: Supplier | None, words: Words) -> bool:
    """Tell whether an instrument in force covers what goes to a supplier."""
    wanted = supplier.transfer if supplier and supplier.processes else ""
    return any(each.id == wanted and each.until >= words.today for each in words.transfers)


def leads_to(row: Destination, supplier: Supplier) -> bool:
    """Tell whether a row was written for one of a supplier's hosts; one for any host was written for nobody."""
    name = row.host.lower()
    if name == ANY_HOST:
        return False
    hosts = [host.lower() for host in supplier.hosts]
    return name in hosts or (name.startswith("*.") and any(host.endswith(name[1:]) for host in hosts))


def is_here(host: str) -> bool:
    """Tell whether a host is this very machine."""
    return host == "localhost" or is_loopback(host.strip("[]"))
