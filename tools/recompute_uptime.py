"""Compute the status page's uptime again from the public trust log, with nothing of the program that wrote it.

    python recompute_uptime.py LOG_DIR [--days N] [--until DATE] [--against uptime.json]

LOG_DIR is what ``gatepost log export --tenant trust`` writes, or any folder with a ``checkpoint`` and ``tile/entries``
(C2SP tlog-tiles); see that it is sound with ``verify_log.py`` first. Each hour is one entry, ``status.measured``: how
many round trips were made through each part and how many came back. A part's uptime is the second over the first, for
the days from DATE back (today in UTC where it is not said). What was not measured is no uptime: each entry says how
often trips were due (``every_s``); an hour with less than nine tenths of them lacks the rest, and an hour without an
entry lacks all that were due by the entry before it. They were due and did not come back. Of a part's first hour of all
nothing is missed.

With ``--against`` the days are the page's own, up to its ``last_hour``: what it says under ``stated`` must be what the
entries say. Its ``share`` counts the hour under way too, which is no entry yet, and is printed beside it.

Exit 0: computed, and the same as ``--against``. Exit 1: that page says otherwise. Exit 2: cannot be read, or there is
no whole hour yet: then nothing was computed, and nothing compared.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

LENGTH_OCTETS = 2
HOUR = timedelta(hours=1)
FULL = 0.9


class Share(NamedTuple):
    """One part: probes made, probes that came back, probes that were due and not made."""

    probes: int
    up: int
    unprobed: int

    @property
    def said(self) -> str:
        """The share, and what it is of."""
        due = self.probes + self.unprobed
        uptime = f"{self.up / due:.5%}" if due else "not measured"
        return f"{uptime} ({self.up} of {self.probes} probes; {self.unprobed} were due and not made)"


class Row(NamedTuple):
    """One hour of one part: probes made, probes that came back, and how many its cadence asks for."""

    at: datetime
    made: int
    up: int
    due: int


class Page(NamedTuple):
    """What ``uptime.json`` says: of which days, up to which hour, and of each part."""

    days: int
    until: date
    last_hour: datetime | None
    parts: dict[str, dict[str, Any]]


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


def recompute(folder: Path, first: date, last: date, last_hour: datetime | None = None) -> dict[str, Share]:
    """Return each part's share of the days from ``first`` to ``last``; an hour stated twice counts once."""
    hours: dict[datetime, dict[str, Any]] = {}
    for entry in entries(folder):
        if entry.get("action") == "status.measured":
            hours.setdefault(datetime.fromisoformat(entry["detail"]["hour"]), entry["detail"])
    parts: dict[str, list[Row]] = {}
    for at, said in sorted(hours.items()):
        if at.date() <= last and (last_hour is None or at <= last_hour):
            for part, counts in said["components"].items():
                row = Row(at, counts["probes"], counts["up"], HOUR // timedelta(seconds=max(1, said["every_s"])))
                parts.setdefault(part, []).append(row)
    shown = {part: rows for part, rows in parts.items() if rows[-1].at.date() >= first}
    return {part: share(rows, first) for part, rows in shown.items()}


def share(rows: list[Row], first: date) -> Share:
    """Return what the hours of one part, in order, come to from a day on; those before tell what was due after them."""
    unprobed = 0
    for before, row in pairwise(rows):
        gap = before.at + HOUR
        while gap < row.at:
            unprobed += before.due if gap.date() >= first else 0
            gap += HOUR
        if row.at.date() >= first and row.made < FULL * row.due:
            unprobed += row.due - row.made
    counted = [row for row in rows if row.at.date() >= first]
    return Share(sum(row.made for row in counted), sum(row.up for row in counted), unprobed)


def read_page(path: Path) -> Page:
    """Return what the page says."""
    said = json.loads(path.read_text())
    last = said["last_hour"]
    parts = {part: {**row, "stated": dict(row["stated"])} for part, row in said["uptime"].items()}
    hour = None if last is None else datetime.fromisoformat(last)
    return Page(int(said["days"]), date.fromisoformat(said["until"]), hour, parts)


def differences(found: dict[str, Share], page: Page) -> list[str]:
    """Return where the page says other than the log."""
    faults = [f"{part}: the log has it, the page has not" for part in sorted(found.keys() - page.parts.keys())]
    for part, row in sorted(page.parts.items()):
        log, stated = found.get(part, Share(0, 0, 0)), row["stated"]
        if Share(stated["probes"], stated["up"], stated["unprobed"]) != log:
            faults.append(
                f"{part}: the page states {stated['up']} of {stated['probes']}, the log {log.up} of {log.probes}"
            )
    return faults


def shown(part: str, log: Share, page: Page | None) -> str:
    """Return one line: what the log says of a part, and what the page says beside it."""
    row = page.parts.get(part) if page else None
    if row is None:
        return f"{part}: {log.said}"
    more = row["probes"] - row["stated"]["probes"]
    said = "not measured" if row["share"] is None else f"{row['share']:.5%}"
    return f"{part}: {log.said}; the page shows {said}, with {more} probes of the hour under way"


def main() -> int:
    """Compute and compare."""
    parser = argparse.ArgumentParser(description="Compute uptime again from the public trust log.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--until", type=date.fromisoformat, default=datetime.now(UTC).date())  # noqa: TID251  # a tool
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    try:
        page = read_page(given.against) if given.against else None
        days, until = (page.days, page.until) if page else (given.days, given.until)
        first = until - timedelta(days=days - 1)
        found = recompute(given.folder, first, until, page.last_hour if page else None)
        faults = differences(found, page) if page else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    for part, log in sorted(found.items()):
        print(shown(part, log, page))
    for fault in faults:
        print(fault, file=sys.stderr)
    if not found and not faults:
        print("the log states no whole hour of these days yet: nothing was computed or compared", file=sys.stderr)
        return 2
    if page and not faults:
        print(f"the same as the page states, up to the hour of {page.last_hour:%Y-%m-%d %H:%M} UTC")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
