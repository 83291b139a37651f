"""What the mail about an entry says: the same facts as the entry, in words for a person. Pure."""

from collections.abc import Mapping
from typing import Any

from gatepost.trust import notice, terms
from gatepost.trust.operator import Operator


def said(action: str, about: str, detail: Mapping[str, Any], operator: Operator) -> tuple[str, str]:
    """Return subject and text.

    Args:
        action: of the entry.
        about: its object: a supplier's id, or a document's.
        detail: its public part.
        operator: whose registers name suppliers and documents.
    """
    house = operator.entity.trading_name
    supplier = next((each for each in operator.suppliers if each.id == about), None)
    name = supplier.name if supplier else about
    if action == notice.ANNOUNCED:
        text = (
            f"{name} is to process data for us: {detail['purpose']}. Region: {detail['region']}.\n"
            f"{supplier.data if supplier else ''}\n\n"
            "It is not engaged before thirty days have passed on our public log. Customers on plans that may object\n"
            f"can do so until then: POST /api/v1/notices/subprocessors/{about}/objection, or write to us.\n"
        )
        return f"{house}: a new sub-processor, {name}", text
    if action == notice.WITHDRAWN:
        return f"{house}: {name} is withdrawn", f"{name} does not process data for us from now on.\n"
    if action == terms.ANNOUNCED:
        kind = "material" if detail["material"] else "not material"
        text = (
            f"Version {detail['version']} of {about!r} is to apply from {detail['effective_on']} on.\n"
            f"The change is {kind}, by the rule: {detail['rule']}. Reason: {detail['reason']}\n"
            f"Decided by: {detail['decided_by']}. SHA-256 of the text: {detail['sha256']}\n\n"
            f"Accept or reject it: POST /api/v1/notices/terms/{about}/decision, or write to us. Who rejects it takes\n"
            "an export along and leaves.\n"
        )
        return f"{house}: {about}, version {detail['version']}", text
    return f"{house}: {action}", f"{action}: {about}\n"
