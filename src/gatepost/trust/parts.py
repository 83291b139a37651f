"""What a revision of the operator's folder changed, part by part and in words.

A revision's leaf names the folder by one digest, which says that something changed and not what. So the digests of its
parts are written down beside, as one object of the store (``revision/SHA256``), and the leaf names the SHA-256 of that
object as ``parts``: a list that was changed is not believed. A part is a row of a register, with its text where it has
one; registers that name people, accounts or open weaknesses are one part each.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from itertools import pairwise
from typing import Any

import orjson

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.record.canonical import canonical
from gatepost.record.trust_log import Stated
from gatepost.trust.operator import Operator

ROWS = {
    "claims": "claims",
    "documents": "texts",
    "contacts": "contacts",
    "controls": "controls",
    "commitments": "commitments",
    "stores": "stores",
    "suppliers": "suppliers",
    "transfers": "transfers",
    "duties": "duties",
    "terms": "versions of the terms",
    "statements": "statements",
}
"""Registers whose rows are told by name, and what those are called."""
WHOLE = {
    "entity": "the legal entity",
    "place": "where the service runs",
    "disclosure": "how security reports are taken",
    "registrations": "registrations",
    "ways_out": "ways out",
    "instructions": "purposes of processing",
    "members": "the people register",
    "reviews": "security reviews",
    "principals": "accounts with rights",
    "vulnerabilities": "findings",
    "scans": "scans",
    "exclusions": "exceptions from scans",
    "releases": "releases",
    "responders": "who is on call",
    "rota": "the rota",
    "connectors": "connectors",
    "texts": "notes beside the texts",
}
"""What is told as one thing."""
NAMES_TOLD = 12
UNTOLD = "The claims, registers or texts were revised."
"""Where the lists of parts are not at hand."""
FIRST = "The claims, registers and texts are published for the first time."

Parts = Mapping[str, str]
Words = dict[tuple[str, str], str]


def parts_of(operator: Operator) -> dict[str, str]:
    """Return the SHA-256 of each part by its name: ``register/row``, or the register where it is told whole."""
    found: dict[str, str] = {}
    told: set[str] = set()
    for kind in ROWS:
        for row in getattr(operator, kind):
            text = operator.text_of(row) if kind == "documents" else ""
            told |= {row.file} if kind == "documents" else set()
            found[_free(f"{kind}/{_name(row)}", found)] = _sha256(_spelled(row) + text)
    beside = sorted((name, text) for name, text in operator.texts.items() if name not in told)
    for kind in WHOLE:
        rows = beside if kind == "texts" else getattr(operator, kind)
        found[kind] = _sha256("\n".join(map(_spelled, rows if isinstance(rows, Sequence) else [rows])))
    return found


async def keep(blobs: Blobs, operator: Operator) -> str:
    """Write the digests of the parts down; return the list's SHA-256, empty where the store does not take it."""
    octets = canonical(dict(parts_of(operator))).encode()
    sha256 = hashlib.sha256(octets).hexdigest()
    try:
        await blobs.write(_place(sha256), octets)
    except BlobsUnavailableError:
        return ""
    return sha256


async def read(blobs: Blobs, revision: Stated) -> Parts | None:
    """Return the list that a revision names; None where it names none, or that is gone or changed."""
    sha256 = str(revision.detail.get("parts", ""))
    try:
        octets = await blobs.read(_place(sha256)) if sha256 else None
    except BlobsUnavailableError:
        return None
    if octets is None or hashlib.sha256(octets).hexdigest() != sha256:
        return None
    return orjson.loads(octets)  # type: ignore[no-any-return]  # its digest says that we wrote it


async def told(blobs: Blobs, revisions: Sequence[Stated], known: Words | None = None) -> list[str]:
    """Return of each revision but the last, given newest first, what changed against the one before it, in words.

    Args:
        blobs: where the lists lie.
        revisions: as the log has them.
        known: what was found before, by the two digests; it is added to. Empty where nothing changed.
    """
    known = {} if known is None else known
    said: list[str] = []
    for new, old in pairwise(revisions):
        pair = str(old.detail["digest"]), str(new.detail["digest"])
        words = known.get(pair, "")
        if not words and pair[0] != pair[1]:
            words = in_words(await read(blobs, old), await read(blobs, new))
            if words != UNTOLD:  # the store may answer the next time
                known[pair] = words
        said.append(words)
    return said


def in_words(before: Parts | None, after: Parts | None) -> str:
    """Return what differs between two lists, in sentences."""
    if before is None or after is None:
        return UNTOLD
    new, gone = after.keys() - before.keys(), before.keys() - after.keys()
    other = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    sentences = (("New", new), ("Changed", other), ("No longer there", gone))
    said = " ".join(f"{word}: {_listed(names)}." for word, names in sentences if names)
    return said or "Nothing that is listed here; a file beside the registers, such as a scan's report."


def _listed(names: Iterable[str]) -> str:
    """Return parts as a list: rows by name, so many of each register."""
    wanted = sorted(names)
    said = []
    for kind, words in ROWS.items():
        mine = [name.partition("/")[2] for name in wanted if name.startswith(f"{kind}/")]
        more = f" and {len(mine) - NAMES_TOLD} more" if len(mine) > NAMES_TOLD else ""
        said += [f"{words} ({', '.join(mine[:NAMES_TOLD])}{more})"] if mine else []
    return ", ".join(said + [words for kind, words in WHOLE.items() if kind in wanted])


def _name(row: Any) -> str:
    """Return what a row is known by: its first field."""
    return str(getattr(row, fields(row)[0].name))


def _free(name: str, taken: Mapping[str, str]) -> str:
    count = 2
    free = name
    while free in taken:
        free, count = f"{name}, {count}", count + 1
    return free


def _spelled(row: Any) -> str:
    """Spell a row by the fields it was given: one that a later release adds changes nothing."""
    if isinstance(row, tuple):
        return canonical([*row])
    given = {item.name: getattr(row, item.name) for item in fields(row)}
    defaults = {item.name: item.default for item in fields(row) if item.default is not MISSING}
    return canonical({name: str(value) for name, value in given.items() if value != defaults.get(name, MISSING)})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _place(sha256: str) -> str:
    return f"revision/{sha256}"
