"""What people write to machines and seldom to each other: the phrases of ``phrases.toml``, each of one family.

A phrase proves nothing by itself. ``weights.py`` says how much each counts, and ``window.py`` adds up those that stand
close together. The patterns are written for text after ``fold.py``: one octet a character, and the case is ignored. In
a pattern a space stands for one to four characters that are no word (``ignore -- all``), `` ?`` for none to four, and
``@act``, ``@start`` and their like for the ``shorthand`` of that file. No phrase looks behind or ahead: all of them run
together, in one pass that is linear in the text.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from gatepost.verify.injection.fold import fold
from gatepost.verify.paper import Family

_SPACE, _MAYBE = r"[^a-z0-9]{1,4}", r"[^a-z0-9]{0,4}"
_EDGE = r"(?:\b|_)"  # of a word that a phrase needs: what stands for a space may be an underscore, which makes no edge


@dataclass(frozen=True, slots=True)
class Phrase:
    """One pattern.

    Attributes:
        name: ``family.what``; stable.
        says: for people.
        prior: what it counts, in log-odds, before anything is learnt.
        expression: as the scanner takes it.
        case: capitals matter, and spaces are spaces.
        needs: what stands in every match, in any case; empty: nothing that would be found sooner than the match.
    """

    name: str
    family: Family
    says: str
    prior: float
    expression: bytes
    case: bool
    needs: bytes = b""


def _joined(pattern: str) -> str:
    return pattern.replace("\n", "")


def _spelled(pattern: str, shorthand: Mapping[str, str], *, case: bool) -> str:
    for short, long in shorthand.items():
        pattern = pattern.replace(short, long)
    return pattern if case else pattern.replace(" ?", _MAYBE).replace(" ", _SPACE)


def _read(table: Mapping[str, Any]) -> Iterator[Phrase]:
    shorthand = {short: _joined(long) for short, long in table["shorthand"].items()}
    for family in Family:
        for row in table.get(family.value, ()):
            case = row.get("case", False)
            expression = fold(_spelled(_joined(row["pattern"]), shorthand, case=case))
            needs = fold(_spelled(_joined(row.get("needs", "")).replace(r"\b", _EDGE), shorthand, case=case))
            yield Phrase(f"{family}.{row['name']}", family, row["says"], row["prior"], expression, case, needs)


PHRASES = tuple(_read(tomllib.loads((resources.files(__package__) / "phrases.toml").read_text("utf-8"))))
