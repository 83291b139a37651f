"""Style sheets made plain, so that they can be cut at their signs (CSS Syntax 3 section 4.3); linear.

Strings, addresses, escapes and brackets may hold any sign: ``content:"}"`` ends no block. ``plain`` puts those signs
out of the way, as noncharacters of Unicode, and ``written`` brings them back.
"""

import re

NOTHING = "\ufdd0"
"""Where a comment stood: it parts the words of a value, and nothing else."""
MASKS = "\ufdd0-\ufdef"
"""All that ``plain`` puts in the place of signs, for character classes."""
_SIGNS = "{};:,()[]!>+~*|=.#&/<^$ \t\n\"'\\"
_MASK = {ord(sign): 0xFDD1 + at for at, sign in enumerate(_SIGNS)}
_WRITTEN = {mask: sign for sign, mask in _MASK.items()} | {ord(NOTHING): " "}
_OPAQUE = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z))
      | "(?:[^"\\\n\r\f]|\\(?:\r\n|.))*(?:"|(?=[\n\r\f])|\\?\Z)
      | '(?:[^'\\\n\r\f]|\\(?:\r\n|.))*(?:'|(?=[\n\r\f])|\\?\Z)
      | (?<![\w\-])url\((?P<address>[ \t\r\n\f]*(?!["' \t\r\n\f])(?:[^)\\]|\\.)*)
      | \\(?:(?P<code>[0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|(?P<sign>[^\r\n\f]))""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|([^\r\n\f])|\r?\n)", re.IGNORECASE)
_GROUP = re.compile(r"\([^()\[\]{};]*\)|\[[^()\[\]{};]*\]")
_SIGN = re.compile(r"[()\[\]{};]")
_LISTED = re.compile(r"[()\[\],]")
_ROUND = re.compile(r"[()]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORD = re.compile(r"(?:[^\s()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+")
_ORDINARY_DEPTH = 4


def plain(source: str) -> str:
    """Return a sheet in which signs that mean nothing where they stand are masked, and escapes resolved."""
    if "\\" in source or '"' in source or "'" in source or "/*" in source or "(" in source:
        source = _OPAQUE.sub(_opaque, source)
    if ("(" in source or "[" in source) and not _is_tidy(source):
        return _inside_masked(source)
    return source


def written(text: str) -> str:
    """Return text with its masked signs as they were written."""
    return text if text.isascii() else text.translate(_WRITTEN)


def _opaque(found: re.Match[str]) -> str:
    if found["comment"]:
        return NOTHING
    if found["address"] is not None:
        return "url(" + found["address"].translate(_MASK)
    if found["code"] or found["sign"]:
        return _character(found["code"], found["sign"]).translate(_MASK)
    quoted = found[0]
    inside = quoted[1:].removesuffix(quoted[0]) if "\\" not in quoted else unescaped(quoted[1:].removesuffix(quoted[0]))
    return quoted[0] + inside.translate(_MASK) + quoted[0]


def unescaped(text: str) -> str:
    """Resolve the escapes of a string."""
    return _ESCAPE.sub(lambda found: _character(found[1], found[2]), text)


def _character(code: str | None, sign: str | None) -> str:
    """Return what an escape stands for (section 4.3.7); a line's end escaped in a string is nothing."""
    if code is None:
        return sign or ""
    number = int(code, 16)
    return chr(number) if 0x20 <= number < 0x110000 else "\ufffd"  # noqa: PLR2004  # no control, no more than Unicode has


def parts(text: str) -> list[str]:
    """Cut a list at its commas, but not in brackets."""
    if "(" not in text and "[" not in text:
        return text.split(",")
    found: list[str] = []
    nesting = at = 0
    for sign in _LISTED.finditer(text):
        if sign[0] != ",":
            nesting += 1 if sign[0] in "([" else -1
        elif nesting <= 0:
            found.append(text[at : sign.start()])
            at = sign.end()
    return [*found, text[at:]]


def closing(text: str, at: int) -> int:
    """Return where the round bracket closes that opened before ``at``; the end where none does."""
    depth = 1
    for found in _ROUND.finditer(text, at):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.start()
    return len(text)


def _is_tidy(source: str) -> bool:
    """Tell whether every bracket closes, and holds no end of anything, as in all honest sheets."""
    for _ in range(_ORDINARY_DEPTH):
        source = _GROUP.sub("", source)
        if "(" not in source and "[" not in source:
            return True
    return False


def _inside_masked(source: str) -> str:
    """Mask the ends of declarations and blocks that stand in brackets (section 5.4.8)."""
    pieces: list[str] = []
    closing: list[str] = []
    at = 0
    for found in _SIGN.finditer(source):
        sign = found[0]
        if closing and sign == closing[-1]:
            closing.pop()
            if sign != "}":
                continue
        elif sign in "([" or (sign == "{" and closing):
            closing.append(_CLOSING[sign])
            if sign != "{":
                continue
        elif not closing or sign in ")]":
            continue
        pieces += [source[at : found.start()], sign.translate(_MASK)]
        at = found.end()
    return "".join(pieces) + source[at:]


def words_of(value: str) -> list[str]:
    """Return the words of a value, each with its brackets, three deep, and what they hold."""
    found: list[str] = _WORD.findall(value)
    return found
