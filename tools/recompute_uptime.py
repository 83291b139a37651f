"""Compute the status page's uptime again from the public trust log, with nothing of the program that wrote it.

    python recompute_uptime.py LOG_DIR [--days N] [--until DATE] [--against uptime.json]

LOG_DIR is what ``gatepost log export --tenant trust`` writes, or any folder with a ``checkpoint`` and ``tile/entries``
(C2SP tlog-tiles); see that it is sound with ``verify_log.py`` first. Each hour is one entry, ``status.measured``: how
many round trips were made through each part and how many came back. A part's uptime is the second over the first, for
the days from DATE back (today in UTC where it is not said). Printed beside it: how many probes there were of those that
the stated cadence promises from the first hour on, for what was not measured is no uptime.

Exit 0: computed, and the same as ``--against``. Exit 1: that page says more or less. Exit 2: cannot be read. The page
counts the hour under way too, which is no entry yet: it may have up to one hour's probes more, never fewer.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

LENGTH_OCTETS = 2
HOUR_S = 3600


class Share(NamedTuple):
    """One part: probes made, probes that came back, probes that the cadence promises."""

    probes: int
    up: int
    expected: int


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every entry of the log, or of an export that holds it; of several widths of a bundle the widest counts."""
    places = [each / "tile" / "entries" for each in (folder, folder / "log")]
    place = next((each for each in places if each.is_dir()), None)
    if place is None:
        raise ValueError(f"{folder} holds no log: it has no tile/entries")
    widest: dict[str, tuple[int, Path]] = {}
    for path in sorted(place.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(place))
        index, _, width = name.partition(".p/")
        octets = int(width) if width else 256
        if index not in widest or widest[index][0] < octets:
            widest[index] = octets, path
    for _, path in widest.values():
        yield from (json.loads(each) for each in unpack(path.read_bytes()))


def unpack(octets: bytes) -> Iterator[bytes]:
    """Yield the entries of a bundle: each after its length in two octets."""
    at = 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + LENGTH_OCTETS], "big")
        at += LENGTH_OCTETS
        if at + length > len(octets):
            raise ValueError("a bundle ends within an entry")
        yield octets[at : at + length]
        at += length


def recompute(folder: Path, first: date, last: date) -> dict[str, Share]:
    """Return each part's share of the days from ``first`` to ``last``; an hour stated twice counts once."""
    hours: dict[str, dict[str, Any]] = {}
    for entry in entries(folder):
        if entry.get("action") == "status.measured":
            hours.setdefault(entry["detail"]["hour"], entry["detail"])
    found: dict[str, Share] = {}
    begun: dict[str, datetime] = {}
    ends = [datetime.fromisoformat(hour) for hour in hours]
    for hour, detail in sorted(hours.items()):
        at = datetime.fromisoformat(hour)
        if not first <= at.date() <= last:
            continue
        for part, counts in detail["components"].items():
            begun.setdefault(part, at)
            whole = (max(ends) - begun[part]).total_seconds() + HOUR_S
            old = found.get(part, Share(0, 0, 0))
            expected = round(whole / detail["every_s"]) if detail["every_s"] else 0
            found[part] = Share(old.probes + counts["probes"], old.up + counts["up"], expected)
    return found


def differences(found: dict[str, Share], page: dict[str, Any]) -> list[str]:
    """Return where the page says other than the log, beyond the hour under way."""
    faults = []
    for part, said in page["uptime"].items():
        share = found.get(part, Share(0, 0, 0))
        more = said["probes"] - share.probes
        up = said["up"] - share.up
        if more < 0 or not 0 <= up <= more:
            faults.append(
                f"{part}: the page counts {said['up']} of {said['probes']}, the log {share.up} of {share.probes}"
            )
    return faults


def main() -> int:
    """Compute and compare."""
    parser = argparse.ArgumentParser(description="Compute uptime again from the public trust log.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--until", type=date.fromisoformat, default=datetime.now(UTC).date())  # noqa: TID251  # a tool
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    try:
        found = recompute(given.folder, given.until - timedelta(days=given.days - 1), given.until)
        faults = differences(found, json.loads(given.against.read_text())) if given.against else []
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    for part, share in sorted(found.items()):
        uptime = f"{share.up / share.probes:.5%}" if share.probes else "not measured"
        print(f"{part}: {uptime} ({share.up} of {share.probes} probes; {share.expected} were promised)")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
