"""The blocks of a style sheet that hold on a screen: what @media, @supports and nesting leave of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatepost.verify.reading.html_import import imported
from gatepost.verify.reading.html_media import is_for_screen
from gatepost.verify.reading.html_tokens import NOTHING, plain, written

MAX_NESTED = 60
MAX_PRELUDE_CHARS = 500
_SIGN = re.compile(r"[{};]")
_STATEMENT = re.compile(rf"[\s{NOTHING}]*@")
_KEYFRAMES = re.compile(r"@(?:-\w+-)?keyframes\b(.+)", re.DOTALL)
_PROPERTY = re.compile(r"@property\s+(--[^\s{}]+)", re.IGNORECASE)
_CUSTOM = re.compile(r"\s*--[\w\-]*\s*:")


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What a block speaks of.

    Attributes:
        around: the rule that this one is nested in (CSS Nesting section 3).
        selectors: as ``html_tokens.plain`` leaves them; empty outside of any rule.
        is_sure: whether it is known that a screen reads it.
        layer: of the cascade; empty outside of all.
        frames: the name of the animation whose frames these are, in lower case; empty outside of all.
        is_property: it says what a custom property is (Properties and Values API section 2); ``selectors`` names it.
    """

    around: "Scope | None"
    selectors: str
    is_sure: bool = True
    layer: str = ""
    frames: str = ""
    is_property: bool = False


_TOP = Scope(None, "")


def rules(
    source: str, layers: list[str], unread: list[str], *, is_imported: bool = False
) -> Iterator[tuple[Scope, str]]:
    """Yield scopes and declarations of a plain sheet, from the first to the last; what no screen reads is dropped.

    Args:
        source: what ``html_tokens.plain`` returned.
        layers: where the names of layers are added, in order.
        unread: where blocks are added that are nested too deeply for us.
        is_imported: whether another sheet brought this one, which then brings no more.
    """
    inside: list[Scope | None] = [_TOP]  # the blocks that are open; None for one that no screen reads
    at = 0
    is_statement = _STATEMENT.match(source) is not None
    for found in _SIGN.finditer(source):
        scope, sign = inside[-1], found[0]
        if sign == ";":  # elsewhere on the top level it is a part of the next selector (CSS Syntax section 5.4.4)
            if scope is _TOP and is_statement:
                yield from _stated(source[at : found.start()], layers, unread, is_imported=is_imported)
                at = found.end()
                is_statement = _STATEMENT.match(source, at) is not None
            continue
        text = source[at : found.start()]
        at = found.end()
        if sign == "}":
            if scope is not None and scope.selectors:
                yield scope, text
            if len(inside) == 1:
                at = found.start()  # it closes nothing, and spoils the rule that it stands before (section 5.4.4)
                continue
            inside.pop()
            is_statement = _STATEMENT.match(source, at) is not None
            continue
        is_statement = False
        before, semicolon, prelude = text.rpartition(";") if scope is not _TOP else ("", "", text)
        if scope is not None and scope.selectors and semicolon:
            yield scope, before
        if len(inside) > MAX_NESTED:
            unread.append(prelude)
            inside.append(None)
        else:
            inside.append(
                None if scope is None else _nested(scope, prelude.replace("<!--", " ").replace("-->", " "), layers)
            )
    scope = inside[-1]
    if scope is not None and scope.selectors:
        yield scope, source[at:]  # the sheet's end closes what is open


def _nested(scope: Scope, prelude: str, layers: list[str]) -> Scope | None:
    """Return the scope of a block inside another; None where no screen reads it."""
    prelude = prelude.strip().strip(NOTHING).strip()
    if scope.frames:
        return Scope(scope, prelude, scope.is_sure, scope.layer, scope.frames)
    if not prelude.startswith("@"):
        return None if _CUSTOM.match(prelude) else Scope(scope, prelude, scope.is_sure, scope.layer)
    lowered = written(prelude[:MAX_PRELUDE_CHARS]).lower()
    if (animated := _KEYFRAMES.match(lowered)) is not None:
        return Scope(scope, "", scope.is_sure, scope.layer, animated[1].strip("\"' "))
    if (named := _PROPERTY.match(prelude)) is not None:
        return Scope(None, named[1], scope.is_sure, scope.layer, is_property=True)
    holds = is_for_screen(lowered) if len(prelude) < MAX_PRELUDE_CHARS else None
    if holds is False:
        return None
    layer = scope.layer
    if lowered.startswith("@layer"):
        layer = f"{layer}.{lowered[len('@layer') :].strip() or len(layers)}"
        layers.append(layer)
    return Scope(scope.around, scope.selectors, scope.is_sure and holds is not None, layer)


def _stated(statement: str, layers: list[str], unread: list[str], *, is_imported: bool) -> Iterator[tuple[Scope, str]]:
    """Take the order of layers, and yield what the sheet holds that a statement brings."""
    lowered = written(statement[:MAX_PRELUDE_CHARS]).strip().lower()
    if lowered.startswith("@layer"):
        layers += [f".{name.strip()}" for name in lowered[len("@layer") :].split(",")]
    elif lowered.startswith("@import") and not is_imported:
        yield from rules(plain(imported(statement)), layers, unread, is_imported=True)
