"""Style sheets without what could pass for their syntax: comments, what stands in strings, ``url()`` and brackets.

So whoever reads on may cut at every brace and semicolon that is left (CSS Syntax section 4.3).
"""

import re

_STRING = r'"[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*(?:"|\n|\Z|\\\Z)|' r"'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*(?:'|\n|\Z|\\\Z)"
_OPAQUE = re.compile(
    rf"(?P<comment>/\*[\s\S]*?(?:\*/|\Z))|(?P<url>\burl\(\s*[^\"'\s)][^)]*(?:\)|\Z))|(?P<string>{_STRING})|(?P<escape>\\[{{}};:,(])",
    re.IGNORECASE,
)
_SUSPECT = re.compile(r"[/\"'\\(]")
_BRACKETS = re.compile(r"\([^()]*(?:\)|\Z)")
_SYNTAX = str.maketrans("{};", "___")


def tame(source: str) -> str:
    """Return the source with every comment as a space and no brace or semicolon that is none; linear."""
    if _SUSPECT.search(source) is None:
        return source
    return _BRACKETS.sub(_bracket, _OPAQUE.sub(_opaque, source))


def _opaque(found: re.Match[str]) -> str:
    if found["comment"] is not None:
        return " "
    if found["url"] is not None:
        return "url(_)"
    if found["escape"] is not None:
        return "_"
    text = found[0].translate(_SYNTAX)
    return text.replace("/*", "__").replace("(", "_").replace(")", "_")


def _bracket(found: re.Match[str]) -> str:
    return found[0].translate(_SYNTAX) if ";" in found[0] or "{" in found[0] else found[0]
