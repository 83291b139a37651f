"""Style sheets inside a mail, as far as they can hide text: classes, ids, tags, and these below one another."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import NamedTuple

from gatepost.verify.reading.html_rules import MAX_SELECTOR_CHARS, rules
from gatepost.verify.reading.html_style import NO_STYLE, Look, Style, declarations, look_below, unescaped

MAX_RULES = 1_000
MAX_RULES_PER_KEY = 20
MAX_BLOCKS = 5_000
"""Blocks looked at; no mail has as many."""
MAX_BLOCK_CHARS = 4_000
MAX_COMPOUNDS = 6

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
MAX_CHOICES = 20
_COMPOUND = re.compile(
    r"(?P<tag>\*|[a-z][a-z0-9]*)?(?P<names>(?:[.#][^\W_][\w\-]*|[.#][_\-][\w\-]*|\[[^\]]{1,200}\]|:not\([^()]{1,200}\)"
    r"|:(?:first|last|only|nth|nth-last)-(?:child|of-type)(?:\([^()]{1,40}\))?|:has\([^()]{1,200}\))*)"
)
_NAME = re.compile(r"[.#][\w\-]+|\[[^\]]+\]|:[a-z\-]+(?:\([^()]+\))?")
_COMBINATOR = re.compile(r"(\[[^\]]*\]|\([^()]*\))|\s*([>+~])\s*")
_PLACE = re.compile(r":(?P<nth>first|nth)-(?P<of>child|of-type)(?:\((?P<formula>[^()]*)\))?")
_FORMULA = re.compile(r"\s*(?P<step>[+-]?[0-9]{0,4}n)?\s*(?P<offset>[+-]?\s*[0-9]{1,4})?\s*", re.ASCII)
_AHEAD = re.compile(r":(?:last|only|nth-last|has)\b")
_ATTRIBUTE = re.compile(
    r"""\[\s*(?P<name>[\w\-]+)\s*(?:(?P<how>[~^$*|]?)=\s*(?P<quote>["']?)(?P<value>[^"'\]]*)(?P=quote)\s*[is]?\s*)?\]"""
)
_CHOICE = re.compile(r":(?:is|where|matches|-webkit-any)\(([^()]{1,500})\)")
_VALUE_SPACES = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_COMPARED: dict[str | None, Callable[[str, str], bool]] = {
    None: lambda has, wanted: True,  # noqa: ARG005  # to be there is enough
    "": lambda has, wanted: has == wanted,
    "~": lambda has, wanted: wanted in has.split(),
    "^": lambda has, wanted: has.startswith(wanted),
    "$": lambda has, wanted: has.endswith(wanted),
    "*": lambda has, wanted: wanted in has,
    "|": lambda has, wanted: has == wanted or has.startswith(f"{wanted}-"),
}
_ALWAYS_ABOVE = frozenset({"html", "body"})


class Kin(NamedTuple):
    """The elements before one, below the same parent.

    Attributes:
        position: its own place among all of them, from 1, and ``of_type`` among those of its tag.
        last: what a selector may call the one right before it; ``earlier`` any of them.
    """

    position: int = 1
    of_type: int = 1
    last: Collection[str] = ()
    earlier: Collection[str] = ()


NO_KIN = Kin()


class Children:
    """The elements of one parent so far."""

    def __init__(self) -> None:
        self._count = 0
        self._tags: Counter[str] = Counter()
        self._earlier: set[str] = set()
        self._last: list[str] = []

    def add(self, tag: str, names: list[str]) -> Kin:
        """Return the kin of the next element, good until the one after it."""
        self._count += 1
        self._tags[tag] += 1
        self._earlier.update(self._last)
        kin = Kin(self._count, self._tags[tag], self._last, self._earlier)
        self._last = names
        return kin


class _Rule:
    """One selector: what the element itself must be, what must stand above it, and what right or anywhere before."""

    def __init__(
        self,
        own: tuple[str, ...],
        above: tuple[tuple[str, ...], ...],
        style: Style,
        beside: tuple[str, tuple[str, ...]] = ("", ()),
    ) -> None:
        self.beside = beside
        self.own = tuple(name for name in own if name[0] not in "[:")
        self.conditions = tuple(name for name in own if name[0] in "[:")
        self.above = above
        self.style = style


class Sheet:
    """All style sheets of one document.

    Simplified from CSS: among rules the later wins, whatever its specificity; what stands above an element must be
    there, in whatever order; a selector with more than names, tags, attributes, ``:not()``, ``:is()`` and descent is
    not read, nor are attributes of what stands above. @media counts where a screen of
    ``html_rules.SCREEN_PIXELS`` would take it. Custom properties count for the whole document.
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._variables: dict[str, str] = {}
        self._joined: dict[tuple[_Rule, ...], Style] = {}
        self._count = 0
        self._blocks = 0
        self.asks_kin = False

    def read(self, source: str) -> None:
        """Add the rules of a style element; linear."""
        self._joined.clear()
        written = rules(_COMMENT.sub(" ", source).replace("<!--", " ").replace("-->", " "))
        for selectors, block in islice(written, max(MAX_BLOCKS - self._blocks, 0)):
            self._blocks += 1
            if len(selectors) > MAX_SELECTOR_CHARS or len(block) > MAX_BLOCK_CHARS:
                continue
            style = declarations(block)
            self._variables |= {name: value for name, value in style.ordinary.items() if name.startswith("--")}
            for selector in _choices(unescaped(selectors).lower()):
                self._add(selector, style)

    def _add(self, selector: str, style: Style) -> None:
        selector = _VALUE_SPACES.sub(lambda found: "".join(found[0].split()), selector)
        words = _COMBINATOR.sub(lambda found: found[1] or f" {found[2]} ", selector).replace(" > ", " ").split()
        beside: tuple[str, tuple[str, ...]] = ("", ())
        if words[-2:-1] in (["+"], ["~"]) and len(words) > 2:  # noqa: PLR2004  # what stands beside, the sign, itself
            beside = (words[-2], _compound(words[-3]) or ("?",))
            del words[-3:-1]
        compounds = [found for word in words if (found := _compound(word)) is not None]
        if not compounds or len(compounds) != len(words) or len(compounds) > MAX_COMPOUNDS:
            return
        own = compounds[-1]
        if any(not _is_plain(name) for above in (*compounds[:-1], beside[1]) for name in above):
            return
        if any(map(_AHEAD.match, own)) and look_below(Look(), "p", {}, style).hidden_by is None:
            return
        listed = self._rules.setdefault(next((name for name in reversed(own) if name[0] not in "[:"), "*"), [])
        if self._count < MAX_RULES and len(listed) < MAX_RULES_PER_KEY:
            self._count += 1
            self.asks_kin = self.asks_kin or bool(beside[0]) or any(map(_PLACE.match, own))
            listed.append(_Rule(own, tuple(compounds[:-1]), style, beside))

    def style_of(self, tag: str, attributes: Mapping[str, str], above: Counter[str], kin: Kin = NO_KIN) -> Style:
        """Return what the sheets declare for an element; the same object for all that the same rules apply to.

        ``above``: how many open elements bear each name.
        """
        if not self._rules:
            return NO_STYLE
        names = names_of(tag, attributes)
        rules = tuple(
            [
                rule
                for key in ("*", *names)
                for rule in self._rules.get(key, ())
                if all(name in names for name in rule.own)
                and all(above[one] or one in _ALWAYS_ABOVE for part in rule.above for one in part)
                and all(_holds(condition, names, attributes, kin) for condition in rule.conditions)
                and (not rule.beside[0] or _stands_beside(rule.beside, kin))
            ]
        )
        if not rules and not self._variables:
            return NO_STYLE
        found = self._joined.get(rules)
        if found is None:
            found = self._joined[rules] = Style(dict(self._variables), {})
            for rule in rules:
                found.ordinary.update(rule.style.ordinary)
                found.important.update(rule.style.important)
        return found


def names_of(tag: str, attributes: Mapping[str, str]) -> list[str]:
    """Return what a selector may call an element: its tag, its classes, its id."""
    names = [tag]
    if "class" in attributes:
        names += [f".{name}" for name in attributes["class"].lower().split()[:20]]
    if "id" in attributes:
        names.append(f"#{attributes['id'].lower()}")
    names += [f"[{name}]" for name in attributes]
    return names


def _choices(selectors: str) -> list[str]:
    """Cut a list of selectors at its commas, each choice of ``:is()`` written out."""
    for _ in range(MAX_COMPOUNDS):
        found = _CHOICE.search(selectors)
        if found is None:
            break
        before = selectors[: found.start()].rpartition(",")
        end = selectors.find(",", found.end())
        behind = selectors[found.end() : end if end >= 0 else len(selectors)]
        written = (before[2] + choice.strip() + behind for choice in found[1].split(",")[:MAX_CHOICES])
        selectors = before[0] + before[1] + ",".join(written) + (selectors[end:] if end >= 0 else "")
        if len(selectors) > MAX_SELECTOR_CHARS:
            break
    return selectors.replace(":root", "html").split(",")


def _is_plain(name: str) -> bool:
    """Tell whether a name can be looked up among those of the elements around: a bare attribute can."""
    return name[0] not in ":?" and (name[0] != "[" or name[1:-1].replace("-", "").isalnum())


def _stands_beside(beside: tuple[str, tuple[str, ...]], kin: Kin) -> bool:
    """Tell whether what must stand right before the element, or anywhere before it, does."""
    sign, wanted = beside
    return all(name in (kin.last if sign == "+" else kin.earlier) for name in wanted)


def _holds(condition: str, names: list[str], attributes: Mapping[str, str], kin: Kin) -> bool:
    """Tell whether an element fulfils a condition; what cannot be read does not hold.

    What comes behind an element is not known yet: a rule that hides by it, hides.
    """
    if condition.startswith(":not("):
        inner = condition[5:-1].strip()
        if inner[:1] == ":":
            return True  # :not(:hover): nobody points at it
        return not (_holds(inner, names, attributes, kin) if inner[:1] == "[" else inner in names)
    if condition[0] == ":":
        return _AHEAD.match(condition) is not None or _is_at(condition, kin)
    found = _ATTRIBUTE.fullmatch(condition)
    if found is None or found["name"] not in attributes:
        return False
    has, wanted = attributes[found["name"]].lower(), found["value"]
    return _COMPARED[found["how"]](has, wanted) and bool(wanted or not found["how"])


def _is_at(condition: str, kin: Kin) -> bool:
    """Tell whether an element stands at a place (Selectors 4 section 14): ``an+b``, odd, even, first."""
    found = _PLACE.fullmatch(condition)
    if found is None:
        return False
    place = kin.position if found["of"] == "child" else kin.of_type
    written = {"odd": "2n+1", "even": "2n"}.get(found["formula"] or "1", found["formula"] or "1")
    formula = _FORMULA.fullmatch(written) if found["nth"] == "nth" else None
    if formula is None:
        return found["nth"] == "first" and place == 1
    step = formula["step"][:-1] if formula["step"] else "0"
    a = int(step + "1" if step in {"", "+", "-"} else step)
    b = int((formula["offset"] or "0").replace(" ", ""))
    return (place - b) % a == 0 and (place - b) // a >= 0 if a else place == b


def _compound(word: str) -> tuple[str, ...] | None:
    found = _COMPOUND.fullmatch(word)
    if found is None:
        return None
    tag = found["tag"] or ""
    return (*((tag,) if tag not in {"", "*"} else ()), *_NAME.findall(found["names"]))
