"""Style sheets inside a mail, as far as they can hide text: which declarations speak of which element."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from gatepost.verify.reading.html_allowance import Allowance
from gatepost.verify.reading.html_animation import Animations
from gatepost.verify.reading.html_node import Borne, Node, Steps, TooManySteps
from gatepost.verify.reading.html_rules import Scope, rules
from gatepost.verify.reading.html_selector import GENERATED, Selector, known, selectors
from gatepost.verify.reading.html_shorthand import lay
from gatepost.verify.reading.html_style import NO_STYLE, Look, Style, declarations, is_telling, look_below, telling
from gatepost.verify.reading.html_tokens import NOTHING, plain, written

MAX_RULES = 20_000
MAX_BLOCKS = 20_000
"""Blocks looked at; no mail has as many."""
KNOWN_CHARS = 100
"""Newsletters of all senders have the same short selectors."""
STEPS, STEPS_A_CHAR = 100_000, 1
"""Questions that may be asked of elements: as many, and so many more for each character of the document."""
_FEW = 12
_GENERATED = tuple(f"::{name}" for name in GENERATED)
_IMPLIED = frozenset({"html", "body"})
_OF_PLACES = ("+", "~", "child", "of-type")
"""Without these no selector asks which elements came before one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    """One selector and what it declares.

    ``above``: names that elements around must bear; ``is_name``: nothing else is asked.
    """

    selector: Selector
    above: frozenset[str]
    is_name: bool
    style: Style
    layer: str
    order: int


class Sheet:
    """All style sheets of one document.

    Simplified from CSS: @media counts where a screen of ``html_media`` would take it; what asks for elements that come
    later, or is not understood, counts where it hides. Nothing is left out silently: ``unread`` says what was not read,
    and from when ``is_tired`` a rule that hides counts for every element that bears the last name of its selector.
    ``asks_places``: selectors ask what stands before an element; ``asks_values``: what its attributes say.
    """

    def __init__(self, size: int = 0, *, is_quirky: bool = True, allowance: Allowance | None = None) -> None:
        self.unread: list[str] = []
        self.is_tired = self.asks_places = self.asks_values = False
        self.is_quirky = is_quirky
        self.animations = Animations()
        self.registered: dict[str, str] = {}
        self._steps = Steps(STEPS_A_CHAR * size, STEPS, allowance or Allowance())
        self._rules: dict[str, dict[str, list[_Rule]]] = {}  # by a name of the element, and one that is borne above
        self._layers: list[str] = []
        self._scopes: dict[Scope, tuple[Selector, ...] | None] = {}
        self._joined: dict[tuple[_Rule, ...], Style] = {}
        self._hiding: dict[str, Style] = {}
        self._count = self._blocks = 0

    def read(self, source: str) -> None:
        """Add the rules of a style element; linear."""
        self._joined.clear()
        found = rules(plain(source), self._layers, self.unread)
        for scope, block in islice(found, MAX_BLOCKS - self._blocks):
            self._blocks += 1
            style = declarations(block)
            if scope.is_property:
                if scope.is_sure and "initial-value" in style.ordinary:
                    self.registered[written(scope.selectors)] = style.ordinary["initial-value"]
            elif scope.frames:
                if scope.is_sure and not self.animations.add(
                    scope.frames, scope.around, written(scope.selectors), telling(style)
                ):
                    self.unread.append(block)
            elif is_telling(style):
                for selector in self._selectors(scope) or ():
                    self._add(selector, style, scope)
        self.unread += [block for _, block in islice(found, 1)]
        self._scopes.clear()

    def _selectors(self, scope: Scope) -> tuple[Selector, ...] | None:
        """Return what a scope speaks of; None outside of all rules."""
        if scope not in self._scopes:
            around = None if scope.around is None else self._selectors(scope.around)
            text = scope.selectors
            lowered = text.replace(NOTHING, "").lower()  # as selectors are read: a comment may stand inside a word
            self.asks_places = self.asks_places or any(sign in lowered for sign in _OF_PLACES)
            self.asks_values = self.asks_values or "=" in text or "lang" in lowered
            if not text:
                self._scopes[scope] = around
            elif around is None and len(text) <= KNOWN_CHARS:
                self._scopes[scope] = known(text, is_quirky=self.is_quirky)
            else:
                self._scopes[scope] = selectors(text, around, is_quirky=self.is_quirky)
        return self._scopes[scope]

    def _add(self, selector: Selector, style: Style, scope: Scope) -> None:
        if not (selector.is_sure and scope.is_sure) and not _hides(style):
            return
        if self._count >= MAX_RULES:
            self.unread.append(selector.key)
            return
        self._count += 1
        above = frozenset(name for name in selector.above() if name not in _IMPLIED)
        rule = _Rule(selector, above, selector.is_name, style, scope.layer, self._count)
        listed = self._rules.setdefault(selector.key, {})
        rarest = min(above, key=lambda name: len(listed.get(name, ()))) if above else ""
        listed.setdefault(rarest, []).append(rule)

    def generated(self, node: Node, above: Borne) -> Iterator[Style]:
        """Yield what the sheets declare for the boxes that they write into an element."""
        for key in _GENERATED:
            if key in self._rules:
                style = self.style_of(Node(key, node.attributes, [*node.names, key], node.parent), above, (key,))
                if style is not NO_STYLE:
                    yield style

    def style_of(self, node: Node, above: Borne, keys: Sequence[str] = ()) -> Style:
        """Return what the sheets declare for an element; the same object for all that the same rules apply to.

        ``above``: how many open elements bear each name; ``keys``: names by which alone rules are looked up.
        """
        if not self._rules:
            return NO_STYLE
        keys = keys or ("*", *node.names)
        if self.is_tired:
            return next((self._hiding[name] for name in keys if name in self._hiding), NO_STYLE)
        try:
            found = tuple(
                [
                    rule
                    for key in keys
                    if key in self._rules
                    for rule in self._asked(key, above)
                    if rule.is_name or (above.keys() >= rule.above and rule.selector.fits(node, self._steps))
                ]
            )
            return self._style(found) if found else NO_STYLE
        except TooManySteps:
            self._tire()
            return self.style_of(node, above, keys)

    def _asked(self, key: str, above: Borne) -> list[_Rule]:
        """Return the rules that may speak of an element of that name, below elements that bear those names."""
        listed = self._rules[key]
        found = listed.get("", [])
        if len(listed) > bool(found):
            named = sorted(listed.keys() & above.keys())
            found = [*found, *(rule for name in named for rule in listed[name])]
        self._steps.take(len(found))
        return found

    def _tire(self) -> None:
        self.is_tired = True
        for key, listed in self._rules.items():
            rules_ = sorted((rule for some in listed.values() for rule in some), key=lambda rule: rule.order)
            hiding = next((rule.style for rule in rules_ if _hides(rule.style)), None)
            if hiding is not None:
                self._hiding[key] = hiding

    def _style(self, found: tuple[_Rule, ...]) -> Style:
        """Join what rules declare, in the order of the cascade (CSS Cascading 5 section 6)."""
        style = self._joined.get(found)
        if style is None:
            self._steps.take(sum(len(rule.style.variables) for rule in found))
            rank = {name: at for at, name in enumerate(dict.fromkeys(self._layers))} if self._layers else {}
            last = len(rank)
            ranked = sorted(found, key=lambda rule: (rank.get(rule.layer, last), rule.selector.weight, rule.order))
            style = self._joined[found] = Style({}, {}, {})
            for rule in ranked:
                lay(style.ordinary, rule.style.ordinary)
                style.variables.update(rule.style.variables)
            for rule in sorted(ranked, key=lambda rule: -rank.get(rule.layer, last)) if rank else ranked:
                lay(style.important, rule.style.important)
        return style


def _hides(style: Style) -> bool:
    return look_below(Look(), "p", {}, style).hidden_by is not None


def names_of(tag: str, attributes: Mapping[str, str], *, is_quirky: bool = True) -> Collection[str]:
    """Return what a selector may call an element: its tag, its classes, its id, what attributes it has."""
    names = [tag]
    if "class" in attributes:
        classes = attributes["class"].lower() if is_quirky else attributes["class"]
        names += [f".{name}" for name in dict.fromkeys(classes.split())]
    if "id" in attributes:
        names.append(f"#{attributes['id'].lower() if is_quirky else attributes['id']}")
    names += [f"[{name}]" for name in attributes]
    return names if len(names) < _FEW else frozenset(names)
