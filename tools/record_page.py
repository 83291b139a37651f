"""Write the list of all actions into ``docs/record.md``, from the record's vocabulary; ``--check`` only compares.

Run it after a change to the vocabulary: ``.venv/bin/python tools/record_page.py``.
"""

import sys
from pathlib import Path

from gatepost.record.vocabulary import reference

TARGET = Path(__file__).parents[1] / "docs" / "record.md"
HEADING = "## All actions\n"


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit status."""
    text = TARGET.read_text(encoding="utf-8")
    before, heading, after = text.partition(HEADING)
    _, other, rest = after.partition("\n## ")
    wanted = f"{before}{heading}\n{reference().rstrip()}\n{other}{rest}"
    if "--check" in arguments:
        if text == wanted:
            return 0
        told = "docs/record.md is not what the vocabulary says: run .venv/bin/python tools/record_page.py"
        print(told, file=sys.stderr)
        return 1
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
