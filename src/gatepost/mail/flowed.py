"""Flowed text whose line breaks leave nothing behind (RFC 3676, DelSp=yes): one word may stand on many lines."""

from io import StringIO

_SIGNATURE = "-- "
"""Ends in a blank and is a line of its own all the same (section 4.3)."""


def joined(text: str) -> str:
    """Return the text with its paragraphs on one line each, as mail programs show it (section 4.4); linear.

    Line ends are LF. Only lines of one depth of quotation belong together (section 4.5).
    """
    out = StringIO()
    depth_before, is_open = 0, False
    for at, written in enumerate(StringIO(text, newline="\n")):
        line = written.removesuffix("\n")
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # stuffed (section 4.4)
        if not (is_open and depth == depth_before) or content == _SIGNATURE:
            out.write(("\n" if at else "") + ">" * depth + (" " if depth else ""))
        is_open = content.endswith(" ") and content != _SIGNATURE
        out.write(content[:-1] if is_open else content)
        depth_before = depth
    if text.endswith("\n"):
        out.write("\n")
    return out.getvalue()
