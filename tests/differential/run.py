"""Put thousands of generated and mutated mails before us and before others: ``make differential``.

Prints the seeds, how often each judge agrees with us, and every class of disagreement with its count. Each class is
explained in docs/standards.md with the section that decides it; a disagreement of no known class ends the run with 1.
"""

import argparse
import asyncio
import sys
from collections import Counter
from itertools import count, islice
from pathlib import Path

from differential import judges
from differential.classes import class_of, is_carried
from differential.judges import Opinion
from differential.letters import Letter, letter


def compare(one: Letter, ours: Opinion, theirs: dict[str, Opinion], tally: Counter[str]) -> list[str]:
    """Count agreements and classes of disagreement; return those of no class."""
    unknown = []
    for judge, other in theirs.items():
        for matter in ("dkim", "spf", "dmarc", "arc"):
            said, wanted = getattr(ours, matter), getattr(other, matter)
            if wanted is None:
                continue
            if said == wanted:
                tally[f"{judge} {matter}: agrees"] += 1
                continue
            found = class_of(one, matter, judge, ours, other)
            tally[f"{judge} {matter}: {found or 'UNKNOWN'}"] += 1
            if not found:
                unknown.append(
                    f"seed {one.seed}: {judge} {matter}: {wanted}, we {said}; {ours.details} {other.details}"
                )
    return unknown


async def run(first: int, wanted: int, package: Path | None) -> tuple[Counter[str], list[str], int]:
    """Judge so many letters that SMTP carries; return the tally, disagreements of no class, and the last seed."""
    letters = list(islice(filter(is_carried, map(letter, count(first))), wanted))
    foreign = judges.by_mailauth(letters, package) if package is not None else [Opinion()] * len(letters)
    tally: Counter[str] = Counter(letters=len(letters))
    tally["letters with ARC sets"] = sum(b"ARC-Seal" in one.raw for one in letters)
    tally["letters signed by us"] = sum(b"; x=" in one.raw and b" t=" in one.raw for one in letters)
    tally["letters with UTF-8 headers"] = sum(not one.raw.partition(b"\r\n\r\n")[0].isascii() for one in letters)
    unknown: list[str] = []
    for one, mailauth in zip(letters, foreign, strict=True):
        others = {"dkimpy": judges.by_dkimpy(one), "pyspf": judges.by_pyspf(one), "mailauth": mailauth}
        unknown += compare(one, await judges.ours(one), others, tally)
    return tally, unknown, letters[-1].seed


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=5000, help="how many letters, those SMTP would not carry left out")
    parser.add_argument("--mailauth", type=Path, help="folder of the npm package; left out where not given")
    options = parser.parse_args()
    tally, unknown, last = asyncio.run(run(options.first, options.count, options.mailauth))
    lines = [
        f"seeds {options.first} to {last}",
        *(f"{times:6} {what}" for what, times in sorted(tally.items())),
        *unknown[:50],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main())
