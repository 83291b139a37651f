"""The rows behind an entry as the second store keeps them: a line of JSON. Pure.

A line has what the log's own files on that store do not: the leaf lies in its bundle. Sealed openings are in base64
(RFC 4648 section 4). Lines of earlier releases have the leaf too, and octets in hexadecimal digits; they are read as
well, and their leaf is held to the bundle's.
"""

from binascii import Error, a2b_base64, b2a_base64
from typing import Any

import orjson

from gatepost.ledger.errors import LedgerError


def spell(rows: str, sealed: bytes | None) -> str:
    """Return the line of an entry's rows, which PostgreSQL has put into JSON, and its sealed opening, if it has one."""
    return rows if sealed is None else f'{rows[:-1]},"sealed":"{_base64(sealed)}"}}'


def read(line: str, leaf: bytes) -> dict[str, Any]:
    """Return the rows of a line by their names, whole, octets as PostgreSQL spells them.

    Args:
        line: of this release or an earlier one.
        leaf: of the place the line is of.

    Raises:
        LedgerError: the line is damaged, or of another entry.
    """
    try:
        rows: dict[str, Any] = orjson.loads(line)
        if (sealed := rows.pop("sealed", None)) is not None:
            octets = a2b_base64(sealed, strict_mode=True)
            if _base64(octets) != sealed:
                raise LedgerError("a row of the second store is not spelled as it was written")
            rows["opening"]["sealed"] = _hex(octets)
        if rows["entry"].setdefault("leaf", _hex(leaf)) != _hex(leaf):
            raise LedgerError("a row of the second store has another leaf than its bundle")
    except (AttributeError, Error, KeyError, TypeError, ValueError) as error:
        raise LedgerError("a row of the second store cannot be read") from error
    return rows


def _base64(octets: bytes) -> str:
    return b2a_base64(octets, newline=False).decode("ascii")


def _hex(octets: bytes) -> str:
    return f"\\x{octets.hex()}"
