"""What an operator's folder still says in the name of the example it was copied from. Pure.

``.example`` and ``.test`` are nobody's (RFC 2606, section 2): whoever exists has no address or site there.
"""

import re
from collections.abc import Iterator

from gatepost.trust.operator import Operator

EXAMPLE = "Lanternpost"
"""Who the example operator is; a folder that says it is that company may say so everywhere."""

_INVENTED = (
    EXAMPLE,
    "SC000017",
    "ZX000017",
    "Invented Wynd",
    "Tollhouse Payments",
    "Crag Hosting",
    "Wayfinder DNS",
    "Sounding Models",
    "Polder Storage",
)
_NOBODYS = r"(?<![\w.*@-])[\w.*@-]+\.(?:example|test)\b(?!\.\w|-)"
_BORROWED = re.compile(rf"{_NOBODYS}|\b(?:{'|'.join(_INVENTED)})\b", re.IGNORECASE)


def borrowed(operator: Operator) -> Iterator[str]:
    """Yield one sentence for each place in which the example still speaks for another company."""
    if EXAMPLE in operator.entity.name:
        return
    for where, text in _said(operator):
        found = _BORROWED.search(text)
        if found:
            yield f"{where}: {found[0]!r} is the example's; put your own in its place"


def _said(operator: Operator) -> Iterator[tuple[str, str]]:
    entity, place, disclosure = operator.entity, operator.place, operator.disclosure
    yield "operator.toml: entity", f"{entity.trading_name} {entity.number} {entity.postal_address} {entity.site}"
    yield "operator.toml: place", f"{place.host} {place.volumes}"
    for registration in operator.registrations:
        yield f"registration {registration.id}", registration.number
    yield "disclosure.toml", " ".join((*disclosure.scope, *disclosure.assets))
    for contact in operator.contacts:
        yield f"contacts.toml: {contact.role}", contact.address
    for responder in operator.responders:
        yield f"oncall.toml: {responder.ref}", responder.address
    for claim in operator.claims:
        yield f"claim {claim.id}", f"{claim.text} {claim.not_applicable} {claim.absent}"
    for supplier in operator.suppliers:
        yield f"supplier {supplier.id}", f"{supplier.name} {supplier.purpose} {' '.join(supplier.hosts)}"
    for transfer in operator.transfers:
        yield f"transfer {transfer.id}", transfer.document
    for statement in operator.statements:
        yield f"statement {statement.id}", statement.text
    for name in sorted({each.file for each in operator.documents}):
        for number, line in enumerate(operator.texts[name].splitlines(), 1):
            yield f"{name}:{number}", line
