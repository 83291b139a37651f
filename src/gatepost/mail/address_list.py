"""Address lists in header fields (RFC 5322 section 3.4, obsolete forms too): linear, whatever a stranger wrote."""

import re
from dataclasses import dataclass

from gatepost.mail.address import Address, AddressError

MAX_VALUE_CHARS = 262_144
"""A longer field value is not read at all."""
MAX_ADDRESS_CHARS = 1_000
"""Longer than any address; spares the parser behind it."""

_PLAIN = re.compile(r'[^"(\\<>,:;@\s\[\])]+')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LITERAL = re.compile(r"\[[^\[\]\\]*\]")
_ONE_PLAIN = re.compile(
    r"\s*+(?:(?P<name>[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.\- ]{0,200}+)?"
    r"<(?P<bracketed>[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]{1,255})>|(?P<bare>[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]{1,255}))\s*",
    re.ASCII,
)
"""The commonest form of all, a part of the grammar below: it must read the same here and there."""
_SPACE = re.compile(r"\s+")
_PARENTHESIS = re.compile(r"[()\\]")


class AddressListError(ValueError):
    """The value is no address list, or reads in two ways."""


@dataclass(frozen=True, slots=True)
class Named:
    """One mailbox of a list: the display name as written, unquoted, and the address."""

    name: str
    address: Address


def parse(value: str) -> list[Named]:
    """Read ``mailbox-list`` or ``address-list``; groups give their members.

    Stricter than what mail programs guess at: whatever two programs could read as two different authors is refused.

    Raises:
        AddressListError: broken, ambiguous, or with an address that is none.
    """
    plain = _ONE_PLAIN.fullmatch(value)
    if plain is not None:  # most mail: one address, perhaps after a name of plain words
        return [Named(_SPACE.sub(" ", plain["name"] or "").strip(), _parsed(plain["bracketed"] or plain["bare"]))]
    if len(value) > MAX_VALUE_CHARS:
        raise AddressListError("longer than we read")
    reader = _Reader()
    for kind, text in _tokens(value):
        reader.take(kind, text)
    return reader.finish()


def _comment_end(value: str, at: int) -> int:
    depth = 0
    while (found := _PARENTHESIS.search(value, at)) is not None:
        at = found.end()
        match found[0]:
            case "(":
                depth += 1
            case ")":
                depth -= 1
                if depth == 0:
                    return at
            case _:
                at += 1  # a quoted pair
    raise AddressListError("a comment does not end")


def _tokens(value: str) -> list[tuple[str, str]]:
    """Cut into ``word``, ``quoted``, ``literal``, ``space`` and one-character specials; comments become space."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(value):
        if value[at] == "(":
            at = _comment_end(value, at)
            tokens.append(("space", " "))
            continue
        for kind, pattern in _KINDS:
            found = pattern.match(value, at)
            if found is not None:
                tokens.append((kind, found[0]))
                at = found.end()
                break
        else:
            if value[at] not in "<>,:;@":
                raise AddressListError("a character that may not stand here")
            tokens.append((value[at], value[at]))
            at += 1
    return tokens


_KINDS = (("word", _PLAIN), ("space", _SPACE), ("quoted", _QUOTED), ("literal", _LITERAL))


class _Reader:
    """Collects one mailbox at a time."""

    def __init__(self) -> None:
        self.found: list[Named] = []
        self._outside: list[tuple[str, str]] = []
        self._inside: list[tuple[str, str]] | None = None
        self._is_closed = False
        self._in_group = False

    def take(self, kind: str, text: str) -> None:
        """Take the next token."""
        if self._inside is not None and not self._is_closed:
            self._take_inside(self._inside, kind, text)
            return
        match kind:
            case "<" if self._inside is None:
                self._inside = []
            case ",":
                self._end_mailbox()
            case ":":
                self._start_group()
            case ";":
                self._end_group()
            case "<" | ">":
                raise AddressListError("angle brackets that do not pair, or two addresses without a comma")
            case _:
                if self._is_closed and kind != "space":
                    raise AddressListError("words after the address")
                self._outside.append((kind, text))

    def _take_inside(self, inside: list[tuple[str, str]], kind: str, text: str) -> None:
        if kind == "<":
            raise AddressListError("an angle bracket inside angle brackets")
        if kind == ">":
            self._is_closed = True
        else:
            inside.append((kind, text))

    def finish(self) -> list[Named]:
        """Return the mailboxes read."""
        if self._inside is not None and not self._is_closed:
            raise AddressListError("an angle bracket does not close")
        self._end_mailbox()
        return self.found  # a group that never ends is read as one that does

    def _start_group(self) -> None:
        if self._in_group or self._inside is not None or any(kind == "@" for kind, _ in self._outside):
            raise AddressListError("a colon where no group can start")
        self._in_group = True
        self._outside = []

    def _end_group(self) -> None:
        if not self._in_group:
            raise AddressListError("a semicolon outside a group")
        self._end_mailbox()
        self._in_group = False

    def _end_mailbox(self) -> None:
        outside = self._outside
        if self._inside is None:
            if any(kind != "space" for kind, _ in outside):
                self.found.append(Named("", _address(outside)))
        else:
            if any(kind == "@" for kind, _ in outside):
                raise AddressListError("an unquoted @ in a display name")
            name = _SPACE.sub(" ", "".join(_unquoted(kind, text) for kind, text in outside)).strip()
            self.found.append(Named(name, _address(_without_route(self._inside))))
        self._outside, self._inside, self._is_closed = [], None, False


def _unquoted(kind: str, text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if kind == "quoted" else text


def _without_route(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop an obsolete source route, ``@a,@b:`` (RFC 5322 section 4.4)."""
    meant = [token for token in tokens if token[0] != "space"]
    if meant and meant[0][0] == "@":
        kinds = [kind for kind, _ in meant]
        if ":" not in kinds:
            raise AddressListError("a route without an address")
        return meant[kinds.index(":") + 1 :]
    return tokens


def _address(tokens: list[tuple[str, str]]) -> Address:
    """Join tokens to an address; white space may stand only around @ and dots (RFC 5322 section 4.4)."""
    parts: list[str] = []
    had_space = False
    for kind, text in tokens:
        if kind == "space":
            had_space = True
            continue
        if had_space and parts and not _may_join(parts[-1], text):
            raise AddressListError("words where an address is expected")
        had_space = False
        parts.append(text)
    return _parsed("".join(parts))


def _parsed(text: str) -> Address:
    if len(text) > MAX_ADDRESS_CHARS:
        raise AddressListError("an address longer than addresses are")
    try:
        return Address.parse(text)
    except AddressError as error:
        raise AddressListError(str(error)) from None


def _may_join(left: str, right: str) -> bool:
    return left.endswith(("@", ".")) or right.startswith(("@", "."))
