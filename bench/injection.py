"""Measure the injection evidence: what is found, what is missed, and what honest mail pays for it.

Run it as ``make bench-injection`` or ``make bench-injection DIR=path``: a folder with ``attacks.jsonl``,
``smuggled.jsonl``, ``benign.jsonl`` and ``benign-unicode.jsonl``, or one with such a folder ``injection`` in it. Each
text becomes a whole message and is read as the SMTP door reads it; one threshold for all. ``--misses`` names what
was missed, ``--page`` writes ``docs/injection.md``'s figures. The last line is JSON.
"""

import argparse
import asyncio
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from suites import injection as corpus

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "injection.md"
BEGIN, END = "<!-- figures: make bench-injection ARGS=--page -->", "<!-- end of figures -->"

FILES = ("attacks", "smuggled", "benign", "benign-unicode")


@dataclass
class Tally:
    """One line of a table; ``shown`` counts smuggled payloads shown as a span."""

    cases: int = 0
    flagged: int = 0
    shown: int = 0
    keywords: int = 0
    missed: list[str] = field(default_factory=list)


def folder(text: str) -> Path:
    """Return the folder with the four files.

    Raises:
        SystemExit: there is none.
    """
    for candidate in (Path(text), Path(text) / "injection"):
        if all((candidate / f"{name}.jsonl").is_file() for name in FILES):
            return candidate
    raise SystemExit(f"{text}: no folder with {', '.join(FILES)} as .jsonl files")


def family(name: str, row: dict[str, Any]) -> str:
    """Return the line of the table a case belongs to: source and kind of attack, or technique."""
    source = corpus.source(row)
    match name:
        case "smuggled":
            return str(row["technique"])
        case "attacks":
            keys = ("category", "attack_type", "jailbreak_type", "injection_variant", "group", "channel")
            kind = next((str(row[key]) for key in keys if row.get(key)), "")
            return f"{source}: {kind}"
        case "benign":
            return f"{source} ({row['kind']})"
        case _:
            return name


async def measure(where: Path) -> dict[str, dict[str, Tally]]:
    """Read every case and return the tallies, by file and by line."""
    return {name: await _measure(where, name) for name in FILES}


async def _measure(where: Path, name: str) -> dict[str, Tally]:
    lines: dict[str, Tally] = {}
    held = list(corpus.rows(where / f"{name}.jsonl"))
    for row, seen in zip(held, await corpus.evidence([corpus.mail(row) for row in held]), strict=True):
        tally = lines.setdefault(family(name, row), Tally())
        is_flagged = corpus.is_flagged(seen)
        is_shown = name == "smuggled" and corpus.is_shown(row["payload"], seen.content.reading.spans)
        tally.cases += 1
        tally.flagged += is_flagged
        tally.shown += is_shown
        tally.keywords += corpus.is_keyword(row)
        if is_flagged == name.startswith("benign") or (name == "smuggled" and not is_shown):
            tally.missed.append(str(row["id"]))
    return lines


def totals(found: dict[str, dict[str, Tally]]) -> dict[str, int]:
    """Return the last line."""
    attacks, smuggled = list(found["attacks"].values()), list(found["smuggled"].values())
    benign = [*found["benign"].values(), *found["benign-unicode"].values()]
    return {
        "attacks": sum(t.cases for t in attacks),
        "attacks_flagged": sum(t.flagged for t in attacks),
        "smuggled": sum(t.cases for t in smuggled),
        "smuggled_spans": sum(t.shown for t in smuggled),
        "smuggled_flagged": sum(t.flagged for t in smuggled),
        "benign": sum(t.cases for t in benign),
        "benign_flagged": sum(t.flagged for t in benign),
    }


def by_source(lines: dict[str, Tally]) -> dict[str, Tally]:
    """Return one tally for each source."""
    summed: dict[str, Tally] = {}
    for line, tally in lines.items():
        one = summed.setdefault(line.split(":")[0].split(" (")[0], Tally())
        one.cases += tally.cases
        one.flagged += tally.flagged
        one.keywords += tally.keywords
    return summed


def table(found: dict[str, dict[str, Tally]]) -> Iterator[str]:
    """Yield the tables as Markdown, which reads well on a terminal too."""
    yield from _rows(("source", "cases", "flagged", "", "keywords"), by_source(found["attacks"]), _caught)
    yield from _rows(("attack", "cases", "flagged", "", "keywords"), found["attacks"], _caught)
    yield from _rows(("technique", "cases", "shown as a span", "flagged"), found["smuggled"], _smuggled)
    yield from _rows(("honest mail", "cases", "flagged"), found["benign"] | found["benign-unicode"], _honest)


def _caught(tally: Tally) -> tuple[str, ...]:
    return str(tally.cases), str(tally.flagged), f"{tally.flagged / tally.cases:.0%}", str(tally.keywords)


def _smuggled(tally: Tally) -> tuple[str, ...]:
    return str(tally.cases), str(tally.shown), str(tally.flagged)


def _honest(tally: Tally) -> tuple[str, ...]:
    return str(tally.cases), str(tally.flagged)


def _rows(heads: tuple[str, ...], lines: dict[str, Tally], cells: Callable[[Tally], tuple[str, ...]]) -> Iterator[str]:
    wide = max(len(heads[0]), *(len(line) for line in lines))
    yield f"| {heads[0]:<{wide}} | " + " | ".join(f"{head:>8}" for head in heads[1:]) + " |"
    yield f"|{'-' * (wide + 2)}|" + "|".join("-" * (max(8, len(head)) + 1) + ":" for head in heads[1:]) + "|"
    for line, tally in sorted(lines.items()):
        written = (f"{cell:>{max(8, len(head))}}" for cell, head in zip(cells(tally), heads[1:], strict=True))
        yield f"| {line:<{wide}} | " + " | ".join(written) + " |"
    yield ""


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the injection evidence.")
    parser.add_argument("dir", nargs="?", default="")
    parser.add_argument("--misses", action="store_true", help="name every case that was missed")
    parser.add_argument("--page", action="store_true", help="write the figures into docs/injection.md")
    asked = parser.parse_args(arguments)
    where = folder(asked.dir or str(ROOT / "tests" / "vectors"))
    found = asyncio.run(measure(where))
    lines = list(table(found))
    print("\n".join(lines))
    if asked.misses:
        for name, tallies in found.items():
            print(*(f"missed ({name}): {case}" for tally in tallies.values() for case in tally.missed), sep="\n")
    if asked.page:
        write(lines, found)
    print(json.dumps(totals(found)))
    return 0


def write(lines: Sequence[str], found: dict[str, dict[str, Tally]]) -> None:
    """Put the figures into the page, with their day; nothing in the measurement is left to chance."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    day = f"{datetime.now(UTC):%Y-%m-%d}"  # noqa: TID251  # a page of figures says when they were taken
    missed = [case for name in FILES for tally in found[name].values() for case in tally.missed]
    body = "\n".join(
        (
            f"Measured on {day}; no seed: the same corpus gives the same figures.",
            "",
            *lines,
            f"`{json.dumps(totals(found))}`",
            "",
            f"<details><summary>Every case missed ({len(missed)})</summary>",
            "",
            textwrap.fill(", ".join(missed), 118, break_long_words=False, break_on_hyphens=False),
            "",
            "</details>",
            "",
        )
    )
    PAGE.write_text(f"{head}{BEGIN}\n{body}{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
