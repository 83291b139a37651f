"""Selectors (Selectors 4): read once, and asked of many elements, each question counted.

What is not understood holds: its rule counts if it hides something (``Selector.is_sure``), so that no selector hides
words from us that people do not see either.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from gatepost.verify.reading.html_node import Node, Steps, TooManySteps
from gatepost.verify.reading.html_tokens import MASKS, NOTHING, closing, parts, written

MAX_CHARS = 2_000
MAX_COMPOUNDS = 16
MAX_DEPTH = 8
MAX_ASKED = 15
"""How many selectors may ask one another about one element."""
_NAMES_A_STEP = 4
_IDENT = rf"[\w\-{MASKS}]"
_TOKEN = re.compile(
    rf"""(?P<combinator>\s*(?:[>+~]|\|\|)\s*|\s+)
      | (?:{_IDENT}*|\*)\|(?=[\w*\-])
      | (?P<tag>(?:[^\W\d]|[\-{MASKS}]){_IDENT}*|\*)
      | (?P<above>&)
      | (?P<name>[.#]{_IDENT}+)
      | \[(?P<attribute>[^\]]*)\]?
      | (?P<pseudo>::?[a-z\-]+)(?P<open>\()?""",
    re.VERBOSE | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    rf"""\s*(?:\w*\|)?(?P<name>{_IDENT}+)\s*(?:(?P<how>[~^$*|]?)=\s*(?P<value>"[^"]*"?|'[^']*'?|{_IDENT}*)\s*(?P<case>[is])?\s*)?""",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\s*(?P<step>[+-]?[0-9]{0,4}n)?\s*(?P<offset>[+-]?\s*[0-9]{1,4})?\s*", re.ASCII)
_READABLE = re.compile(rf"(?P<tag>[a-z][\w\-]*)?(?P<names>(?:[.#]{_IDENT}+)*)", re.IGNORECASE)
_FOREIGN = re.compile(r"[;}]|:-(?:ms|moz|o)-", re.IGNORECASE)
_NAME = re.compile(rf"[.#]{_IDENT}+")
_CASELESS = frozenset(
    """accept align alink axis bgcolor charset checked clear color compact dir direction disabled face frame hreflang
    http-equiv lang language link media method multiple noshade nowrap readonly rel rev rules scope selected shape
    target text type valign valuetype vlink""".split()  # noqa: SIM905  # one list of words
)
"""Attributes whose values HTML compares without case."""
_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "": lambda has, wanted: has == wanted,
    "~": lambda has, wanted: wanted in has.split(),
    "^": lambda has, wanted: bool(wanted) and has.startswith(wanted),
    "$": lambda has, wanted: bool(wanted) and has.endswith(wanted),
    "*": lambda has, wanted: bool(wanted) and wanted in has,
    "|": lambda has, wanted: has == wanted or has.startswith(f"{wanted}-"),
}
_NEVER = frozenset(
    """hover active focus focus-within focus-visible visited target empty fullscreen modal popover-open autofill
    placeholder-shown playing invalid user-invalid current past future host picture-in-picture""".split()  # noqa: SIM905  # one list of words
)
"""What no element is while somebody reads; an empty one holds no words."""
_ALWAYS = frozenset({"defined", "scope"})
_BY_ATTRIBUTE = {"checked": "checked", "disabled": "disabled", "required": "required", "open": "open"}
_CHOICES = frozenset({"is", "where", "matches", "-webkit-any", "-moz-any"})
_OF_LINES = frozenset({"first-line", "first-letter"})
GENERATED = ("before", "after")
"""Boxes that a sheet writes into an element; only their own names, ``::before`` and ``::after``, find them."""


Test = Callable[[Node, Steps], bool]


class Compound(NamedTuple):
    """What one element must be: all its names, and what the tests ask."""

    names: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()

    def fits(self, node: Node, steps: Steps) -> bool:
        """Tell whether an element is it."""
        steps.take(1 + len(self.names) // _NAMES_A_STEP)
        for name in self.names:
            if name not in node.names:
                return False
        for test in self.tests:
            steps.take()
            if not test(node, steps):
                return False
        return True


class Selector(NamedTuple):
    """One selector, right to left.

    Attributes:
        own: what the element itself must be.
        around: how to get to the next element, and what that one must be.
        weight: its specificity (Selectors 4 section 17), as one number.
        is_sure: all of it was understood.
    """

    own: Compound
    around: tuple[tuple[str, Compound], ...] = ()
    weight: int = 0
    is_sure: bool = True

    @property
    def is_name(self) -> bool:
        """Whether it is but the name by which it is looked up."""
        return not self.around and not self.own.tests and len(self.own.names) == 1

    @property
    def key(self) -> str:
        """The name by which to look it up; ``*`` where it names none."""
        return self.own.names[-1] if self.own.names else "*"

    def above(self) -> tuple[str, ...]:
        """Return names that must be borne by elements around."""
        found: list[str] = []
        for combinator, compound in self.around:
            if combinator not in " >":
                break
            found += compound.names
        return tuple(found)

    def fits(self, node: Node, steps: Steps, at: int = -1) -> bool:
        """Tell whether an element is meant; raises TooManySteps."""
        if at < 0 or at == len(self.around):
            return at >= 0 or (self.own.fits(node, steps) and self.fits(node, steps, 0))
        combinator, compound = self.around[at]
        if combinator == "~":  # which of the earlier ones it was is not kept
            steps.take()
            return bool(node.earlier or node.place > 1) and all(name in node.earlier for name in compound.names)
        if combinator == "+":
            before = node.before
            return before is not None and compound.fits(before, steps) and self.fits(before, steps, at + 1)
        parent = node.parent
        while parent is not None:
            if compound.fits(parent, steps) and self.fits(parent, steps, at + 1):
                return True
            if combinator == ">":
                return False
            parent = parent.parent
        return False


@lru_cache(maxsize=4096)
def known(text: str, *, is_quirky: bool) -> tuple[Selector, ...]:
    """Read a list of selectors that many mails have."""
    return selectors(text, None, is_quirky=is_quirky)


def selectors(
    text: str, around: tuple[Selector, ...] | None, *, is_quirky: bool, depth: int = 0
) -> tuple[Selector, ...]:
    """Read a list of selectors; those that no browser takes are left out.

    Args:
        text: as ``html_tokens.plain`` leaves it.
        around: those of the rule that it is nested in.
        is_quirky: classes and ids are compared without case.
        depth: how many brackets are around it.
    """
    texts = [part.strip() for part in parts(text.replace(NOTHING, ""))]
    listed = [_Reader(one, around, is_quirky=is_quirky, depth=depth).read() for one in texts]
    if depth == 0 and (None in listed or any(map(_FOREIGN.search, texts))):
        return ()  # one that is not known to the browser we compare with spoils the list
    return tuple(one for one in listed if one is not None)


class _Reader:
    """Reads one selector from left to right."""

    def __init__(self, text: str, around: tuple[Selector, ...] | None, *, is_quirky: bool, depth: int) -> None:
        self._text = text
        self._around = around
        self._is_quirky = is_quirky
        self._depth = depth
        self._names: list[str] = []
        self._tests: list[Test] = []
        self._read: list[tuple[str, Compound]] = []
        self._weight = 0
        self._is_sure = True
        self._is_nested = self._is_begun = False

    def read(self) -> Selector | None:
        """Return the selector; None where no browser takes it."""
        at, sign = 0, ""
        if len(self._text) > MAX_CHARS:
            return self._as_readable()
        while at < len(self._text):
            token = _TOKEN.match(self._text, at)
            if token is None or len(self._read) >= MAX_COMPOUNDS:
                return self._as_readable()
            if token["combinator"] is None:
                self._is_begun = True
                at = self._take(token, token.end())
                continue
            if at and not self._end(sign):
                return None
            at, sign = token.end(), token["combinator"].strip() or " "
        if not self._end(sign) or (self._read[0][0] and self._around is None):
            return None
        if self._around is not None and not self._is_nested:
            self._read[0] = (self._read[0][0] or " ", self._read[0][1])
            self._read.insert(0, ("", Compound((), (_any_of(self._around),))))
        around = tuple((self._read[at][0], self._read[at - 1][1]) for at in range(len(self._read) - 1, 0, -1))
        return Selector(self._read[-1][1], around, self._weight, self._is_sure)

    def _end(self, sign: str) -> bool:
        """End a compound, which ``sign`` joins to the one before; tell whether there is one."""
        self._read.append((sign, Compound(tuple(dict.fromkeys(self._names)), tuple(self._tests))))
        self._names, self._tests = [], []
        is_begun, self._is_begun = self._is_begun, False
        return is_begun

    def _as_readable(self) -> Selector:
        """Return what can be read of the element itself, which is enough for a rule that hides."""
        last = re.split(r"[\s>+~]+", self._text[-1_000:].strip())[-1]
        found = _READABLE.match(last)
        names = ([found["tag"].lower()] if found["tag"] else []) + _NAME.findall(found["names"]) if found else []
        return Selector(Compound(tuple(map(self._cased, names))), (), self._weight, is_sure=False)

    def _cased(self, name: str) -> str:
        name = written(name)
        return name.lower() if self._is_quirky else name

    def _take(self, token: re.Match[str], at: int) -> int:
        """Take one token of a compound; return where the next begins."""
        if token["tag"] is not None:
            if token["tag"] != "*":
                self._names.insert(0, written(token["tag"]).lower())
                self._weight += 1
        elif token["name"] is not None:
            self._names.append(self._cased(token["name"]))
            self._weight += 1_000_000 if token["name"][0] == "#" else 1_000
        elif token["above"] is not None:
            self._is_nested = True
            if self._around is not None:
                self._tests.append(_any_of(self._around))
        elif token["attribute"] is not None:
            self._weight += 1_000
            self._attribute(token["attribute"])
        elif token["pseudo"] is not None:
            return self._pseudo(token, at)
        return at

    def _attribute(self, inside: str) -> None:
        found = _ATTRIBUTE.fullmatch(inside)
        if found is None:
            self._is_sure = False
            return
        name = written(found["name"]).lower()
        self._names.insert(0, f"[{name}]")
        if found["how"] is None:
            return
        wanted = written(found["value"])
        wanted = wanted[1:].removesuffix(wanted[0]) if wanted[:1] in {'"', "'"} else wanted
        is_caseless = (found["case"] or "").lower() == "i" or (found["case"] is None and name in _CASELESS)
        is_caseless = is_caseless or (self._is_quirky and name in {"class", "id"})
        compare, wanted = _COMPARED[found["how"]], wanted.lower() if is_caseless else wanted
        self._tests.append(
            lambda node, _: compare(node.attributes[name].lower() if is_caseless else node.attributes[name], wanted)
        )

    def _pseudo(self, token: re.Match[str], at: int) -> int:
        name, inside = token["pseudo"].lower(), ""
        if token["open"] is not None:
            end = closing(self._text, at)
            inside, at = self._text[at:end].strip(), end + 1
        bare = name.lstrip(":")
        if bare in _OF_LINES:
            self._is_sure = False
        elif bare in GENERATED and not self._depth:
            self._names.append(f"::{bare}")
            self._weight += 1
        elif name.startswith("::") or bare in GENERATED:
            self._tests.append(_never)
        else:
            self._weight += 1_000 * (bare not in _CHOICES and bare != "not")  # those weigh what they hold
            self._class(bare, inside)
        return at

    def _class(self, name: str, inside: str) -> None:
        if name in _CHOICES or name == "not":
            self._chosen(name, inside)
        elif name == "root":
            self._names.insert(0, "html")
        elif name in {"link", "any-link"}:
            self._names.insert(0, "[href]")
        elif name in _BY_ATTRIBUTE:
            self._names.insert(0, f"[{_BY_ATTRIBUTE[name]}]")
        elif name in _NEVER:
            self._tests.append(_never)
        elif name == "lang":
            self._tests.append(_speaks([one.strip().strip("\"'") for one in written(inside).lower().split(",")]))
        elif name in {"first-child", "first-of-type", "nth-child", "nth-of-type"} and " of " not in inside:
            self._tests.append(
                _at("1" if name.startswith("first") else inside.lower(), is_of_type=name.endswith("type"))
            )
        elif name not in _ALWAYS:
            self._is_sure = False  # also where it asks for what comes behind, which is not known yet

    def _chosen(self, name: str, inside: str) -> None:
        if self._depth >= MAX_DEPTH:
            self._is_sure = False
            return
        listed = selectors(inside, None, is_quirky=self._is_quirky, depth=self._depth + 1)
        if name != "where":
            self._weight += max((one.weight for one in listed), default=0)  # Selectors 4 section 17
        if name == "not":
            sure = tuple(one for one in listed if one.is_sure)
            self._is_sure = self._is_sure and len(sure) == len(listed)
            fits = _any_of(sure)
            self._tests.append(lambda node, steps: not fits(node, steps))
        else:
            self._is_sure = self._is_sure and all(one.is_sure for one in listed)
            self._tests.append(_any_of(listed))


def _never(_node: Node, _steps: Steps) -> bool:
    return False


def _speaks(wanted: list[str]) -> Test:
    """Ask for the language that an element or one around it names (Selectors 4 section 11.2)."""

    def is_spoken(node: Node, steps: Steps) -> bool:
        at: Node | None = node
        while at is not None and "lang" not in at.attributes:
            steps.take()
            at = at.parent
        spoken = at.attributes["lang"].lower() if at is not None else ""
        return any(_COMPARED["|"](spoken, one) for one in wanted)

    return is_spoken


def _any_of(listed: tuple[Selector, ...]) -> Test:
    def is_one(node: Node, steps: Steps) -> bool:
        steps.depth += 1
        if steps.depth > MAX_ASKED:
            raise TooManySteps
        found = any(one.fits(node, steps) for one in listed)
        steps.depth -= 1
        return found

    return is_one


def _at(formula: str, *, is_of_type: bool) -> Test:
    """Ask for a place (Selectors 4 section 14): ``an+b``, odd, even."""
    found = _FORMULA.fullmatch({"odd": "2n+1", "even": "2n"}.get(formula.strip(), formula))
    if found is None or not (found["step"] or found["offset"]):
        return _never
    step = found["step"][:-1] if found["step"] else "0"
    a = int(step + "1" if step in {"", "+", "-"} else step)
    b = int("".join((found["offset"] or "0").split()))

    def is_there(node: Node, _steps: Steps) -> bool:
        place = node.of_type if is_of_type else node.place
        return (place - b) % a == 0 and (place - b) // a >= 0 if a else place == b

    return is_there
