"""Content guards' patterns: ECMAScript as people write it, run by RE2 in time linear in the text.

What RE2 cannot express is refused by name, never emulated: look-around and backreferences are what makes a pattern
take exponential time, and a guard must not be a way to stop the gate.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import re2

PATTERN_MAX_CHARS = 2_000
PROGRAM_MAX = 4_000  # RE2 instructions of one pattern
MEMORY_MAX_OCTETS = 1 << 20  # of one compiled pattern, its cached automata included


class PatternError(ValueError):
    """The pattern cannot be used; the message names the construct."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; equal where its source is. ``cost`` counts RE2 instructions."""

    source: str
    cost: int
    _search: Callable[[bytes], object | None] = field(repr=False, compare=False)

    def is_in(self, octets: bytes) -> bool:
        """Tell whether the pattern matches anywhere in UTF-8 text; at most ``cost * len(octets)`` steps."""
        return self._search(octets) is not None


_GROUPS = {
    "(?=": "look-ahead (?=",
    "(?!": "negative look-ahead (?!",
    "(?<=": "look-behind (?<=",
    "(?<!": "negative look-behind (?<!",
    "(?>": "an atomic group (?>",
    "(?#": "a comment (?#",
    "(?(": "a conditional group (?(",
    "(?|": "a branch reset (?|",
    "(?R": "recursion (?R",
    "(?&": "recursion (?&",
    "(?P>": "recursion (?P>",
    "(?P=": "a backreference (?P=",
}
_LONGEST_FIRST = sorted(_GROUPS, key=len, reverse=True)

# One token of a pattern; the order matters. Linear: every branch starts with another character and none backtracks far.
_TOKEN = re.compile(
    r"""
      \\u\{(?P<braced>[0-9A-Fa-f]{1,6})\}
    | \\u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})
    | \\u(?P<four>[0-9A-Fa-f]{4})
    | \\c(?P<control>[A-Za-z])
    | (?P<escape>\\.)
    | (?P<posix>\[:\^?[a-z]{1,10}:\])
    | (?P<open>\[\^?)
    | (?P<close>\])
    | \(\?<(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})>
    | (?P<group>\(\?)
    | (?P<quantifier>[*+?]|\{[0-9]{1,6}(?:,[0-9]{0,6})?\})
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Translator:
    """Turns one pattern into RE2's dialect, token by token."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._in_class = False
        self._class_is_empty = False
        self._after_quantifier = False

    def translate(self, source: str) -> str:
        for token in _TOKEN.finditer(source):
            kind = token.lastgroup
            if kind is None:  # pragma: no cover  # every branch is named
                continue
            spelled = self._class_token(kind, token) if self._in_class else self._plain_token(kind, token)
            self._out.append(spelled)
        return "".join(self._out)

    def _class_token(self, kind: str, token: re.Match[str]) -> str:
        if kind == "close":
            if self._class_is_empty:
                raise PatternError("an empty character class [] is not supported")
            self._in_class = False
            return "]"
        self._class_is_empty = False
        if kind == "escape" and token[0] == "\\b":
            return "\\x08"  # ECMAScript: a backspace, inside a class only
        if kind in {"open", "posix"}:
            return token[0] if kind == "posix" else token[0].replace("[", "\\[")
        return token[0] if kind in {"name", "group", "quantifier", "other"} else _character(kind, token)

    def _plain_token(self, kind: str, token: re.Match[str]) -> str:
        was_quantifier, self._after_quantifier = self._after_quantifier, False
        match kind:
            case "open" | "posix":
                self._in_class = True
                self._class_is_empty = kind == "open"
                return token[0]
            case "name":
                return f"(?P<{token['name']}>"
            case "group":
                _refuse_group(token.string[token.start() : token.start() + 4])
                return token[0]
            case "quantifier":
                if was_quantifier and token[0] == "+":
                    raise PatternError("a possessive quantifier is not supported")
                # A lazy ``?`` keeps the state: RE2 itself refuses a third one.
                self._after_quantifier = True
                return token[0]
            case "close" | "other":
                return token[0]
            case _:
                return _character(kind, token)


def _refuse_group(opening: str) -> None:
    for prefix in _LONGEST_FIRST:
        if opening.startswith(prefix):
            raise PatternError(f"{_GROUPS[prefix]} is not supported")


def _character(kind: str, token: re.Match[str]) -> str:
    """Spell one escape; RE2 itself refuses the escapes it does not know."""
    match kind:
        case "braced" | "four":
            return _code_point(int(token[kind], 16))
        case "low":
            high, low = int(token["high"], 16), int(token["low"], 16)
            return _code_point(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        case "control":
            return f"\\x{ord(token['control']) % 32:02x}"
        case _:
            return _plain_escape(token[0])


def _plain_escape(escape: str) -> str:
    if escape[1] in "123456789":
        raise PatternError(f"a backreference {escape} is not supported")
    if escape[1] == "k":
        raise PatternError("a named backreference \\k is not supported")
    if escape[1] in "CQE":
        raise PatternError(f"the escape {escape} is not supported")  # RE2 knows them; ECMAScript means another thing
    if escape[1] == "u":
        raise PatternError("the escape \\u is not followed by four hexadecimal digits or {...}")
    return escape


def _code_point(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  # Unicode's own bounds
        raise PatternError("the escape \\u names no character")
    return f"\\x{{{code:x}}}"


def quick_options(memory_octets: int = MEMORY_MAX_OCTETS) -> re2.Options:
    """Return how guards are compiled: for whether they match, within that much memory."""
    options = re2.Options()
    options.log_errors = False  # RE2 would write the pattern to our standard error
    options.max_mem = memory_octets
    options.never_capture = True  # only whether it matches is asked, and that lets RE2 stay in its fastest machine
    return options


def compile_pattern(source: str) -> Pattern:
    """Compile a guard's pattern.

    Raises:
        PatternError: RE2 cannot express it, or it is too large.
    """
    if len(source) > PATTERN_MAX_CHARS:
        raise PatternError(f"the pattern is longer than {PATTERN_MAX_CHARS} characters")
    try:
        compiled = re2.compile(translated(source).encode(), quick_options())
    except (re2.error, UnicodeEncodeError) as error:
        raise PatternError(_what_re2_said(error)) from error
    if compiled.programsize > PROGRAM_MAX:
        raise PatternError(f"the pattern compiles to more than {PROGRAM_MAX} instructions")
    return Pattern(source, compiled.programsize, compiled.search)


def translated(source: str) -> str:
    """Return a pattern in RE2's dialect; raises ``PatternError``."""
    return _Translator().translate(source)


def _what_re2_said(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "the pattern has a lone surrogate"
    said = error.args[0] if error.args else b""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


_NOTHING = 1
"""The size of a program that can only fail."""
_ZERO_WIDTH = frozenset({"\\b", "\\B", "\\A", "\\z"})


def never_matches(pattern: Pattern) -> bool:
    """Tell whether no text can match: proven, so that False may also mean that nobody knows.

    RE2 itself finds classes without a character. Beside that: a character that must stand before the text's beginning,
    or after its end.
    """
    if pattern.cost == _NOTHING:
        return True
    if "|" in pattern.source or "(?" in pattern.source.removeprefix("(?i)"):
        return False
    return _breaks_its_anchors(translated(pattern.source.removeprefix("(?i)")))


def _breaks_its_anchors(source: str) -> bool:
    """Look only at what stands outside of groups, and must stand there once."""
    depth, in_class = 0, False
    must: list[str] = []  # "c" a character, "^" the beginning, "$" the end
    for token in _TOKEN.finditer(source):
        kind, text = token.lastgroup, token[0]
        if in_class:
            in_class = kind != "close"
            continue
        in_class = kind in {"open", "posix"}
        depth += {"(": 1, ")": -1}.get(text, 0)
        if kind == "quantifier" and must:
            must.pop()  # it may be nothing at all; a plus is passed over as well, which only misses a proof
        elif depth or text in "()":
            must.append("")
        elif text in {"^", "\\A"}:
            must.append("^")
        elif text in {"$", "\\z"}:
            must.append("$")
        else:
            must.append("" if text in _ZERO_WIDTH else "c")
    said = "".join(must)
    return "c" in said[: max(said.rfind("^"), 0)] or ("$" in said and "c" in said[said.index("$") :])
