"""One case of a suite, and how files of cases are read."""

import gzip
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class FailedError(Exception):
    """The case does not end as its suite says; the message says how it ends instead."""


class ExplainedError(Exception):
    """The case ends otherwise than its suite says, on purpose; the message names the row of docs/standards.md."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: ``check`` returns where all is well and raises anything where it is not."""

    name: str
    check: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Suite:
    """One folder of cases.

    Attributes:
        read: yields the cases of a folder; raises whatever an unreadable file makes it raise.
    """

    name: str
    read: Callable[[Path], Iterator[Case]]


def expect(found: object, wanted: object, what: str) -> None:
    """Raise unless ``found`` is what the suite wants."""
    if found != wanted:
        raise FailedError(f"{what} is {found!r}, not {wanted!r}")


def rows(path: Path) -> list[dict[str, Any]]:
    """Return every object of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def documents(path: Path) -> list[Any]:
    """Return every document of a YAML file, gzipped or not."""
    octets = path.read_bytes()
    text = gzip.decompress(octets) if path.suffix == ".gz" else octets
    return [document for document in yaml.safe_load_all(text) if document is not None]


def crlf(text: str) -> bytes:
    """Return a message kept with LF as it stands on the wire."""
    return text.encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def zone_of(written: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return a suite's zone in the form ``ZoneResolver`` reads: TXT texts, records by type, or failures."""
    made: dict[str, dict[str, list[str]]] = {}
    for name, records in written.items():
        if not isinstance(records, dict):
            made[name] = {"TXT": [str(records)]}
        elif "error" in records:
            made[name] = {} if records["error"] == "NXDOMAIN" else {"FAIL": []}
            if records["error"] == "NXDOMAIN":
                del made[name]
        else:
            made[name] = {
                kind: ["".join(value) if isinstance(value, list) else str(value) for value in values]
                for kind, values in records.items()
            }
    return made
