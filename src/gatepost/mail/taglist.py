"""Tag lists (RFC 6376 section 3.2): ``k=v; k=v``, the grammar DKIM, ARC and DMARC records share."""

_FWS = " \t\r\n"
"""Folding white space; what else Unicode calls space is none here (RFC 6376 section 2.8)."""


_USUAL = frozenset({"a", "b", "bh", "c", "cv", "d", "h", "i", "k", "l", "p", "q", "s", "t", "v", "x", "z"})
"""Names that need no closer look."""


class TagListError(ValueError):
    """The text is no tag list; the message says why."""


def parse(text: str) -> dict[str, str]:
    """Read a tag list; values keep inner white space, lose outer.

    Raises:
        TagListError: a part is no ``name=value``, or a name occurs twice.
    """
    tags: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip(_FWS):
        parts.pop()  # one final semicolon is allowed
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip(_FWS)
        if not equals or not (name in _USUAL or _is_name(name)):
            raise TagListError("a part of the tag list is not name=value")
        tags[name] = value.strip(_FWS)
    if len(tags) < len(parts):
        raise TagListError("a tag occurs twice")
    return tags


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name[0] != "_"


def parse_leniently(text: str) -> dict[str, str]:
    """Read what can be read: malformed parts are skipped, of equal names the first counts. Names are lowercased."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(_FWS).lower(), value.strip(_FWS))
    return tags


def without_space(value: str) -> str:
    """Remove folding white space from inside a value, as base64 values may carry it."""
    return value.replace(" ", "").replace("\r\n", "").replace("\t", "").replace("\n", "").replace("\r", "")


def words(value: str) -> list[str]:
    """Return the parts of a value between colons, without the folding white space around each."""
    return [word.strip(_FWS) for word in value.split(":")]
