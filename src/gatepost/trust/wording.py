"""What the mail about an entry says: the same facts as the entry, in words for a person. Pure."""

from collections.abc import Mapping
from typing import Any

from gatepost.trust import notice, terms
from gatepost.trust.operator import Operator

SUPPLIERS, TEXTS = "/trust/subprocessors", "/trust/documents/"
"""Where a reader finds what a mail is about."""


def name_of(about: str, operator: Operator | None) -> str:
    """Return what people call a supplier or a document; its id where no register has it."""
    if operator is None:
        return about
    supplier, document = operator.supplier(about), operator.document(about)
    return supplier.name if supplier else document.title if document else about


def said(action: str, about: str, detail: Mapping[str, Any], operator: Operator) -> tuple[str, str, str]:
    """Return subject, text, and the path of the page it is about.

    Args:
        action: of the entry.
        about: its object: a supplier's id, or a document's.
        detail: its public part.
        operator: whose registers name suppliers and documents.
    """
    house = operator.entity.trading_name
    supplier = operator.supplier(about)
    name = name_of(about, operator)
    if action == notice.ANNOUNCED:
        text = (
            f"{name} is to process data for us.\n\n"
            f"What for: {detail['purpose']}\n"
            f"Which data: {supplier.data if supplier else 'no longer in the register'}\n"
            f"Region: {detail['region']}\n\n"
            "It is not engaged before thirty days have passed on our public log. Customers on plans that may object\n"
            f"can do so until then: POST /api/v1/notices/subprocessors/{about}/objection, or write to us.\n"
        )
        return f"{house}: a new sub-processor, {name}", text, SUPPLIERS
    if action == notice.WITHDRAWN:
        return f"{house}: {name} is withdrawn", f"{name} does not process data for us from now on.\n", SUPPLIERS
    if action == terms.ANNOUNCED:
        kind = "material" if detail["material"] else "not material"
        text = (
            f"Version {detail['version']} of “{name}” is to apply from {detail['effective_on']} on.\n"
            f"The change is {kind}, by the rule: {detail['rule']}. Reason: {detail['reason']}\n"
            f"Decided by: {detail['decided_by']}. SHA-256 of the text: {detail['sha256']}\n\n"
            f"Accept or reject it: POST /api/v1/notices/terms/{about}/decision, or write to us. Who rejects it takes\n"
            "an export along and leaves.\n"
        )
        return f"{house}: {name}, version {detail['version']}", text, f"{TEXTS}{about}"
    return f"{house}: {action}", f"{action}: {about}\n", "/trust/"
