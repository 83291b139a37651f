"""Writes synchronous.py from asynchronous.py: one client, told twice. With --check: only compares."""

import ast
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "src" / "gatepost_client"
CHANGES = (
    (
        r'"""The client for asyncio.*?"""',
        '"""The client without asyncio: written from ``asynchronous.py`` by ``client/unasync.py``."""',
    ),
    (r"import asyncio\n", ""),
    (r"import random\n", "import random\nimport time\n"),
    (r"asyncio\.sleep", "time.sleep"),
    (r"AsyncGenerator, Awaitable, Callable", "Callable, Generator"),
    (r"AsyncGenerator\[([^\]]*), None\]", r"Generator[\1, None, None]"),
    (r"AsyncGenerator", "Generator"),
    (r"Awaitable\[(shapes\.Paged\[T\])\]", r"\1"),
    (r"for one in page\.items:\n +yield one", "yield from page.items"),
    (r"AsyncBaseTransport", "BaseTransport"),
    (r"AsyncClient", "Client"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\(await (self\._do\([^\n]*\))\)\.count", r"\1.count"),
    (r"\bawait ", ""),
    (r"\basync ", ""),
)


def translated(text: str) -> str:
    """Return the client without asyncio."""
    for pattern, replacement in CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL if "asyncio.*" in pattern else 0)
    return text


def main() -> int:
    """Write, or compare."""
    wanted = translated((FOLDER / "asynchronous.py").read_text())
    path = FOLDER / "synchronous.py"
    if sys.argv[1:] == ["--check"]:
        return int(ast.dump(ast.parse(path.read_text())) != ast.dump(ast.parse(wanted)))
    path.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
