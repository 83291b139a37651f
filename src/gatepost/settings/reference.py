"""Every setting by its name: for the reference page, for advice, and to compare two readings."""

import operator
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

from gatepost.settings.sections import Settings


def flat(settings: Settings) -> dict[str, Any]:
    """Return every value by its name, such as ``smtp.port``."""
    return {name: operator.attrgetter(name)(settings) for name, _, _ in describe()}


def describe() -> Iterator[tuple[str, str, str]]:
    """Yield (name, default, what it does) for every setting, in order."""
    yield from _describe(Settings, "")


def _describe(cls: type[Any], where: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(cls)
    for item in fields(cls):
        if is_dataclass(hints[item.name]):
            yield from _describe(typing.cast("type[Any]", hints[item.name]), f"{where}{item.name}.")
        else:
            yield f"{where}{item.name}", _spell(item), str(item.metadata["doc"])


def _spell(item: Field[Any]) -> str:
    if item.default is MISSING:  # pragma: no cover  # every leaf has one
        return ""
    if isinstance(item.default, tuple):
        return ",".join(item.default)
    return str(item.default).lower() if isinstance(item.default, bool) else str(item.default)


def reference() -> str:
    """Return the reference page, ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Written from the fields of `src/gatepost/settings/sections.py` by `gatepost settings --markdown`.",
        "",
        "A setting `smtp.port` is `port` under `[smtp]` in the file that `GATEPOST_CONFIG` (or `--config`) names, and",
        "`GATEPOST_SMTP__PORT` in the environment, which wins. Unknown names are refused.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {f'`{default}`' if default else 'empty'} | {doc} |" for name, default, doc in describe()),
    ]
    return "\n".join(lines) + "\n"
