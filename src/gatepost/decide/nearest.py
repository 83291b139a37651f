"""The valid spelling nearest to what somebody wrote. Pure.

People take what a refusal names, so nothing here leads to what lets more in than was written.
"""

import difflib
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from gatepost.verify.paper import Language

NAME_SHOWN_CHARS = 64
"""Of a stranger's name no more is read or shown."""
_MEANT = {
    **dict.fromkeys(("accept", "allow"), ("deliver",)),
    "pass": ("deliver", "aligned"),
    **dict.fromkeys(("quarantine", "approve", "approval", "ask", "review"), ("hold",)),
    "hold": ("bounce", "reject"),
    **dict.fromkeys(("pattern", "regex", "regexp", "match"), ("reject",)),
    **dict.fromkeys(("greylist", "tempfail"), ("defer",)),
    **dict.fromkeys(("drop", "delete"), ("discard", "reject")),
    "discard": ("drop", "reject"),
    **dict.fromkeys(("bounce", "block", "deny", "refuse", "reject"), ("reject", "bounce", "refuse")),
    **dict.fromkeys(("spf", "dkim", "relaxed", "yes", "true"), ("aligned",)),
    **dict.fromkeys(("address", "from", "sender", "author", "email", "mail"), ("address", "match", "author", "from")),
    **dict.fromkeys(("over", "above", "min", "minimum", "morethan", "atleast"), ("atLeast", "over")),
    **dict.fromkeys(("below", "under", "max", "maximum", "lessthan", "atmost"), ("below", "atMost")),
    **dict.fromkeys(("size", "bytes", "octets", "length"), ("messageOctets", "octetsAtMost", "octets")),
    **dict.fromkeys(("permonth", "perweek"), ("perDay", "perAgent")),
    **dict.fromkeys(("perminute", "persecond"), ("perHour", "perAgent")),
    **dict.fromkeys(("perhour", "perday"), ("perAgent",)),
    **dict.fromkeys(("perauthor", "percontact"), ("perSender", "perRecipient")),
    **dict.fromkeys(("weekdays", "workdays", "daily"), ("monday",)),
    **dict.fromkeys(("domain", "host", "hostname"), ("domain", "match")),
    **dict.fromkeys(("rules", "allowlist", "whitelist"), ("senders",)),
    **dict.fromkeys(("any", "all", "everyone", "everybody"), ("anyone",)),
    **{each.name.casefold(): (each.value,) for each in Language},
}
"""What other products call a thing: there a likeness in letters would lead to another."""
_ALIKE = 0.8
"""How much of a name must be there before it may lead to one that lets more in."""


def nearest(name: str, valid: Iterable[str], weak: Collection[str] = ()) -> str:
    """Return the valid name that means what ``name`` does elsewhere, or looks most like it; else the first one.

    Args:
        name: as written.
        valid: the names there are.
        weak: those of them that let more in than the others. Such a one is named only to whom writes, but for a slip,
            just that or what means it elsewhere; everybody else hears of another, for people take what they are told.
    """
    known = list(valid)
    same = next((each for each in known if _bare(each) == _bare(name[:NAME_SHOWN_CHARS])), None)
    if same is not None:
        return same
    meant = next((each for each in _MEANT.get(_bare(name[:NAME_SHOWN_CHARS]), ()) if each in known), None)
    if meant is not None:
        return meant
    written = name[:NAME_SHOWN_CHARS].casefold()
    begun = next((each for each in known if each not in weak and each.casefold() == _first_part(written)), None)
    if begun is not None:
        return begun
    folded = {item.casefold(): item for item in known if item not in weak or _is_slip(written, item.casefold())}
    close = difflib.get_close_matches(written, folded, n=1, cutoff=0.0)
    return folded[close[0]] if close else known[0]


def _bare(name: str) -> str:
    """Return a name without its case, dashes, underscores and blanks."""
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _first_part(name: str) -> str:
    """Return what stands before the first dash or underscore: of ``en-US``, ``en``."""
    return name.replace("_", "-").partition("-")[0]


def _is_slip(written: str, name: str) -> bool:
    return written[:1] == name[:1] and difflib.SequenceMatcher(None, written, name).ratio() >= _ALIKE


def nearest_slip(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name that ``name`` is a slip of; None where it is like none."""
    written = name[:NAME_SHOWN_CHARS].casefold()
    close = difflib.get_close_matches(written, list(valid), n=1, cutoff=_ALIKE)
    return close[0] if close else None


_TRUTH = {
    **dict.fromkeys(("yes", "y", "on", "true", "1"), "true"),
    **dict.fromkeys(("no", "n", "off", "false", "0"), "false"),
}
"""What people, and YAML before 1.2, write for the two."""


def nearest_truth(value: object) -> str | None:
    """Return ``true`` or ``false`` where somebody wrote it otherwise."""
    return _TRUTH.get(str(value).casefold()) if isinstance(value, str | int) else None


JSON_INTEGER_MAX = 2**53 - 1
"""RFC 8259 section 6: what every reader agrees on."""
_NUMBER = re.compile(
    r"\s*\+?0*(0|[1-9][0-9]{0,2}(?:[_, ][0-9]{3}){1,4}|[1-9][0-9]{0,15})(?:\.0*)?\s*(k|K|kB|KB|M|MB|KiB|MiB)?\s*",
    re.ASCII,
)
_SCALES = {"k": 1_000, "K": 1_000, "kB": 1_000, "KB": 1_000, "M": 10**6, "MB": 10**6, "KiB": 1 << 10, "MiB": 1 << 20}
_POWER = re.compile(r"([1-9])e([0-9])", re.ASCII | re.IGNORECASE)


def nearest_number(value: object) -> str | None:
    """Return how a whole number is written that is text: in quotes, with a unit, or in YAML with a zero before it."""
    if isinstance(value, bool) or not isinstance(value, str | float):
        return None
    written = str(value)[:NAME_SHOWN_CHARS]
    if power := _POWER.fullmatch(written):
        return power[1] + "0" * int(power[2])
    found = _NUMBER.fullmatch(written)
    if found is None:
        return None
    number = int(re.sub(r"[_, ]", "", found[1])) * _SCALES.get(found[2], 1)
    return str(number) if number <= JSON_INTEGER_MAX else None


_SHARE = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%?\s*", re.ASCII)
_WHOLE = 100


def nearest_share(value: object) -> str | None:
    """Return how a share is written, from 0 to 1, of which somebody wrote a hundred times as much, or text."""
    found = _SHARE.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if found is None:
        return None
    share = float(found[1])
    if "%" in str(value) or (share > 1 and share.is_integer()):
        share /= _WHOLE
    return f"{share:.4g}" if share <= 1 else None


def nearest_moment(value: object) -> str | None:
    """Return how a time is written that lacks its time of day or its offset, which then is that of UTC."""
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if moment is None:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if aware.year >= _YEAR_MIN else None
    except (ValueError, OverflowError):
        return None


_YEAR_MIN = 1_000
"""Earlier ones are spelled with fewer digits on some systems."""
_CLOCK = re.compile(r"\s*([0-9]{1,2})(?:[:.h]([0-9]{2}))?\s*(?:([ap])\.?m\.?)?\s*", re.ASCII | re.IGNORECASE)
_HOURS, _MINUTES = 24, 60
_HALF_DAY = 12


def nearest_clock(value: object) -> str | None:
    """Return how a time of day is written: of 24 hours, with two digits for the hour, and with minutes."""
    found = _CLOCK.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if found[3] in "pP" else 0)
    return f"{hour:02}:{minute:02}" if hour < _HOURS and minute < _MINUTES else None


_SPAN = re.compile(r"\s*0*([1-9][0-9]{0,2})\s*(h|hrs?|hours?|d|days?|w|weeks?)\s*", re.ASCII | re.IGNORECASE)
_WEEK = 7


def nearest_span(value: object) -> str | None:
    """Return how a number of hours, days or weeks is written."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    number, unit = int(found[1]), found[2][0].lower()
    return f"{number * _WEEK}d" if unit == "w" else f"{number}{unit}"


_END = re.compile(r"\*?(\.[a-z0-9][a-z0-9._+-]*)", re.ASCII)
_NAMED_END = re.compile(r"[a-z0-9]{2,5}", re.ASCII)
_FAMILIES = frozenset({"application", "audio", "font", "image", "message", "model", "multipart", "text", "video"})


def nearest_type(value: object, *, may_be_end: bool) -> str | None:
    """Return how a media type, or the end of a file's name if it may be one, is written."""
    if not isinstance(value, str):
        return None
    bare = value.partition(";")[0].strip().lower()
    kind, slash, inner = bare.partition("/")
    if kind in _FAMILIES:
        return f"{kind}/{inner or '*'}"
    found = _END.fullmatch(bare)
    if may_be_end and not slash:
        return found[1] if found else f".{bare}" if _NAMED_END.fullmatch(bare) else None
    return None
