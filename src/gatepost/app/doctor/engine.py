"""What judges mail here: Hyperscan, or RE2 alone, which finds the same in more time; and on how many cores."""

import os

from gatepost.app.doctor.finding import Finding, Level, ok
from gatepost.mail.ends import ENGINE


def look() -> Finding:
    """Return which of them this process uses; either is well."""
    if ENGINE == "Hyperscan":
        return ok("scan.engine", "Hyperscan looks for patterns")
    return ok("scan.engine", "RE2 looks for patterns, as there is no Hyperscan: the same is found, in more CPU")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def look_at_cores(workers: int, cores: int) -> Finding:
    """Return whether mail uses the machine's cores; one process is well for most houses, so this is a hint at most."""
    check = "smtp.workers"
    if workers > 1:
        return ok(check, f"{workers} processes take mail; this machine has {cores} cores")
    if cores == 1:
        return ok(check, "one process takes mail, and this machine has one core")
    said = f"one process takes mail, and this machine has {cores} cores"
    return Finding(check, Level.OK, said, "for more than some 1,000 mails a second raise smtp.workers: docs/running.md")
