"""Style sheets inside a mail, as far as they can hide text: classes, ids, tags, and these below one another."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from gatepost.verify.reading.html_style import NO_STYLE, Style, declarations, unescaped

MAX_RULES = 1_000
MAX_RULES_PER_KEY = 20
MAX_SELECTOR_CHARS = 1_000
MAX_BLOCK_CHARS = 4_000
MAX_COMPOUNDS = 6

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
MAX_CHOICES = 20
_COMPOUND = re.compile(
    r"(?P<tag>\*|[a-z][a-z0-9]*)?(?P<names>(?:[.#][^\W_][\w\-]*|[.#][_\-][\w\-]*|\[[^\]]{1,200}\]|:not\([^()]{1,200}\))*)"
)
_NAME = re.compile(r"[.#][\w\-]+|\[[^\]]+\]|:not\([^()]+\)")
_ATTRIBUTE = re.compile(
    r"""\[\s*(?P<name>[\w\-]+)\s*(?:(?P<how>[~^$*|]?)=\s*(?P<quote>["']?)(?P<value>[^"'\]]*)(?P=quote)\s*[is]?\s*)?\]"""
)
_CHOICE = re.compile(r":(?:is|where|matches|-webkit-any)\(([^()]{1,500})\)")
_VALUE_SPACES = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_FEATURE = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([0-9]{1,5})(px|em|)\s*\)", re.ASCII)
_RANGE = re.compile(r"\(\s*(?:device-)?width\s*([<>])=?\s*([0-9]{1,5})(px|em|)\s*\)", re.ASCII)
_GIVEN = re.compile(
    r"\(\s*(?:prefers-color-scheme\s*:\s*light|hover(?:\s*:\s*hover)?|pointer(?:\s*:\s*fine)?|color|"
    r"min-(?:height|resolution|color)\s*:\s*[01](?:px|dppx|)|orientation\s*:\s*landscape)\s*\)"
)
"""What every such screen has."""
_SUPPORTED = re.compile(
    r"@supports\s*\(\s*(?:display|color|opacity|position|visibility|font-size|overflow|transform)\s*:"
)
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
SCREEN_PIXELS = 800.0
"""The window we imagine a mail to be read in."""


class _Rule:
    """One selector: what the element itself must be, and what must stand above it."""

    def __init__(self, own: tuple[str, ...], above: tuple[tuple[str, ...], ...], style: Style) -> None:
        self.own = tuple(name for name in own if name[0] not in "[:")
        self.conditions = tuple(name for name in own if name[0] in "[:")
        self.above = above
        self.style = style


class Sheet:
    """All style sheets of one document.

    Simplified from CSS: among rules the later wins, whatever its specificity; what stands above an element must be
    there, in whatever order; a selector with more than names, tags, attributes, ``:not()``, ``:is()`` and descent is
    not read, nor are attributes of what stands above. @media counts where a screen of ``SCREEN_PIXELS`` would take it.
    Custom properties count for the whole document.
    """

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._variables: dict[str, str] = {}
        self._joined: dict[tuple[_Rule, ...], Style] = {}
        self._count = 0

    def read(self, source: str) -> None:
        """Add the rules of a style element; linear."""
        self._joined.clear()
        for selectors, block in _rules(_COMMENT.sub(" ", source).replace("<!--", " ").replace("-->", " ")):
            if len(selectors) > MAX_SELECTOR_CHARS or len(block) > MAX_BLOCK_CHARS:
                continue
            style = declarations(block)
            self._variables |= {name: value for name, value in style.ordinary.items() if name.startswith("--")}
            for selector in _choices(unescaped(selectors).lower()):
                self._add(selector, style)

    def _add(self, selector: str, style: Style) -> None:
        words = _VALUE_SPACES.sub(lambda found: "".join(found[0].split()), selector).replace(">", " ").split()
        compounds = [found for word in words if (found := _compound(word)) is not None]
        if not compounds or len(compounds) != len(words) or len(compounds) > MAX_COMPOUNDS:
            return
        own = compounds[-1]
        if any(name[0] in "[:" for above in compounds[:-1] for name in above):
            return
        listed = self._rules.setdefault(next((name for name in reversed(own) if name[0] not in "[:"), "*"), [])
        if self._count < MAX_RULES and len(listed) < MAX_RULES_PER_KEY:
            self._count += 1
            listed.append(_Rule(own, tuple(compounds[:-1]), style))

    def style_of(self, tag: str, attributes: Mapping[str, str], above: Counter[str]) -> Style:
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
                and all(_holds(condition, names, attributes) for condition in rule.conditions)
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


def _holds(condition: str, names: list[str], attributes: Mapping[str, str]) -> bool:
    """Tell whether an element fulfils ``[attribute]`` or ``:not(name)``; what cannot be read does not hold."""
    if condition[0] == ":":
        inner = condition[5:-1].strip()
        return not (_holds(inner, names, attributes) if inner[:1] == "[" else inner in names)
    found = _ATTRIBUTE.fullmatch(condition)
    if found is None or found["name"] not in attributes:
        return False
    has, wanted = attributes[found["name"]].lower(), found["value"]
    return _COMPARED[found["how"]](has, wanted) and bool(wanted or not found["how"])


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
    prelude = prelude.lower()
    if not prelude.startswith("@media"):
        return prelude.startswith("@layer") or _SUPPORTED.match(prelude) is not None
    condition = _GIVEN.sub("", prelude[len("@media") :].replace("not print", ""))
    if "not " in condition or "print" in condition:
        return False
    for sign, number, unit in _RANGE.findall(condition):
        if (float(number) * (16 if unit == "em" else 1) < SCREEN_PIXELS) is (sign == "<"):
            return False
    for bound, number, unit in _FEATURE.findall(condition):
        pixels = float(number) * (16 if unit == "em" else 1)
        if (bound == "max" and pixels < SCREEN_PIXELS) or (bound == "min" and pixels > SCREEN_PIXELS):
            return False
    return (
        not _FEATURE.sub("", _RANGE.sub("", condition))
        .replace("only", "")
        .replace("and", "")
        .replace("screen", "")
        .replace("all", "")
        .strip(" ,")
    )
