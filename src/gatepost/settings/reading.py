"""Settings as they are written: a TOML file, and the environment over it."""

import difflib
import math
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from gatepost.settings.reference import describe
from gatepost.settings.sections import Settings

PREFIX = "GATEPOST_"
PORT_MAX = 65_535
_MAY_BE_0 = (".port", "_days", "stop_delay_s", "disk_free_min_octets", "quorum")


class SettingsError(ValueError):
    """A setting is unknown or unusable; the text names it and says what to do."""


def load(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Return the settings.

    Args:
        environment: only names that begin with ``GATEPOST_`` are read.
        file: a TOML file; None for none.

    Raises:
        SettingsError: an unknown key, a value of the wrong kind, or a file that cannot be read.
    """
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = tomllib.loads(file.read_text())
        except OSError as error:
            raise SettingsError(f"cannot read {file}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:  # also of numbers and lists beyond what Python takes
            raise SettingsError(f"{file} is not valid TOML: {error}") from error
    for name, text in environment.items():
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            _overlay(values, name, text)
    return typing.cast("Settings", _build(Settings, values, where=""))


def _overlay(values: dict[str, Any], name: str, text: str) -> None:
    path = name.removeprefix(PREFIX).lower().split("__")
    here = values
    for part in path[:-1]:
        inner = here.setdefault(part, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{name}: {part} is no section")
        here = inner
    here[path[-1]] = _FromEnvironment(text)


class _FromEnvironment(str):
    """Text still to be read as the field's type; values from TOML have a type already."""

    __slots__ = ()


def _build(cls: type[Any], values: Mapping[str, Any], *, where: str) -> Any:
    hints = get_type_hints(cls)
    known = {item.name: item for item in fields(cls)}
    for name in values:
        if name not in known:
            raise SettingsError(_unknown(f"{where}{name}", [f"{where}{other}" for other in known]))
    built: dict[str, Any] = {}
    for name, value in values.items():
        kind = hints[name]
        if is_dataclass(kind):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{where}{name} is a section: write [{where}{name}]")
            built[name] = _build(typing.cast("type[Any]", kind), value, where=f"{where}{name}.")
        else:
            built[name] = _read(kind, value, f"{where}{name}")
    return cls(**built)


def _unknown(name: str, known: list[str]) -> str:
    every = [*known, *(path for path, _, _ in describe())]
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    return f"unknown setting {name}" + (f": did you mean {near[0]}?" if near else "; `gatepost settings` lists them")


def _read(kind: Any, value: Any, name: str) -> Any:
    text = isinstance(value, _FromEnvironment)
    if get_origin(kind) is tuple and is_dataclass(inner := get_args(kind)[0]):
        if text or not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise SettingsError(f"{name} is a list of tables: write [[{name}]] in the file")
        return tuple(_build(typing.cast("type[Any]", inner), item, where=f"{name}.") for item in value)
    if get_origin(kind) is tuple:
        items = [item.strip() for item in value.split(",") if item.strip()] if text else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise SettingsError(f"{name} must be a list of texts")
        return tuple(_text(item, name) for item in items)
    if kind is bool:
        if text and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
        raise SettingsError(f"{name} must be true or false")
    if kind in {int, float}:
        return _number(kind, value, name)
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be a text")
    return Path(_text(value, name)) if kind is Path else _text(value, name)


def _text(value: str, name: str) -> str:
    if "\0" in value:
        raise SettingsError(f"{name} has a NUL in it, which no name has")
    return str(value)


def _number(kind: type[int] | type[float], value: Any, name: str) -> int | float:
    wrong = SettingsError(f"{name} must be a {'whole ' if kind is int else ''}number")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise wrong
    try:
        number = kind(value)
        is_finite = math.isfinite(number)
    except OverflowError as error:
        raise SettingsError(f"{name} is out of range") from error
    except ValueError as error:
        raise wrong from error
    if name.endswith(".port") and not 0 <= number <= PORT_MAX:
        raise SettingsError(f"{name} must be from 0, for any that is free, to {PORT_MAX}")
    if not is_finite or number < 0:
        raise SettingsError(f"{name} is out of range")
    if not number and not name.endswith(_MAY_BE_0):
        raise SettingsError(f"{name} must be more than 0: nothing would work")
    return number
