"""Write ``docs/policy.schema.json``, the JSON Schema of the policy language; ``--check`` only compares.

Run it after a change to the grammar: ``.venv/bin/python tools/policy_schema.py``.
"""

import json
import sys
from pathlib import Path

from gatepost.decide.grammar import schema

TARGET = Path(__file__).parents[1] / "docs" / "policy.schema.json"


def main(arguments: list[str]) -> int:
    """Write or compare; return the exit status."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema()}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if "--check" in arguments:
        if TARGET.exists() and TARGET.read_text() == text:
            return 0
        told = "docs/policy.schema.json is not what the grammar says: run .venv/bin/python tools/policy_schema.py"
        print(told, file=sys.stderr)
        return 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
