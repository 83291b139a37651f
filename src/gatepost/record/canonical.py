"""Canonical JSON (RFC 8785): one spelling for each value, so that equal values hash alike."""

import math
from collections.abc import Mapping
from decimal import Decimal

import orjson

from gatepost.record.paper import Json

DEPTH_MAX = 32
_EXACT_MAX = 2**53  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles
_POINT_MAX = 21  # ECMA-262: a decimal point further out than these is written as an exponent
_POINT_MIN = -6


class UnrecordableError(ValueError):
    """A value has no canonical form, or an entry would be longer than a leaf may be; the text says which."""


def _number(value: float) -> str:
    """Spell a double as ECMA-262 section 6.1.6.1.20 does: the shortest digits that read back."""
    if not math.isfinite(value):
        raise UnrecordableError("a number is finite")
    if value == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    point = len(digits) + int(exponent)  # where the decimal point stands, counted from the first digit
    minus = "-" if sign else ""
    if len(digits) <= point <= _POINT_MAX:
        return minus + digits.ljust(point, "0")
    if 0 < point <= _POINT_MAX:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if _POINT_MIN < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{point - 1:+d}"


def _whole(value: int) -> str:
    if abs(value) <= _EXACT_MAX:
        return str(value)
    try:
        return _number(float(value))
    except OverflowError as error:
        raise UnrecordableError("a number is finite") from error


def _clean(text: str) -> str:
    # A lone surrogate is no Unicode text and has no UTF-8; what a stranger hid behind one stays readable as \udcXX.
    return text.encode("utf-8", "backslashreplace").decode()


def _string(text: str) -> str:
    try:
        return orjson.dumps(text).decode()
    except TypeError:  # a lone surrogate
        return orjson.dumps(_clean(text)).decode()


def _order(member: tuple[str, str]) -> bytes:
    return member[0].encode("utf-16-be")  # RFC 8785 section 3.2.3: by UTF-16 code units


def _scalar(value: object) -> str | None:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return _whole(value)
        case float():
            return _number(value)
        case _:
            return None


def _spell(value: object, depth: int) -> str:
    if (scalar := _scalar(value)) is not None:
        return scalar
    if depth == DEPTH_MAX:
        raise UnrecordableError(f"a value is nested deeper than {DEPTH_MAX}")
    if isinstance(value, Mapping):
        members = sorted(((_clean(str(key)), _spell(each, depth + 1)) for key, each in value.items()), key=_order)
        return "{" + ",".join(f"{_string(key)}:{each}" for key, each in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_spell(each, depth + 1) for each in value) + "]"
    raise UnrecordableError(f"{type(value).__name__} is not JSON")


def canonical_plain(value: Json | Mapping[str, Json]) -> bytes:
    """Return the canonical spelling, as UTF-8, of a value that has no floats, ten times as fast.

    That is the caller's promise: floats and names beyond ASCII are where the quick spelling and the canonical one part.
    """
    try:
        octets = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except TypeError:  # a lone surrogate, or a number beyond doubles
        return canonical(value).encode()
    return octets if octets.isascii() else canonical(value).encode()


def _is_simple(value: object) -> bool:
    """Tell whether the quick spelling is the canonical one: no floats, no large numbers, only ASCII names.

    Level by level and not by recursion: this is asked of every value of every entry.
    """
    level: list[object] = [value]
    for depth in range(DEPTH_MAX + 1):
        below: list[object] = []
        for each in level:
            if each is None or isinstance(each, (str, bool)):
                continue
            if isinstance(each, int):
                if abs(each) > _EXACT_MAX:
                    return False
            elif not _open(each, below) or depth == DEPTH_MAX:
                return False
        if not below:
            return True
        level = below
    return False


def _open(value: object, below: list[object]) -> bool:
    """Add what a plain list or object holds; False where it is neither, or has a name beyond ASCII."""
    if type(value) is dict:
        below.extend(value.values())
        try:
            return "".join(value).isascii()
        except TypeError:  # a name that is no text
            return False
    if type(value) is list:
        below.extend(value)
        return True
    return False


def canonical(value: Json | Mapping[str, Json]) -> str:
    """Return the canonical spelling; encode it as UTF-8 to hash it.

    Raises:
        UnrecordableError: not JSON, nested too deep, or a number that is not finite.
    """
    if isinstance(value, str):
        return _string(value)
    if _is_simple(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        except TypeError:  # a lone surrogate
            return _spell(value, 0)
    return _spell(value, 0)
