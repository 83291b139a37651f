"""What looks for patterns here: Hyperscan, or RE2 alone, which finds the same in more time."""

from gatepost.app.doctor.finding import Finding, ok
from gatepost.mail.ends import ENGINE


def look() -> Finding:
    """Return which of them this process uses; either is well."""
    if ENGINE == "Hyperscan":
        return ok("scan.engine", "Hyperscan looks for patterns")
    return ok("scan.engine", "RE2 looks for patterns, as there is no Hyperscan: the same is found, in more CPU")
