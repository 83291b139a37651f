"""``/.well-known/security.txt`` from the disclosure register (RFC 9116). Pure."""

from datetime import datetime, timedelta

from gatepost.trust.checks.places import end_of
from gatepost.trust.leaf import instant
from gatepost.trust.operator import Operator

AHEAD_MAX = timedelta(days=364)
"""RFC 9116 section 2.5.5 advises less than a year."""
PATH = "/.well-known/security.txt"


def written(operator: Operator, now: datetime, base: str) -> str | None:
    """Return the file, or None where nobody is named who would read a report, or the commitment is over.

    Args:
        operator: whose contacts and disclosure commitments it tells.
        now: aware; the file never says that it holds for a year or more from here.
        base: our URL without a final slash; what the file says of places of ours needs https (section 2.5) and is
            left out where this is none.
    """
    disclosure = operator.disclosure
    until = min(end_of(disclosure.expires_on), now + AHEAD_MAX)
    addresses = [each.address for each in operator.contacts if each.role == disclosure.contact_role]
    if not addresses or until <= now:
        return None
    fields = [("Contact", f"mailto:{address}") for address in addresses]
    fields.append(("Expires", instant(until)))
    if disclosure.languages:
        fields.append(("Preferred-Languages", ", ".join(disclosure.languages)))
    if base.startswith("https://"):
        fields.append(("Canonical", f"{base}{PATH}"))
        fields.append(("Policy", f"{base}/trust/documents/{disclosure.policy}"))
        fields.append(("CSAF", f"{base}/.well-known/csaf/provider-metadata.json"))
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields)
