"""The public suffix list's own test cases, over the list the house carries."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import suffix
from gatepost.mail.address import AddressError, normalise_domain
from suites.case import Case, expect, rows


def read(folder: Path) -> Iterator[Case]:
    """Yield the cases of every JSON Lines file."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            yield Case(str(row["domain"]), partial(_check, row))


async def _check(case: dict[str, Any]) -> None:
    wanted = case["registrable"]
    try:
        domain = normalise_domain(case["domain"] or "")
    except AddressError:
        found = None  # no name: nothing of ours ever asks for it
    else:
        found = suffix.registrable(domain)
    expect(found, None if wanted is None else normalise_domain(wanted), "the registrable domain")
