"""The rules of a style sheet that hold on a screen: what @media, @supports and nesting leave of it."""

import re
from collections.abc import Iterable

MAX_SELECTOR_CHARS = 1_000
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
_UNSUPPORTED = re.compile(r"@supports\s+not\s*\((?P<declaration>[^():]{1,60}:\s*(?P<value>[^()]{1,60}))\)\s*\Z")
_COMMON_VALUES = frozenset({
    "block", "inline", "inline-block", "none", "flex", "grid", "table", "red", "white", "black", "relative", "absolute",
    "fixed", "static", "sticky", "hidden", "visible", "auto", "clip", "scroll", "0", "1", "initial", "inherit",
})  # fmt: skip
_BRACE = re.compile(r"[{}]")
MAX_NESTED = 20
SCREEN_PIXELS = 800.0
"""The window we imagine a mail to be read in."""


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
    if prelude.startswith(("@layer", "@scope")):
        return True
    if prelude.startswith("@supports"):
        return _is_supported(prelude)
    if prelude.startswith("@container"):
        return _holds_on_screen(prelude[prelude.find("(") :])
    return prelude.startswith("@media") and any(_holds_on_screen(one) for one in prelude[len("@media") :].split(","))


def _is_supported(prelude: str) -> bool:
    """Tell whether a browser takes a declaration; what we do not know none takes."""
    if (denied := _UNSUPPORTED.match(prelude)) is not None:
        return _SUPPORTED.match(f"@supports ({denied['declaration']}") is None or denied["value"] not in _COMMON_VALUES
    return _SUPPORTED.match(prelude) is not None


def _holds_on_screen(condition: str) -> bool:
    condition = _GIVEN.sub("", condition.replace("not print", ""))
    if "not " in condition or "print" in condition:
        return False
    for sign, number, unit in _RANGE.findall(condition):
        if (float(number) * (16 if unit == "em" else 1) < SCREEN_PIXELS) is (sign == "<"):
            return False
    for bound, number, unit in _FEATURE.findall(condition):
        pixels = float(number) * (16 if unit == "em" else 1)
        if (bound == "max" and pixels < SCREEN_PIXELS) or (bound == "min" and pixels > SCREEN_PIXELS):
            return False
    rest = _FEATURE.sub("", _RANGE.sub("", condition))
    for word in ("only", "and", "screen", "all"):
        rest = rest.replace(word, "")
    return not rest.strip(" ,")
