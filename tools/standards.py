"""Collect every line marked ``deviation:`` into ``docs/standards.md``; ``--check`` only compares.

Run it after a change: ``.venv/bin/python tools/standards.py``.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gatepost"
TARGET = ROOT / "docs" / "standards.md"
MARK = "deviation:"

_LIST = re.compile(r"(?<=<!-- deviations -->\n).*?(?=<!-- /deviations -->)", re.DOTALL)


def deviations(text: str) -> list[str]:
    """Return each deviation of one file as one line: from its mark to the end of its paragraph."""
    found: list[str] = []
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if MARK not in line:
            continue
        is_comment = line.lstrip().startswith("#")
        parts = [line.partition(MARK)[2]]
        for below in lines[at + 1 :]:
            if '"""' in parts[-1] or not below.strip() or below.lstrip().startswith("#") != is_comment:
                break
            if MARK in below or below.lstrip().startswith('"""'):
                break
            parts.append(below.lstrip(" #"))
        found.append(" ".join(" ".join(parts).replace('"""', "").split()))
    return found


def collected() -> str:
    """Return the list as it stands in the document."""
    rows = [
        f"- `{path.relative_to(SOURCE)}`: {text}\n"
        for path in sorted(SOURCE.rglob("*.py"))
        for text in deviations(path.read_text(encoding="utf-8"))
    ]
    return "\n" + "".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit status."""
    text = TARGET.read_text(encoding="utf-8")
    wanted = _LIST.sub(lambda _: collected(), text)
    if "--check" in arguments:
        if text != wanted:
            sys.stderr.write("docs/standards.md lacks a deviation: run .venv/bin/python tools/standards.py\n")
        return int(text != wanted)
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
