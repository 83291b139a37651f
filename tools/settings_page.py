"""Write ``docs/settings.md``, the list of all settings, from the types that read them; ``--check`` only compares.

Run it after a change to a setting: ``.venv/bin/python tools/settings_page.py``.
"""

import sys
from pathlib import Path

from gatepost import settings

TARGET = Path(__file__).parents[1] / "docs" / "settings.md"


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit status."""
    text = settings.reference()
    if "--check" in arguments:
        if TARGET.exists() and TARGET.read_text() == text:
            return 0
        print(
            "docs/settings.md is not what the settings say: run .venv/bin/python tools/settings_page.py",
            file=sys.stderr,
        )
        return 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
