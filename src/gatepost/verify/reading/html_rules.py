"""The rules of a style sheet that hold on a screen: what @media, @supports and nesting leave of it."""

import re
from collections.abc import Iterable

from gatepost.verify.reading import html_media

MAX_SELECTOR_CHARS = 1_000
_PROPERTY = re.compile(
    r"--|-webkit-|(?:accent|align|all|animation|appearance|aspect|backdrop|backface|background|block|border|bottom|box|break|"
    r"caret|clear|clip|color|column|contain|content|cursor|direction|display|filter|fit|flex|float|font|gap|grid|height|hyphens|"
    r"image|inline|inset|isolation|justify|left|letter|line|list|margin|mask|max|min|mix|object|offset|opacity|order|outline|"
    r"overflow|padding|perspective|place|pointer|position|resize|right|rotate|row|scale|scroll|shape|table|text|top|transform|"
    r"transition|translate|unicode|user|vertical|visibility|white|width|will|word|writing|z|zoom)(?:-[a-z\-]{1,40})?\Z"
)
"""Names a browser knows as properties, by their first word."""
KNOWN_DISPLAYS = re.compile(
    r"(?:inline|block|flow|contents|none|flex|grid|table|list-item|ruby|run-in|initial|inherit|unset|revert|math|var\(|-|$)"
)
_BRACE = re.compile(r"[{}]")
MAX_NESTED = 20


def rules(source: str) -> Iterable[tuple[str, str]]:
    """Yield (selectors, block); what an @-rule holds only where a screen reads it, nested rules with what they nest in.

    A statement such as @import, which ends with a semicolon outside of any block, is dropped.
    """
    inside: list[str | None] = []  # selectors of the blocks that are open; None for one that no screen reads
    at = 0
    for found in _BRACE.finditer(source):
        text = source[at : found.start()]
        at = found.end()
        around = inside[-1] if inside else ""
        if found[0] == "}":
            if around:
                yield around, text
            del inside[-1:]
            continue
        before, _, prelude = text.rpartition(";")
        if around and before:
            yield around, before
        inside.append(None if around is None or len(inside) >= MAX_NESTED else _nested(around, prelude.strip()))
    if inside and inside[-1]:
        yield inside[-1], source[at:]  # what is open at the end is closed by it


def _nested(around: str, prelude: str) -> str | None:
    """Return the selectors of a block inside another (CSS Nesting section 3); None where no screen reads it."""
    if prelude.startswith("@"):
        return around if _is_for_screen(prelude) else None
    if not around:
        return prelude
    joined = prelude.replace("&", f":is({around})") if "&" in prelude else f":is({around}) {prelude}"
    return joined if len(joined) <= MAX_SELECTOR_CHARS else None


def _is_for_screen(prelude: str) -> bool:
    prelude = prelude.lower()
    if prelude.startswith(("@layer", "@scope", "@starting-style")):
        return not prelude.startswith("@starting")
    if prelude.startswith("@supports"):
        return html_media.condition(
            prelude[len("@supports") : html_media.MAX_CHARS].replace("selector(", "(--s:"), _is_supported
        )
    if prelude.startswith("@container"):
        return html_media.condition(prelude[max(prelude.find("("), 0) : html_media.MAX_CHARS])
    return prelude.startswith("@media") and html_media.holds(prelude[len("@media") :])


def _is_supported(declaration: str) -> bool:
    """Tell whether a browser takes a declaration, as far as its name tells, and the value of display."""
    name, colon, value = (part.strip() for part in declaration.partition(":"))
    if not colon or not value or _PROPERTY.match(name) is None:
        return False
    return name != "display" or KNOWN_DISPLAYS.match(value) is not None
