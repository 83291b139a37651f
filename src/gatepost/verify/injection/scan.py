"""All phrases in few passes over a text: where each of them ends, and whether something is wrapped in it.

The dearest phrases and hints are looked for in passes of their own, and only where the first met what they need.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

import re2

from gatepost.mail.ends import CASELESS, DOTALL, ONCE, Ends, Pattern, hyperscan
from gatepost.verify.injection.compiled import compile_kept, kept_as
from gatepost.verify.injection.phrases import PHRASES, Phrase
from gatepost.verify.injection.unwrap import HINTS, IN_RUNS, RUN

MAX_HITS = 20_000
"""After so many the rest of a text stays unread, and the reader is told."""
LOOK_BACK = 400
"""How many characters before its end the start of a phrase is looked for."""
_WRAPPINGS = tuple(HINTS)
_HINT, _NEED, _RUN = 10_000, 20_000, 30_000
"""Above these, what the scanner reports is a wrapping's place in ``HINTS``, and what the phrase of that place needs;
the last is what the wrappings ``IN_RUNS`` need."""
_ONCE = DOTALL | ONCE
_SIGNS = frozenset({
    "action.bank", "action.money", "action.object-id", "role.template", "tool.camel", "tool.function",
})  # fmt: skip
"""Phrases that need signs rather than words: digits, capitals, underscores, brackets."""


class Hits(NamedTuple):
    """What stands in one text.

    Attributes:
        found: where a phrase ends, and its place in ``PHRASES``; in order.
        hints: wrappings there may be.
        is_cut: there were too many to go on.
    """

    found: Sequence[tuple[int, int]]
    hints: frozenset[str] = frozenset()
    is_cut: bool = False


_NOTHING = Hits(())


class Scanner(threading.local):
    """Patterns that Hyperscan looks for together.

    Each thread has working memory of its own: large messages are read in threads.
    """

    def __init__(self, database: Any) -> None:
        self.database = database
        self.scratch = hyperscan.Scratch(self.database)

    def run(self, octets: bytes, found: list[tuple[int, int]]) -> bool:
        """Add to ``found`` where a pattern ends, and its id; return whether there were too many to go on."""
        try:
            self.database.scan(octets, _take, 0, found, self.scratch)  # by place: names take as long as a short text
        except hyperscan.ScanTerminated:
            return True
        return False


def _take(phrase: int, _start: int, end: int, _flags: int, found: list[tuple[int, int]]) -> bool | None:
    found.append((end, phrase))
    return len(found) >= MAX_HITS or None


class Searches:
    """Patterns that RE2 looks for where there is no Hyperscan; it finds the same."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.ends = Ends(patterns)

    def run(self, octets: bytes, found: list[tuple[int, int]]) -> bool:
        """Do what ``Scanner.run`` does."""
        found += self.ends.found(octets, max(1, MAX_HITS - len(found)))
        return len(found) >= MAX_HITS


def pattern_of(place: int) -> Pattern:
    """Return the phrase of one place, as a scanner takes it."""
    phrase = PHRASES[place]
    return phrase.expression, place, DOTALL | _caseless(phrase)


def _caseless(phrase: Phrase) -> int:
    return 0 if phrase.case else CASELESS


def _hints(names: Collection[str]) -> list[Pattern]:
    return [
        (hint.encode("ascii"), _HINT + place, _ONCE)
        for place, (name, hint) in enumerate(HINTS.items())
        if name in names
    ]


def patterns() -> dict[str, list[Pattern]]:
    """Return what every text is searched for, by the pass it is looked for in.

    What begins with words of everyday English, and what those phrases need that wait for something; what they need
    that is signs; what mostly stands in other languages, with the hints; and the hint that an automaton of its own
    looks for at every octet. Together they would take up to a fifth longer: fewer words share a table, that automaton
    stays small, and rare signs are skipped to where no words are looked for beside them.
    """
    everyday, signs, foreign = list[Pattern](), list[Pattern](), list[Pattern]()
    for place, phrase in enumerate(PHRASES):
        if phrase.needs:
            need = (phrase.needs, _NEED + place, _ONCE | _caseless(phrase))
            (signs if phrase.name in _SIGNS else everyday).append(need)
        else:
            (foreign if "foreign" in phrase.name else everyday).append(pattern_of(place))
    return {
        "everyday": everyday,
        "signs": signs,
        "foreign": foreign + _hints(HINTS.keys() - IN_RUNS - {"spaced"}),
        "spaced": [*_hints({"spaced"}), (RUN.encode("ascii"), _RUN, _ONCE)],
    }


def run_hints() -> list[Pattern]:
    """Return the hints that wait for a ``RUN``."""
    return _hints(IN_RUNS)


@cache
def first() -> tuple[Scanner | Searches, ...]:
    """Return what looks for ``patterns`` here."""
    return tuple(_looking_for(asked, name) for name, asked in patterns().items())


@cache
def _runs() -> Scanner | Searches:
    return _looking_for(run_hints(), "runs")


@cache
def _alone(place: int) -> Scanner | Searches:
    return _looking_for([pattern_of(place)], PHRASES[place].name)


def _looking_for(asked: Sequence[Pattern], name: str) -> Scanner | Searches:
    return Searches(asked) if hyperscan is None else Scanner(compile_kept(asked, kept_as(name)))


def prepare() -> None:
    """Compile the phrases now, so that no message waits for it: even one alone takes up to a quarter of a second."""
    first()
    _runs()
    for place, phrase in enumerate(PHRASES):
        if phrase.needs:
            _alone(place)


def scan(octets: bytes) -> Hits:
    """Return what stands in one folded text; linear in it."""
    met = _met(octets)
    if not met:
        return _NOTHING
    is_cut = len(met) >= MAX_HITS
    found = [hit for hit in met if hit[1] < _HINT]
    hints = frozenset(_WRAPPINGS[which - _HINT] for _, which in met if _HINT <= which < _NEED)
    for _, which in met:
        if which >= _NEED and not is_cut:
            is_cut = _alone(which - _NEED).run(octets, found)
    return Hits(sorted(found), hints, is_cut)


def _met(octets: bytes) -> list[tuple[int, int]]:
    """Return where ``patterns``, and hints that they call for, end in a text: the first ``MAX_HITS``."""
    met: list[tuple[int, int]] = []
    for looking in first():
        _add(looking, octets, met)
    for hit in met:
        if hit[1] == _RUN:
            met.remove(hit)
            _add(_runs(), octets, met)
            break
    return met if len(met) < MAX_HITS else sorted(met)[:MAX_HITS]


def _add(looking: Scanner | Searches, octets: bytes, met: list[tuple[int, int]]) -> None:
    """Add what one pass finds, which is cut by its own hits alone."""
    found: list[tuple[int, int]] = []
    looking.run(octets, found)
    met += found


@cache
def _confirming(phrase: int) -> Callable[[bytes], Any]:
    options = re2.Options()
    options.case_sensitive = PHRASES[phrase].case
    options.dot_nl = True
    options.encoding = re2.Options.Encoding.LATIN1
    search: Callable[[bytes], Any] = re2.compile(b"(?:%b)\\z" % PHRASES[phrase].expression, options).search
    return search


def start_of(octets: bytes, phrase: int, end: int) -> int:
    """Return where the phrase that ends at ``end`` starts."""
    low = max(0, end - LOOK_BACK)
    found = _confirming(phrase)(octets[low:end])
    return low + found.start() if found is not None else end
