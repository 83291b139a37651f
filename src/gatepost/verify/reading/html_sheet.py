"""Style sheets inside a mail, as far as they can hide text: classes, ids, tags, and these below one another."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gatepost.verify.reading import html_condition
from gatepost.verify.reading.html_condition import NO_KIN, Condition, Kin
from gatepost.verify.reading.html_rules import MAX_SELECTOR_CHARS, rules
from gatepost.verify.reading.html_style import NO_STYLE, Look, Style, declarations, look_below, unescaped
from gatepost.verify.reading.html_tame import tame

MAX_RULES = 5_000
MAX_RULES_PER_KEY = 200
MAX_BLOCKS = 5_000
"""Blocks looked at; no mail has as many."""
MAX_BLOCK_CHARS = 100_000
MAX_COMPOUNDS = 20
MAX_PARTS = 20
"""Names and conditions of one compound."""
MAX_WORK = 400_000
"""How many names and conditions are compared for one document; a large newsletter takes a tenth."""
MAX_CHOICES = 20
MAX_NESTED_CHOICES = 6
_COMPOUND = re.compile(
    r"(?P<tag>\*|[a-z][a-z0-9\-]*)?(?P<names>(?:[.#][^\W_][\w\-]*|[.#][_\-][\w\-]*|\[[^\]]{1,200}\]|:not\([^()]{1,200}\)"
    r"|:(?:first|last|only|nth|nth-last)-(?:child|of-type)(?:\([^()]{1,40}\))?|:has\([^()]{1,200}\))*)"
)
_NAME = re.compile(r"[.#][\w\-]+|\[[^\]]+\]|:[a-z\-]+(?:\([^()]+\))?")
_COMBINATOR = re.compile(r"(\[[^\]]*\]|\([^()]*\))|\s*([>+~])\s*")
_CHOICE = re.compile(r":(?:is|where|matches|-webkit-any)\(([^()]{1,500})\)")
_VALUE_SPACES = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_GIVEN = re.compile(
    r":(?:defined|any-link|link|read-only|enabled|scope|lang\([^()]{1,40}\)|dir\(ltr\))(?![\w\-])|::first-(?:line|letter)\b"
    r"|(?<![\w\])])[*\w]*\|(?!=)"
)
"""What holds of every element that a mail shows, and the namespace that all of them are in."""
_BESIDE = frozenset("+~")
_ESCAPED = {ord(sign): "_" for sign in "!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"}
"""What ``html_tame`` leaves of a sign that a selector escapes."""
_ALWAYS_ABOVE = frozenset({"html", "body"})


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


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    """One selector.

    Attributes:
        own, conditions: what the element itself must be.
        above: what must stand above it.
        seen: what must have stood anywhere before.
        beside: ``+`` or ``~``, and what must stand right before it, or anywhere before it below the same parent.
    """

    own: tuple[str, ...]
    conditions: tuple[Condition, ...]
    above: tuple[str, ...]
    seen: tuple[str, ...]
    beside: tuple[str, tuple[str, ...]]
    style: Style

    @property
    def cost(self) -> int:
        return 1 + len(self.own) + len(self.conditions) + len(self.above) + len(self.seen) + len(self.beside[1])


class _Block:
    """Declarations, and whether they hide what they apply to."""

    def __init__(self, style: Style) -> None:
        self.style = style

    @cached_property
    def hides(self) -> bool:
        return look_below(Look(), "p", {}, self.style).hidden_by is not None


class Sheet:
    """All style sheets of one document.

    Simplified from CSS: among rules the later wins, whatever its specificity; what stands above an element must be
    there, in whatever order. Where a selector asks more than is read here, a rule that hides, hides all that it may
    mean, and any other is dropped. @media counts where a screen of ``html_media.SCREEN_PIXELS`` would take it. Custom
    properties count for the whole document.

    Attributes:
        is_cut: there was more than is read, or than one document is worth.
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._costs: Counter[str] = Counter()
        self._variables: dict[str, str] = {}
        self._joined: dict[tuple[_Rule, ...], Style] = {}
        self._count = 0
        self._blocks = 0
        self._work = 0
        self._seen: set[str] = set()
        self._asks_seen = False
        self.asks_kin = False
        self.is_cut = False

    def read(self, source: str) -> None:
        """Add the rules of a style element; linear."""
        self._joined.clear()
        written = rules(tame(source).replace("<!--", " ").replace("-->", " "))
        for selectors, declared in written:
            self._blocks += 1
            if self._blocks > MAX_BLOCKS or len(declared) > MAX_BLOCK_CHARS:
                self.is_cut = True
                continue
            block = _Block(declarations(declared))
            self._variables |= {name: value for name, value in block.style.ordinary.items() if name.startswith("--")}
            for selector in _choices(unescaped(selectors).lower()):
                self._add(selector, block)

    def _add(self, selector: str, block: _Block) -> None:
        if len(selector) > MAX_SELECTOR_CHARS:
            self.is_cut = True
            return
        selector = _VALUE_SPACES.sub(lambda found: "".join(found[0].split()), _GIVEN.sub("", selector))
        words = _COMBINATOR.sub(lambda found: found[1] or f" {found[2]} ", selector).replace(" > ", " ").split()
        compounds = [() if word in _BESIDE else _compound(word) for word in words]
        if not words or {words[0], words[-1]} & _BESIDE or None in compounds or len(words) > MAX_COMPOUNDS:
            return
        rule, is_exact = _rule(words, [compound or () for compound in compounds], block.style)
        if not is_exact and not block.hides:
            return
        key = next(iter(reversed(rule.own)), "*")
        listed = self._rules.setdefault(key, [])
        if self._count >= MAX_RULES or len(listed) >= MAX_RULES_PER_KEY:
            self.is_cut = self.is_cut or block.hides
            return
        self._count += 1
        self._costs[key] += rule.cost
        self.asks_kin = (
            self.asks_kin or bool(rule.beside[0]) or any(map(html_condition.asks_place, compounds[-1] or ()))
        )
        self._asks_seen = self._asks_seen or bool(rule.seen)
        listed.append(rule)

    def style_of(self, tag: str, attributes: Mapping[str, str], above: Counter[str], kin: Kin = NO_KIN) -> Style:
        """Return what the sheets declare for an element; the same object for all that the same rules apply to.

        ``above``: how many open elements bear each name.
        """
        if not self._rules:
            return NO_STYLE
        names = names_of(tag, attributes)
        self._work += 1 + sum(self._costs[key] for key in ("*", *names))
        if self._work > MAX_WORK:
            self.is_cut = True
            return NO_STYLE
        rules = tuple(
            [
                rule
                for key in ("*", *names)
                for rule in self._rules.get(key, ())
                if all(name in names for name in rule.own)
                and all(above[one] or one in _ALWAYS_ABOVE for one in rule.above)
                and all(holds(names, attributes, kin) for holds in rule.conditions)
                and (not rule.beside[0] or _stands_beside(rule.beside, kin))
                and self._seen.issuperset(rule.seen)
            ]
        )
        if self._asks_seen:
            self._seen.update(names)
        if not rules and not self._variables:
            return NO_STYLE
        found = self._joined.get(rules)
        return self._join(rules) if found is None else found

    def _join(self, rules: tuple[_Rule, ...]) -> Style:
        found = self._joined[rules] = Style(dict(self._variables), {})
        for rule in rules:
            found.ordinary.update(rule.style.ordinary)
            found.important.update(rule.style.important)
        self._work += (len(self._variables) + sum(len(rule.style.ordinary) for rule in rules)) // 10
        return found


def _rule(words: list[str], compounds: list[tuple[str, ...]], style: Style) -> tuple[_Rule, bool]:
    """Return what a selector asks, and whether that is all it asks."""
    above, seen, beside = list[str](), list[str](), ("", tuple[str, ...]())
    is_exact = True
    for place, compound in enumerate(compounds[:-1]):
        plain = tuple(name for name in compound if _is_plain(name))
        is_exact = is_exact and len(plain) == len(compound)
        sign = words[place + 1]
        if sign not in _BESIDE:
            above += plain
        elif place + 3 == len(words):
            beside = (sign, plain)
        else:
            seen += plain
    own = tuple(dict.fromkeys(compounds[-1]))
    asked = [html_condition.read(name) for name in own[:MAX_PARTS] if name[0] in "[:"]
    conditions = tuple(condition for condition in asked if condition is not None)
    is_exact = is_exact and len(own) <= MAX_PARTS and len(conditions) == len(asked)
    is_exact = is_exact and not any(map(html_condition.looks_ahead, own))
    plain = tuple(name for name in own[:MAX_PARTS] if name[0] not in "[:")
    return _Rule(plain, conditions, tuple(dict.fromkeys(above)), tuple(seen), beside, style), is_exact


def names_of(tag: str, attributes: Mapping[str, str]) -> list[str]:
    """Return what a selector may call an element: its tag, its classes, its id."""
    names = [tag]
    if "class" in attributes:
        names += [f".{name}" for name in attributes["class"].translate(_ESCAPED).lower().split()[:20]]
    if "id" in attributes:
        names.append(f"#{attributes['id'].lower()}")
    names += [f"[{name}]" for name in attributes]
    return names


def _choices(selectors: str) -> list[str]:
    """Cut a list of selectors at its commas, each choice of ``:is()`` written out where the list is short."""
    for _ in range(MAX_NESTED_CHOICES if len(selectors) <= MAX_SELECTOR_CHARS else 0):
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


def _compound(word: str) -> tuple[str, ...] | None:
    found = _COMPOUND.fullmatch(word)
    if found is None:
        return None
    tag = found["tag"] or ""
    return (*((tag,) if tag not in {"", "*"} else ()), *_NAME.findall(found["names"]))
