"""Style sheets inside a mail, as far as they can hide text: classes, ids, tags, and these below one another."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from gatepost.verify.reading.html_style import NO_STYLE, Style, declarations

MAX_RULES = 1_000
MAX_RULES_PER_KEY = 20
MAX_SELECTOR_CHARS = 1_000
MAX_BLOCK_CHARS = 4_000
MAX_COMPOUNDS = 6

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMPOUND = re.compile(r"(?P<tag>\*|[a-z][a-z0-9]*)?(?P<names>(?:[.#][a-z0-9_\-]+)*)", re.ASCII)
_NAME = re.compile(r"[.#][a-z0-9_\-]+", re.ASCII)
_FEATURE = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([0-9]{1,5})(px|em|)\s*\)", re.ASCII)
SCREEN_PIXELS = 800.0
"""The window we imagine a mail to be read in."""


class _Rule:
    """One selector: what the element itself must be, and what must stand above it."""

    def __init__(self, own: tuple[str, ...], above: tuple[tuple[str, ...], ...], style: Style) -> None:
        self.own = own
        self.above = above
        self.style = style


class Sheet:
    """All style sheets of one document.

    Simplified from CSS: among rules the later wins, whatever its specificity; what stands above an element must be
    there, in whatever order; a selector with more than names, tags and descent is not read. @media counts where a
    screen of ``SCREEN_PIXELS`` would take it.
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._count = 0

    def read(self, source: str) -> None:
        """Add the rules of a style element; linear."""
        for selectors, block in _rules(_COMMENT.sub(" ", source).replace("<!--", " ").replace("-->", " ")):
            if len(selectors) > MAX_SELECTOR_CHARS or len(block) > MAX_BLOCK_CHARS:
                continue
            style = declarations(block)
            for selector in selectors.lower().split(","):
                self._add(selector, style)

    def _add(self, selector: str, style: Style) -> None:
        words = selector.replace(">", " ").split()
        compounds = [found for word in words if (found := _compound(word)) is not None]
        if not compounds or len(compounds) != len(words) or len(compounds) > MAX_COMPOUNDS:
            return
        own = compounds[-1]
        listed = self._rules.setdefault(own[-1] if own else "*", [])
        if self._count < MAX_RULES and len(listed) < MAX_RULES_PER_KEY:
            self._count += 1
            listed.append(_Rule(own, tuple(compounds[:-1]), style))

    def style_of(self, tag: str, attributes: Mapping[str, str], above: Counter[str]) -> Style:
        """Return what the sheets declare for an element. ``above``: how many open elements bear each name."""
        if not self._rules:
            return NO_STYLE
        names = names_of(tag, attributes)
        found: Style | None = None
        for key in ("*", *names):
            for rule in self._rules.get(key, ()):
                if all(name in names for name in rule.own) and all(above[one] for part in rule.above for one in part):
                    if found is None:
                        found = Style({}, {})
                    found.ordinary.update(rule.style.ordinary)
                    found.important.update(rule.style.important)
        return found or NO_STYLE


def names_of(tag: str, attributes: Mapping[str, str]) -> list[str]:
    """Return what a selector may call an element: its tag, its classes, its id."""
    names = [tag]
    if "class" in attributes:
        names += [f".{name}" for name in attributes["class"].lower().split()[:20]]
    if "id" in attributes:
        names.append(f"#{attributes['id'].lower()}")
    return names


def _compound(word: str) -> tuple[str, ...] | None:
    found = _COMPOUND.fullmatch(word)
    if found is None:
        return None
    tag = found["tag"] or ""
    return (*((tag,) if tag not in {"", "*"} else ()), *_NAME.findall(found["names"]))


def _rules(source: str) -> Iterable[tuple[str, str]]:
    """Yield (selectors, block); what an @-rule holds only where a screen reads it."""
    skipped = 0
    depth = 0
    selectors = ""
    for text, mark in _pieces(source):
        if mark == "{":
            prelude = text.strip()
            depth += 1
            if skipped:
                continue
            if prelude.startswith("@"):
                if not _is_for_screen(prelude):
                    skipped = depth
            else:
                selectors = prelude
        else:
            if selectors and not skipped:
                yield selectors, text
            selectors = ""
            if skipped == depth:
                skipped = 0
            depth = max(depth - 1, 0)


def _pieces(source: str) -> Iterable[tuple[str, str]]:
    """Cut at braces; a statement such as @import, which ends with a semicolon outside of any block, is dropped."""
    at = 0
    for found in re.finditer(r"[{}]", source):
        text = source[at : found.start()]
        if found[0] == "{" and ";" in text:
            text = text.rpartition(";")[2]
        yield text, found[0]
        at = found.end()


def _is_for_screen(prelude: str) -> bool:
    if not prelude.lower().startswith("@media"):
        return False
    condition = prelude[len("@media") :].lower()
    if "not " in condition or "print" in condition:
        return False
    for bound, number, unit in _FEATURE.findall(condition):
        pixels = float(number) * (16 if unit == "em" else 1)
        if (bound == "max" and pixels < SCREEN_PIXELS) or (bound == "min" and pixels > SCREEN_PIXELS):
            return False
    return (
        not _FEATURE.sub("", condition)
        .replace("only", "")
        .replace("and", "")
        .replace("screen", "")
        .replace("all", "")
        .strip(" ,")
    )
