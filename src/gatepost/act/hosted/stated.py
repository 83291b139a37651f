"""What trusted words say, and whether an argument says no more: a literal reading, word by word. Pure.

The one thing here is that a word which stands in the operator's own prompt did not come from a stranger. What was
computed, looked up or written anew is not found, however right it is: a person approves it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from gatepost.record.paper import Json

PROMPT_MAX_CHARS = 100_000
_ENDS = (".", "!", "?", ":", ";")
_PAUSES = (*_ENDS, ",")
_EDGES = ".,;:!?'\"()[]{}<>«»“”\u2018\u2019`"
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_SHORT = 3
_YEAR = re.compile(r"[0-9]{4}")
_DAY = re.compile(r"(0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?")
_NUMBER_MAX_CHARS = 40
_DEPTH_MAX = 8
_PARTS_MAX = 1_000
_NAMES_AN_ID = frozenset({"id", "ids", "number", "no", "nr", "#"})


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody the operator trusts, by the name they are called and the address they are reached at."""

    name: str
    address: str


def words_of(text: str) -> tuple[str, ...]:
    """Return the words, folded, without the marks around them; an address or an amount is one word."""
    return tuple(word for raw in text[:PROMPT_MAX_CHARS].casefold().split() if (word := raw.strip(_EDGES)))


class Stated:
    """What a prompt says, with the addresses of the contacts it names."""

    def __init__(self, prompt: str, contacts: Iterable[Contact] = ()) -> None:
        people = tuple(contacts)
        self.words = words_of(prompt)
        self._line = f" {' '.join(self.words)} "
        self._addresses = frozenset(_named(self._line, people))
        self._numbers = frozenset(_amounts(prompt[:PROMPT_MAX_CHARS].split(), people))
        self._days = frozenset(_days(self.words))

    def says(self, value: Json, depth: int = 0) -> bool:
        """Tell whether all of a value stands in the prompt: a text as consecutive words, a number as a number."""
        match value:
            case None | bool():
                return True
            case int() | float():
                return _number(repr(value)) in self._numbers
            case str():
                line = " ".join(words_of(value))
                is_whole = len(value) <= PROMPT_MAX_CHARS
                return is_whole and (not line or f" {line} " in self._line or line in self._addresses)
            case list() | dict():
                parts = list(value.values()) if isinstance(value, dict) else value
                is_small = depth < _DEPTH_MAX and len(parts) <= _PARTS_MAX
                return is_small and all(self.says(each, depth + 1) for each in parts)

    def identifies(self, value: Json) -> bool:
        """Tell whether the prompt calls something by this identifier: a bare number is one only after "ID"."""
        if value is None:
            return True
        wanted = " ".join(words_of(value if isinstance(value, str) else repr(value)))
        if _number(wanted) is None:
            return self.says(value)
        return any(
            word.lstrip("#") == wanted and (word.startswith("#") or before in _NAMES_AN_ID)
            for before, word in zip(("", *self.words), self.words, strict=False)
        )

    def dates(self, value: Json, *, to_the_minute: bool) -> bool:
        """Tell whether the prompt names the day a value begins with, ``YYYY-MM-DD``, and the rest of it if asked."""
        if value is None:
            return True
        day, _, time = str(value).replace("T", " ").partition(" ")
        try:
            read = date.fromisoformat(day)
        except ValueError:
            return self.says(value)
        is_named = bool({(read.year, read.month, read.day), (None, read.month, read.day)} & self._days)
        return is_named and (not to_the_minute or self.says(time))


def _named(line: str, contacts: tuple[Contact, ...]) -> Iterable[str]:
    """Yield the addresses of contacts called by their whole name, or by a first name that only one of them has."""
    whole = {contact: " ".join(words_of(contact.name)) for contact in contacts}
    firsts = [name.split(" ")[0] for name in whole.values()]
    for contact, name in whole.items():
        first = name.split(" ")[0]
        is_called = bool(name) and f" {name} " in line
        if is_called or (first and firsts.count(first) == 1 and f" {first} " in line):
            yield " ".join(words_of(contact.address))


def _amounts(raws: Sequence[str], people: Iterable[Contact]) -> Iterable[Decimal]:
    """Yield the numbers that tell how much; not one that belongs to a name ("Hauptstrasse 5", "12 Elm Street").

    A capital within a sentence makes a name of a word. People are given amounts ("pay Sarah 50"), they bear no numbers.
    """
    called = {word for each in people for word in words_of(each.name)}
    is_telling = any(raw.strip(_EDGES).islower() for raw in raws)  # a prompt all in capitals has no names to tell

    def is_name(raw: str) -> bool:
        word = raw.strip(_EDGES)
        return is_telling and word[:1].isupper() and not word.isupper() and word.casefold() not in called

    for place, raw in enumerate(raws):
        number = _number(raw.strip(_EDGES))
        if number is None:
            continue
        before, after = raws[max(0, place - 1) : place], raws[place + 1 : place + 2]
        begins = place < 2 or raws[place - 2].endswith(_ENDS)  # noqa: PLR2004  # the word before it begins a sentence
        of_the_one_before = not begins and any(is_name(each) and not each.endswith(_PAUSES) for each in before)
        of_the_one_after = not raw.endswith(_PAUSES) and any(map(is_name, after))
        is_plain = raw.strip(_EDGES).isdecimal()  # who writes a currency, a per cent or a fraction means an amount
        if not (is_plain and (of_the_one_before or of_the_one_after)):
            yield number


def _number(word: str) -> Decimal | None:
    if len(word) > _NUMBER_MAX_CHARS:
        return None
    try:
        number = Decimal(word.lstrip("$€£").rstrip("%").replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _days(words: tuple[str, ...]) -> Iterable[tuple[int | None, int, int]]:
    """Yield the days named: ``2024-05-20``, ``May 20th`` or ``20th of May``, with the year where one follows."""
    for place, word in enumerate(words):
        try:
            read = date.fromisoformat(word)
            yield read.year, read.month, read.day
        except ValueError:
            month = _month(word)
            if month:
                around = [*words[max(0, place - 2) : place], *words[place + 1 : place + 3]]
                year = next((int(each) for each in around if _YEAR.fullmatch(each)), None)
                yield from ((year, month, day) for each in around if (day := _day(each)))


def _month(word: str) -> int:
    return next((n for n, name in enumerate(_MONTHS, 1) if word == name or word == name[:_SHORT]), 0)


def _day(word: str) -> int:
    found = _DAY.fullmatch(word)
    return int(found[1]) if found else 0
