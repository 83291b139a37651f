"""A grant from one prompt: which tools it asks for, and which calls of them say no more than it says. Pure.

The derivation sees the prompt, what the tools declare and the contacts the operator trusts; nothing of what a model
will do, or should. It reads words, it understands none: what it does not find it does not grant.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.stated import Contact, Stated
from gatepost.act.hosted.verbs import ACTS, ASIDE, DOES, LINKS, READS, RETURNS, TASKS, THINGS, name_words, stem
from gatepost.record.paper import Json

_PLACES = frozenset({
    "recipient", "recipients", "to", "cc", "bcc", "address", "email", "user", "participants", "attendees", "guests",
    "channel", "url", "uri", "link", "hotel", "company", "restaurant", "account", "iban", "path", "password", "host",
})  # fmt: skip
_ADDRESSES = frozenset({"url", "uri", "link", "host", "website", "webpage"})
_DAYS = frozenset({"date", "day", "time", "start", "end", "when"})
_DELEGATES_WITHIN = 5
_ACTING = frozenset(f"{verb}s" for verb in ACTS) | {"carries", "carried", "applies", "then"}
"""Verbs of acting as a description says them of its tool."""


class Strictness(IntEnum):
    """How much of a call the prompt must say before it runs without a person; each step includes the one before."""

    NOTHING = 0  # no gate: every call runs; what an adversary reaches without us
    TOOLS = 1  # the prompt asks for the tool
    PLACES = 2  # and says whom and where it reaches
    WORDS = 3  # and every text, amount and day it carries; the time of day is the model's
    MINUTES = 4  # and the time of day
    LABELS = 5  # nothing that acts runs by itself once a stranger's words were read


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A tool as its server declares it."""

    name: str
    description: str
    schema: Mapping[str, Any]

    @property
    def is_reading(self) -> bool:
        """It only looks by its name and by what it says of itself, and no argument names an address on the network.

        Whoever fetches an address of a stranger's choice has told the stranger something. What is in doubt acts.
        """
        arguments = {word for name in self.schema.get("properties", {}) for word in name_words(name)}
        return _looks(name_words(self.name)) and _says_it_looks(self.description) and not arguments & _ADDRESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What one prompt grants.

    Attributes:
        tools: what a turn may be shown: those that look, and those that act and are asked for; the others are refused.
        accepts: the lowest label at which each runs whatever its arguments say.
    """

    tools: frozenset[str]
    accepts: Mapping[str, Label]
    _asked: frozenset[str]
    _stated: Stated
    _strictness: Strictness

    def states(self, tool: str, arguments: Mapping[str, Json]) -> bool:
        """Tell whether the prompt asks for this tool and says what the call would carry."""
        return tool in self._asked and all(
            _is_said(self._stated, name, value, self._strictness) for name, value in arguments.items()
        )


def derive(
    prompt: str, tools: Iterable[Declared], contacts: Iterable[Contact], strictness: Strictness = Strictness.WORDS
) -> Derived:
    """Return the grant of a prompt."""
    declared = tuple(tools)
    stated = Stated(prompt, contacts)
    reading = {tool.name for tool in declared if tool.is_reading}
    acting = {tool.name for tool in declared} - reading
    stems = frozenset(map(stem, stated.words))
    asked = _asked([tool for tool in declared if tool.name in acting], stems, stated.words)
    if strictness is Strictness.NOTHING:
        asked, reading = acting, reading | acting
    looking = {tool.name for tool in declared if name_words(tool.name)[0] in READS}
    return Derived(
        tools=frozenset(reading | looking | (acting if delegates(stated.words) else asked)),
        accepts={tool.name: Label.ANYBODY if tool.name in reading else Label.OPERATOR for tool in declared},
        _asked=frozenset(asked) if strictness < Strictness.LABELS else frozenset(),
        _stated=stated,
        _strictness=strictness,
    )


def delegates(words: tuple[str, ...]) -> bool:
    """Tell whether a prompt leaves to a text that is yet to be read what is to be done ("do the tasks on my list").

    Then every tool that acts may be asked for, and a person approves each call.
    """
    for place, word in enumerate(words):
        if word in {"do", "perform", "follow", "execute", "complete", "carry", "handle"}:
            after = words[place + 1 : place + 1 + _DELEGATES_WITHIN]
            found = next((index for index, each in enumerate(after) if stem(each) in TASKS), None)
            if found is not None and "following" not in after[:found]:
                return True
    return False


def _asked(acting: Sequence[Declared], stems: frozenset[str], words: tuple[str, ...]) -> set[str]:
    """Return the tools for whose doing the prompt has a word, and for what it is done to.

    Where only one of the tools does what the word says, what it is done to need not be said.
    """
    said = {tool.name: _does(tool) & stems for tool in acting}
    shared = Counter(word for found in said.values() for word in found)
    return {
        tool.name
        for tool in acting
        if any(shared[word] == 1 for word in said[tool.name])
        or (said[tool.name] and _has_thing(tool, stems, words))
        or (name_words(tool.name)[0] in READS and any(map(_is_address, words)))
    }


def _looks(name: Sequence[str]) -> bool:
    first, *others = name
    return first in READS and not (others[:1] and others[0] in ASIDE) and not ACTS & set(others)


def _says_it_looks(description: str) -> bool:
    """Tell whether a description begins with a word of looking and nowhere has a verb of acting; an empty one may."""
    first, *others = name_words(description)
    return not first or (bool({first, stem(first)} & RETURNS) and not _ACTING & set(others))


def _does(tool: Declared) -> frozenset[str]:
    verb = name_words(tool.name)[0]
    return frozenset() if verb in READS else DOES.get(verb, frozenset({stem(verb)}))


def _has_thing(tool: Declared, stems: frozenset[str], words: tuple[str, ...]) -> bool:
    wanted: set[str] = set()
    for thing in set(name_words(tool.name)[1:]) - LINKS:
        wanted |= THINGS.get(stem(thing), {stem(thing)})
    return not wanted or bool(wanted & stems) or ("@" in wanted and any("@" in word for word in words))


def _is_address(word: str) -> bool:
    return "@" not in word and (word.startswith(("http://", "https://", "www.")))


def _is_said(stated: Stated, name: str, value: Json, strictness: Strictness) -> bool:
    parts = name_words(name)
    is_place, is_id = bool(_PLACES & set(parts)), parts[-1] in {"id", "ids"}
    if strictness < Strictness.PLACES or (strictness is Strictness.PLACES and not is_place and not is_id):
        return True
    if is_id:
        return stated.identifies(value)
    if _DAYS & set(parts):
        return stated.dates(value, to_the_minute=strictness >= Strictness.MINUTES)
    return stated.says(value)
