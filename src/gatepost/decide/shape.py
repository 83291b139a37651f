"""The shapes a JSON document may have: small parsers that normalise what fits and name every fault in one sentence.

A parser takes a value and the path to it, and returns the normalised value. What does not fit is told to ``Faults``;
the value returned then is never used. Parsers visit members in document order, so the sentences come in that order.
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gatepost.mail.address import Address, AddressError, normalise_domain

JSON_INTEGER_MAX = 2**53 - 1  # RFC 8259 section 6: what every reader agrees on
FAULTS_MAX = 100
_NAME_SHOWN_CHARS = 64


@dataclass(slots=True)
class Faults:
    """What is wrong with a document; after a hundred faults nobody reads on, and neither do we."""

    sentences: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """True where looking further tells nobody anything."""
        return len(self.sentences) >= FAULTS_MAX

    def tell(self, path: str, sentence: str) -> None:
        """Note one fault."""
        if not self.is_full:
            self.sentences.append(f"{path} {sentence}")


Parser = Callable[[object, str, Faults], object]


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:_NAME_SHOWN_CHARS])


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the valid name that looks most like ``name``; the first one where none looks like it."""
    known = list(valid)
    folded = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name[:_NAME_SHOWN_CHARS].casefold(), folded, n=1, cutoff=0.0)
    return folded[close[0]] if close else known[0]


def object_of(fields: Mapping[str, Parser], *, required: Iterable[str] = (), root: str = "") -> Parser:
    """Accept an object with these fields and no other; ``null`` counts as absent where a field is optional.

    Args:
        fields: a parser for each name.
        required: the names that must be there.
        root: what to call the value where its path is empty.
    """
    must = tuple(required)

    def parse(value: object, path: str, faults: Faults) -> dict[str, object]:
        if not isinstance(value, dict):
            faults.tell(path or root, "must be an object")
            return {}
        found: dict[str, object] = {}
        for name, member in value.items():
            if faults.is_full:
                break
            if not isinstance(name, str) or name not in fields:
                shown = _printable(str(name))
                faults.tell(_join(path, shown), f"is not a field; the nearest is {nearest(str(name), fields)}")
            elif member is not None or name in must:
                found[name] = fields[name](member, _join(path, name), faults)
        for name in must:
            if name not in value:
                faults.tell(_join(path, name), "must be given")
        return found

    return parse


def list_of(item: Parser, *, most: int, least: int = 0) -> Parser:
    """Accept a list of ``least`` to ``most`` items."""

    def parse(value: object, path: str, faults: Faults) -> list[object]:
        if not isinstance(value, list):
            faults.tell(path, "must be a list")
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

    return parse


def integer(*, least: int, most: int = JSON_INTEGER_MAX) -> Parser:
    """Accept a whole number; ``true`` and ``5.0`` are not numbers of anything."""

    def parse(value: object, path: str, faults: Faults) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            faults.tell(path, "must be an integer")
        elif value < least:
            faults.tell(path, f"must be >= {least}")
        elif value > most:
            faults.tell(path, f"must be <= {most}")
        else:
            return value
        return least

    return parse


def boolean(value: object, path: str, faults: Faults) -> bool:
    """Accept ``true`` or ``false``."""
    if not isinstance(value, bool):
        faults.tell(path, "must be true or false")
    return value is True


def word(*words: str) -> Parser:
    """Accept one of these words."""
    wanted = " or ".join(f'"{choice}"' for choice in words)

    def parse(value: object, path: str, faults: Faults) -> str:
        if isinstance(value, str) and value in words:
            return value
        hint = f' (the nearest is "{nearest(value, words)}")' if isinstance(value, str) else ""
        faults.tell(path, f"must be {wanted}{hint}")
        return words[0]

    return parse


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

    return parse


def address(value: object, path: str, faults: Faults) -> str:
    """Accept an address; return the form to compare by."""
    if isinstance(value, str):
        try:
            return Address.parse(value).key
        except (AddressError, UnicodeError) as error:
            faults.tell(path, f"must be an address: {error}")
    else:
        faults.tell(path, "must be an address")
    return ""


def domain(value: object, path: str, faults: Faults) -> str:
    """Accept a domain name; return lowercase A-labels."""
    if isinstance(value, str):
        try:
            return normalise_domain(value)
        except (AddressError, UnicodeError) as error:
            faults.tell(path, f"must be a domain name: {error}")
    else:
        faults.tell(path, "must be a domain name")
    return ""
