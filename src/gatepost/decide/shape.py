"""The shapes a JSON document may have: small parsers that normalise what fits and name every fault in one sentence.

A parser takes a value and the path to it, and returns the normalised value. What does not fit is told to ``Faults``;
the value returned then is never used. Parsers visit members in document order, so the sentences come in that order.
Each parser also says what it accepts as JSON Schema (2020-12), so that the published schema cannot drift from it.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gatepost.decide.nearest import (
    JSON_INTEGER_MAX,
    NAME_SHOWN_CHARS,
    nearest,
    nearest_moment,
    nearest_number,
    nearest_share,
    nearest_truth,
)

FAULTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where it is, what is wrong there, and the valid spelling nearest to what was written, if any is."""

    path: str
    reason: str
    nearest: str | None = None


@dataclass(slots=True)
class Faults:
    """What is wrong with a document; after a hundred faults nobody reads on, and neither do we."""

    told: list[Fault] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """One for each."""
        return [f"{each.path} {each.reason}" for each in self.told]

    @property
    def is_full(self) -> bool:
        """True where looking further tells nobody anything."""
        return len(self.told) >= FAULTS_MAX

    def tell(self, path: str, reason: str, nearest: str | None = None) -> None:
        """Note one fault."""
        if not self.is_full:
            self.told.append(Fault(path, reason, nearest))


@dataclass(frozen=True, slots=True)
class Parser:
    """How to read one value; ``schema`` describes what ``read`` accepts, as far as JSON Schema can say it."""

    read: Callable[[object, str, Faults], object]
    schema: Mapping[str, Any]

    def __call__(self, value: object, path: str, faults: Faults) -> object:
        """Read a value that stands at ``path``."""
        return self.read(value, path, faults)


def printable(name: str) -> str:
    """Return the beginning of a name as a sentence can show it."""
    return "".join(char if char.isprintable() else "?" for char in name[:NAME_SHOWN_CHARS])


def _told_apart(name: str) -> str:
    """Return the same with letters beyond ASCII by their numbers, for those that look like a field's own."""
    return printable(name) if name.isascii() else ascii(name[:NAME_SHOWN_CHARS])[1:-1]


def join(path: str, name: str) -> str:
    """Return the path of a member."""
    return f"{path}.{name}" if path else name


def spoilt(faults: Faults) -> frozenset[str]:
    """Return the places that were told of, and those whose names were slipped: what stands there says nothing."""
    meant = {join(each.path.rpartition(".")[0], each.nearest) for each in faults.told if each.nearest}
    return frozenset({each.path for each in faults.told} | meant)


def check_name(name: str, known: Collection[str], path: str, faults: Faults) -> None:
    """Tell where a name in ``groups`` is none of those there are."""
    if name not in known:
        near = nearest(name, known) if known else None
        faults.tell(path, "must be a name in groups" + (f"; the nearest is {near}" if near else ""), near)


def object_of(
    fields: Mapping[str, Parser],
    *,
    required: Iterable[str] = (),
    root: str = "",
    least: int = 0,
    weak: Collection[str] = (),
) -> Parser:
    """Accept an object with these fields and no other; ``null`` counts as absent where a field is optional.

    Args:
        fields: a parser for each name.
        required: the names that must be there.
        root: what to call the value where its path is empty.
        least: how many members must be there.
        weak: names that nobody is led to, see ``nearest``.
    """
    must = tuple(required)

    def parse(value: object, path: str, faults: Faults) -> dict[str, object]:
        if not isinstance(value, dict):
            faults.tell(path or root, "must be an object" + (f" with some of: {', '.join(fields)}" if path else ""))
            return {}
        found, meant = _members(value, fields, must, path, faults, weak)
        for name in must:
            if name not in value and name not in meant:
                faults.tell(join(path, name), "must be given")
        if len(found) < least and meant.isdisjoint(fields):
            faults.tell(path or root, f"must have at least {least} of: {', '.join(fields)}")
        return found

    members = {name: member.schema if name in must else _optional(member.schema) for name, member in fields.items()}
    schema: dict[str, Any] = {"type": "object", "properties": members, "additionalProperties": False}
    if must:
        schema["required"] = list(must)
    if least:
        schema["minProperties"] = least
    return Parser(parse, schema)


def _members(
    value: Mapping[Any, object],
    fields: Mapping[str, Parser],
    must: Collection[str],
    path: str,
    faults: Faults,
    weak: Collection[str],
) -> tuple[dict[str, object], set[str]]:
    """Return what could be read, and the names that others were slips of: one slip is told once."""
    found: dict[str, object] = {}
    meant: set[str] = set()
    for name, member in value.items():
        if faults.is_full:
            break
        if not isinstance(name, str) or name not in fields:
            shown, near = _told_apart(str(name)), nearest(str(name), fields, weak)
            faults.tell(join(path, shown), f"is not a field; the nearest is {near}", near)
            meant.add(near)
        elif member is not None or name in must:
            found[name] = fields[name](member, join(path, name), faults)
    return found, meant


def _optional(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let ``null`` stand for absence, as the parser does."""
    return {"anyOf": [schema, {"type": "null"}]}


def map_of(member: Parser, *, most: int, name_most: int) -> Parser:
    """Accept an object with names of its author's own choice, 1 to ``name_most`` characters each."""
    name_of = text(most=name_most)

    def parse(value: object, path: str, faults: Faults) -> dict[str, object]:
        if not isinstance(value, dict):
            faults.tell(path, "must be an object")
            return {}
        if len(value) > most:
            faults.tell(path, f"must have at most {most} members")
            return {}
        found: dict[str, object] = {}
        for name, each in value.items():
            if faults.is_full:
                break
            place = join(path, printable(str(name)))
            name_of(name, place, faults)
            found[str(name)] = member(each, place, faults)
        return found

    return Parser(
        parse,
        {
            "type": "object",
            "additionalProperties": member.schema,
            "maxProperties": most,
            "propertyNames": {"minLength": 1, "maxLength": name_most},
        },
    )


def _listed(value: object, item: Parser) -> str | None:
    """Return the list that is meant by a word that stands alone, if it may be an item, or nearly."""
    if not isinstance(value, str):
        return None
    faults = Faults()
    item(value, "", faults)
    meant = faults.told[0].nearest if faults.told else value
    return json.dumps([meant], ensure_ascii=False) if meant and len(meant) <= NAME_SHOWN_CHARS else None


def list_of(item: Parser, *, most: int, least: int = 0) -> Parser:
    """Accept a list of ``least`` to ``most`` items."""

    def parse(value: object, path: str, faults: Faults) -> list[object]:
        if not isinstance(value, list):
            near = _listed(value, item)
            faults.tell(path, "must be a list" + (f", such as {near}" if near else ""), near)
            return []
        if not least <= len(value) <= most:
            bound = f"at most {most} items" if len(value) > most else f"at least {least} item"
            faults.tell(path, f"must have {bound}")
            return []
        items: list[object] = []
        for index, member in enumerate(value):
            if faults.is_full:
                break
            items.append(item(member, f"{path}[{index}]", faults))
        return items

    return Parser(parse, {"type": "array", "items": item.schema, "minItems": least, "maxItems": most})


def integer(*, least: int, most: int = JSON_INTEGER_MAX) -> Parser:
    """Accept a whole number; ``true`` and ``5.0`` are not numbers of anything."""

    def parse(value: object, path: str, faults: Faults) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            near = nearest_number(value)
            faults.tell(path, "must be an integer" + (f"; as a number it is written {near}" if near else ""), near)
        elif value < least:
            faults.tell(path, f"must be >= {least}")
        elif value > most:
            faults.tell(path, f"must be <= {most}")
        else:
            return value
        return least

    return Parser(parse, {"type": "integer", "minimum": least, "maximum": most})


def _thousandths(value: object, path: str, faults: Faults) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        near = nearest_share(value)
        faults.tell(path, "must be a number from 0 to 1" + (f"; the nearest is {near}" if near else ""), near)
        return 0
    return round(value * 1_000)


thousandths = Parser(_thousandths, {"type": "number", "minimum": 0, "maximum": 1})
"""Accepts a number from 0 to 1; returns it in thousandths, which compare and spell alike everywhere."""


def _boolean(value: object, path: str, faults: Faults) -> bool:
    if not isinstance(value, bool):
        near = nearest_truth(value)
        faults.tell(path, "must be true or false" + (f" (the nearest is {near})" if near else ""), near)
    return value is True


boolean = Parser(_boolean, {"type": "boolean"})
"""Accepts ``true`` or ``false``."""


def word(*words: str, weak: Collection[str] = ()) -> Parser:
    """Accept one of these words; see ``nearest`` for those that are weak."""
    wanted = " or ".join(f'"{choice}"' for choice in words)

    def parse(value: object, path: str, faults: Faults) -> str:
        if isinstance(value, str) and value in words:
            return value
        near = nearest(value, words, weak) if isinstance(value, str) else None
        faults.tell(path, f"must be {wanted}" + (f' (the nearest is "{near}")' if near else ""), near)
        return words[0]

    return Parser(parse, {"enum": [str(choice) for choice in words]})


def is_plain(text: str) -> bool:
    """Tell whether text can be stored, shown and logged as it is: no controls, no lone surrogates."""
    return not any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


def text(*, most: int) -> Parser:
    """Accept text of 1 to ``most`` characters without controls."""

    def parse(value: object, path: str, faults: Faults) -> str:
        if not isinstance(value, str):
            faults.tell(path, "must be text")
        elif not 1 <= len(value) <= most:
            faults.tell(path, f"must have 1 to {most} characters")
        elif not is_plain(value):
            faults.tell(path, "must have no control characters")
        else:
            return value
        return ""

    return Parser(parse, {"type": "string", "minLength": 1, "maxLength": most})


def _moment(value: object, path: str, faults: Faults) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else None
        if moment is not None:
            return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        pass
    near = nearest_moment(value)
    faults.tell(path, "must be a time such as " + (near or "2027-01-31T18:00:00Z"), near)
    return ""


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
moment = Parser(_moment, {"type": "string", "format": "date-time"})
"""Accepts a time in RFC 3339 with its offset; returns it in UTC."""
