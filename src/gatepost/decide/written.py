"""A policy as people write it: JSON or YAML, read strictly. Pure.

Of YAML only what JSON can say, by the core schema of YAML 1.2 (section 10.3): ``no`` and ``08:30`` are text. Aliases,
tags, merge keys and further documents are refused: a page of them can stand for gigabytes, or hide what is meant. A
name that stands twice is refused in both, for readers differ in which one they believe (RFC 8259 section 4).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

from gatepost.decide.grammar import DOCUMENT_MAX_OCTETS
from gatepost.decide.language import PolicyError
from gatepost.decide.shape import join, printable

DEPTH_MAX = 16
"""How deep a document may nest; the language itself needs seven."""
WRITTEN_MAX_OCTETS = DOCUMENT_MAX_OCTETS
"""As it is written, by whichever door it comes: REST takes no larger body."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
"""deviation: YAML 1.2.2 section 10.3.2 reads 010 as ten, older readers as eight; here it is text, and so no number."""
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}\.[0-9]{0,18})(?:[eE][-+]?[0-9]{1,2})?", re.ASCII)


class UnreadableError(PolicyError):
    """It is neither JSON nor YAML, so nobody can tell what it says."""


class _TwiceError(Exception):
    """A name stands twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Spelling(StrEnum):
    """What a document says that it is written in."""

    JSON = "json"
    YAML = "yaml"
    EITHER = "either"


def read_document(octets: bytes, spelling: Spelling = Spelling.EITHER) -> object:
    """Return what a policy's author wrote, for ``parse`` to judge.

    Raises:
        UnreadableError: it is not written in JSON or YAML as above; the sentence says where.
        PolicyError: it says what no policy may, such as one name twice.
    """
    if len(octets) > WRITTEN_MAX_OCTETS:
        raise PolicyError([f"policy must be at most {WRITTEN_MAX_OCTETS} octets (1 MiB) as it is written"])
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError([f"policy must be UTF-8: octet {error.start} is not"]) from error
    return _read_yaml(text) if spelling is Spelling.YAML else _read_json(text, spelling)


def _read_json(text: str, spelling: Spelling) -> object:
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=float, parse_int=_integer)
    except _TwiceError as error:
        raise PolicyError([_placed(text) or f"{error.name!a:.80} must not stand twice in one object"]) from error
    except json.JSONDecodeError as error:
        is_json = spelling is Spelling.JSON or (text.lstrip().startswith("{") and '"' in text)
        if is_json:  # it was meant as JSON, so say what is wrong with that
            raise UnreadableError([f"line {error.lineno}: {error.msg}"]) from error
        return _read_yaml(text)
    except RecursionError as error:
        raise UnreadableError([f"policy must nest at most {DEPTH_MAX} deep"]) from error


_DIGITS_MAX = 19


def _integer(digits: str) -> int:
    """Return the number; one that is too long for any policy, and slow to read, as another too large for each."""
    return int(digits[: _DIGITS_MAX + 1])


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise _TwiceError(twice)
    return found


def _placed(text: str) -> str:
    """Return the sentence, with its line and path, about a name that stands twice in JSON: most of it is YAML, too."""
    try:
        _read_yaml(text)
    except PolicyError as error:
        return error.errors[0] if "must not stand twice" in error.errors[0] else ""
    return ""


def _read_yaml(text: str) -> object:
    builder = _Builder()
    try:
        builder.build(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "no YAML can be read there"
        if mark and any("\t" in line for line in text.split("\n")[mark.line : mark.line + 1]):
            problem += "; a tab does not indent: write blanks"
        raise UnreadableError([f"{where}{problem}"]) from error
    return builder.document


@dataclass(slots=True)
class _Open:
    """A collection that is not complete yet, at ``path``; of a mapping, ``name`` is the one whose value comes next."""

    value: dict[str, object] | list[object]
    path: str = ""
    name: str | None = None

    @property
    def next_path(self) -> str:
        """Where the next value stands."""
        if isinstance(self.value, list):
            return f"{self.path}[{len(self.value)}]"
        return join(self.path, printable(self.name or ""))


@dataclass(slots=True)
class _Builder:
    """Builds one document from YAML events: without recursion, each node once."""

    document: object = None
    _open: list[_Open] = field(default_factory=list)
    _documents: int = 0

    def build(self, events: Iterable[yaml.Event]) -> None:
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        self._refuse(event, "only one document may stand here")
                case yaml.AliasEvent():
                    self._refuse(event, "aliases are not read: write the value out")
                case yaml.ScalarEvent():
                    self._take(event, self._scalar(event))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._open.pop()
                case _:
                    pass

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if event.tag is not None:
            self._refuse(event, "tags are not read")
        if len(self._open) >= DEPTH_MAX:
            self._refuse(event, f"a policy nests at most {DEPTH_MAX} deep")
        value: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._open[-1].next_path if self._open else ""
        self._take(event, value)
        self._open.append(_Open(value, path))

    def _take(self, event: yaml.Event, value: object) -> None:
        """Put a value where it belongs: into the innermost open collection, or it is the document."""
        if not self._open:
            self.document = value
            return
        inner = self._open[-1]
        if isinstance(inner.value, list):
            inner.value.append(value)
        elif inner.name is not None:
            inner.value[inner.name] = value
            inner.name = None
        elif not isinstance(value, str):
            self._refuse(event, "a name must be text")
        elif value == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:  # in quotes it is a name
            self._refuse(event, "merge keys are not read")
        elif value in inner.value:
            self._refuse(event, f"{join(inner.path, printable(value))} must not stand twice in one object")
        else:
            inner.name = value

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        if event.tag is not None and event.tag != "!":
            self._refuse(event, "tags are not read")
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _refuse(self, event: yaml.Event, sentence: str) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        raise PolicyError([f"line {line}: {sentence}"])
