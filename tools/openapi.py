"""Write ``docs/openapi.json``, the checked-in description of the REST door; ``--check`` only compares.

Run it after a change to a route or a shape: ``.venv/bin/python tools/openapi.py``.
"""

import json
import sys
from pathlib import Path

from gatepost.doors import rest

TARGET = Path(__file__).parents[1] / "docs" / "openapi.json"


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit status."""
    text = json.dumps(rest.assemble().openapi(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in arguments:
        if TARGET.exists() and TARGET.read_text() == text:
            return 0
        print("docs/openapi.json is not what the routes say: run .venv/bin/python tools/openapi.py", file=sys.stderr)
        return 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
