"""Parameters of structure fields (RFC 2045 section 5.1, RFC 2231): linear, never raises, forgiving as mail must be."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gatepost.mail.charset import decode
from gatepost.mail.encoded_word import decode_text

MAX_PARAMETERS = 200
_CACHED_CHARS = 200

_PIECE = re.compile(r"""[^;"]*+(?:"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)[^;"]*+)*+;?""", re.DOTALL)
"""Up to a semicolon that stands in no quoted string."""
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)', re.DOTALL)
_COMMENTS = re.compile(r"\A\s*+(?:\((?:[^()\\]|\\.)*+\)\s*+)*+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_OR_OPEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|\\.|\(', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_SPACE = re.compile(r"\s*+")
_SECTION = re.compile(r"(?P<name>[^*]+)(?:\*(?P<number>\d{1,3}))?(?P<extended>\*)?", re.ASCII)


def read(value: str) -> tuple[str, Mapping[str, str]]:
    """Return the value before the first semicolon, lowercase, and the parameters by lowercase name.

    Of two parameters of one name the first counts; a name in RFC 2231 form goes before its plain twin.
    """
    return _read_often(value) if len(value) <= _CACHED_CHARS else _read(value)


def token(value: str) -> str:
    """Return a token without what may stand around it: white space and comments (RFC 2045 section 5.1)."""
    return re.split(r"[\s(;]", _COMMENTS.sub("", value), maxsplit=1)[0]


def _read(value: str) -> tuple[str, Mapping[str, str]]:
    value = _without_comments(value) if "(" in value else value
    at = 0
    pieces: list[str] = []
    while at < len(value) and len(pieces) <= MAX_PARAMETERS:
        found = _PIECE.match(value, at)
        if found is None or found.end() == at:
            break  # cannot happen: the pattern takes at least the character before it
        pieces.append(found[0].removesuffix(";"))
        at = found.end()
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces[1:]:
        name, equals, written = piece.partition("=")
        section = _SECTION.fullmatch(name.strip().lower())
        if not equals or section is None:
            continue
        text = _unquoted(written.strip())
        if section["number"] is None and section["extended"] is None:
            plain.setdefault(section["name"], text)
        else:
            numbered = sections.setdefault(section["name"], {})
            numbered.setdefault(int(section["number"] or 0), (text, section["extended"] is not None))
    found_parameters = plain | {name: _joined(numbered) for name, numbered in sections.items()}
    return token(pieces[0]).lower() if pieces else "", found_parameters


_read_often = lru_cache(maxsize=1024)(_read)


def _without_comments(value: str) -> str:
    """Return ``value`` without comments before and behind its words (RFC 2045 section 5.1, RFC 822 section 3.4.3).

    One between two words stays, as one that never ends does: ``report (1).pdf`` was meant to stand in quotes.
    """
    kept: list[str] = []
    start = at = 0
    while (found := _QUOTED_OR_OPEN.search(value, at)) is not None:
        at = found.end()
        if found[0] == "(":
            at = _comments_end(value, found.start())
            if at < 0:
                break
            if _is_at_an_edge(value, found.start(), at):
                kept += value[start : found.start()], " "
                start = at
    return "".join((*kept, value[start:]))


def _comments_end(value: str, at: int) -> int:
    """Return where comments that stand together end, and the white space behind them; -1 where one never does."""
    depth = 0
    while (found := _IN_COMMENT.search(value, at)) is not None:
        at = found.end()
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            at = _skip_space(value, at)
            if not value.startswith("(", at):
                return at
    return -1


def _is_at_an_edge(value: str, start: int, end: int) -> bool:
    """Tell whether what stands there is first or last in its parameter's name or value."""
    while start and value[start - 1].isspace():
        start -= 1
    return start == 0 or value[start - 1] in ";=" or end == len(value) or value[end] in ";="


def _skip_space(value: str, at: int) -> int:
    found = _SPACE.match(value, at)
    return found.end() if found else at


def _unquoted(text: str) -> str:
    found = _QUOTED.match(text)
    return _ESCAPED.sub(r"\1", found[1]) if found else text


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """Join the sections in order; the first extended one names the charset (RFC 2231 section 4.1)."""
    charset = ""
    octets: list[bytes] = []
    for at, number in enumerate(sorted(numbered)):
        text, is_extended = numbered[number]
        if is_extended and at == 0 and text.count("'") > 1:
            charset, _, text = text.split("'", 2)
        octets.append(
            unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
            if is_extended
            else text.encode("utf-8", "surrogateescape")
        )
    return decode(b"".join(octets), charset)


def file_name(filename: str, name: str) -> str:
    """Return the file's name (RFC 2183 section 2.3), or the older ``name``, encoded words read as everybody does."""
    return decode_text(filename or name)
