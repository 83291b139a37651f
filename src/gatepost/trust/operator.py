"""Read the operator's folder: registers in TOML, texts in Markdown. Unknown keys and missing ones are faults.

The folder is the operator's own; nothing here is believed for more than a word. Its digest goes into the public trust
log whenever it changes, so that nobody can say later that it said something else.
"""

import hashlib
import re
import stat
import tomllib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from gatepost.trust import registers as rows
from gatepost.trust.paper import CADENCE, Attestation, Claim, ClaimClass
from gatepost.trust.ways import WayOut

T = TypeVar("T")

FILE_MAX_OCTETS = 1_000_000
FILES_MAX = 500
SUFFIXES = frozenset({".toml", ".md", ".json"})
"""Of the files that are the operator's word; whatever else lies in the folder is none."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LOGGED = 3
_YEAR_END = 3000
_MOST = {"days": 36_525, "hours": 876_600, "minutes": 52_596_000}
_MOST_ELSE = 1_000_000_000
"""A hundred years in each unit, by the last word of a row's name: with these no clock and no calendar overflows."""

TABLES: dict[str, tuple[str, type[Any]]] = {
    "contacts": ("contacts.toml", rows.Contact),
    "documents": ("documents.toml", rows.Document),
    "controls": ("controls.toml", rows.Control),
    "commitments": ("commitments.toml", rows.Commitment),
    "registrations": ("operator.toml", rows.Registration),
    "stores": ("residency.toml", rows.Store),
    "ways_out": ("residency.toml", WayOut),
    "suppliers": ("suppliers.toml", rows.Supplier),
    "transfers": ("suppliers.toml", rows.Transfer),
    "members": ("people.toml", rows.Member),
    "reviews": ("people.toml", rows.Review),
    "principals": ("people.toml", rows.Principal),
    "duties": ("duties.toml", rows.Duty),
    "instructions": ("agreement.toml", rows.Instruction),
    "terms": ("terms.toml", rows.TermsVersion),
    "vulnerabilities": ("vulnerabilities.toml", rows.Vulnerability),
    "scans": ("vulnerabilities.toml", rows.Scan),
    "releases": ("releases.toml", rows.Release),
    "statements": ("statements.toml", rows.Statement),
    "exclusions": ("vulnerabilities.toml", rows.Exclusion),
    "responders": ("oncall.toml", rows.Responder),
    "rota": ("oncall.toml", rows.Shift),
    "connectors": ("oncall.toml", rows.Connector),
}
"""Lists of rows: which file holds each, and what a row is."""

SINGLES: dict[str, tuple[str, type[Any]]] = {
    "entity": ("operator.toml", rows.Entity),
    "place": ("operator.toml", rows.Place),
    "disclosure": ("disclosure.toml", rows.Disclosure),
}
"""Tables that are there once."""

CLAIMS = "claims.toml"


class OperatorError(Exception):
    """The folder cannot be read as an operator's; each of ``faults`` names the place and what is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def faults_of(error: Exception) -> Sequence[str]:
    """Return what a line of the log says of it: the first faults, each a file, a row and a rule; else nothing."""
    return error.faults[:_LOGGED] if isinstance(error, OperatorError) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The folder, read. ``texts``: each Markdown file by its path in the folder."""

    folder: Path
    digest: str
    claims: tuple[Claim, ...]
    texts: Mapping[str, str]
    entity: rows.Entity
    place: rows.Place
    disclosure: rows.Disclosure
    contacts: tuple[rows.Contact, ...] = ()
    documents: tuple[rows.Document, ...] = ()
    controls: tuple[rows.Control, ...] = ()
    commitments: tuple[rows.Commitment, ...] = ()
    registrations: tuple[rows.Registration, ...] = ()
    stores: tuple[rows.Store, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    suppliers: tuple[rows.Supplier, ...] = ()
    transfers: tuple[rows.Transfer, ...] = ()
    members: tuple[rows.Member, ...] = ()
    reviews: tuple[rows.Review, ...] = ()
    principals: tuple[rows.Principal, ...] = ()
    duties: tuple[rows.Duty, ...] = ()
    instructions: tuple[rows.Instruction, ...] = ()
    terms: tuple[rows.TermsVersion, ...] = ()
    vulnerabilities: tuple[rows.Vulnerability, ...] = ()
    scans: tuple[rows.Scan, ...] = ()
    releases: tuple[rows.Release, ...] = ()
    statements: tuple[rows.Statement, ...] = ()
    exclusions: tuple[rows.Exclusion, ...] = ()
    responders: tuple[rows.Responder, ...] = ()
    rota: tuple[rows.Shift, ...] = ()
    connectors: tuple[rows.Connector, ...] = ()

    def document(self, identifier: str) -> rows.Document | None:
        """Return a document by its id."""
        return next((each for each in self.documents if each.id == identifier), None)

    def supplier(self, identifier: str) -> rows.Supplier | None:
        """Return a supplier by its id."""
        return next((each for each in self.suppliers if each.id == identifier), None)

    def text_of(self, document: rows.Document) -> str:
        """Return a document's text."""
        return self.texts[document.file]


def read_operator(folder: Path) -> Operator:
    """Return what the folder says.

    Raises:
        OperatorError: it is none, or something in it is wrong; all faults are named.
    """
    files = dict(sorted(_files(folder)))
    faults: list[str] = []
    tables = {name: _toml(name, octets, faults) for name, octets in files.items() if name.endswith(".toml")}
    texts = {name: octets.decode(errors="replace") for name, octets in files.items() if name.endswith(".md")}
    built: dict[str, Any] = {}
    for name, (file, kind) in TABLES.items():
        built[name] = tuple(_rows(tables.get(file, {}), name, kind, file, faults))
    for name, (file, kind) in SINGLES.items():
        built[name] = _single(tables.get(file, {}), name, kind, file, faults)
    claims = tuple(_claims(tables.get(CLAIMS, {}), faults))
    faults += _strangers(tables)
    faults += [
        f"documents.toml: {each.id}: there is no file {each.file}"
        for each in built["documents"]
        if each.file not in texts
    ]
    if faults:
        raise OperatorError(faults)
    return Operator(folder=folder, digest=digest_of(files), claims=claims, texts=texts, **built)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    try:
        found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and not _is_mark(path))
        if not (folder / CLAIMS).is_file():
            raise OperatorError([f"{folder} is no operator's folder: it has no {CLAIMS}"])
        if len(found) > FILES_MAX:
            raise OperatorError([f"{folder} has more than {FILES_MAX} files"])
        for path in found:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, and a device has no end
                raise OperatorError([f"{path} is no file"])
            if status.st_size > FILE_MAX_OCTETS:
                raise OperatorError([f"{path} is longer than {FILE_MAX_OCTETS} octets"])
            yield path.relative_to(folder).as_posix(), path.read_bytes()
    except OSError as error:
        raise OperatorError([f"{folder} cannot be read: {error.strerror}"]) from error


def _is_mark(path: Path) -> bool:
    """Tell whether it is Emacs's mark of who edits a file: a link to nowhere, beside it for as long as it is open."""
    return path.name.startswith(".#") and path.is_symlink()


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of all files that are the operator's, by name and content; in the order of their names."""
    whole = hashlib.sha256()
    for name, octets in sorted(files.items()):
        if Path(name).suffix not in SUFFIXES:
            continue
        whole.update(b"%s\x00%s\n" % (name.encode(), hashlib.sha256(octets).hexdigest().encode()))
    return whole.hexdigest()


def _toml(name: str, octets: bytes, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(octets.decode())
    except (ValueError, RecursionError) as error:
        faults.append(f"{name}: {error}")
        return {}


def _strangers(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    known = {(file, name) for name, (file, _) in {**TABLES, **SINGLES}.items()} | {(CLAIMS, "claims")}
    for file, table in tables.items():
        for name in table:
            if (file, name) not in known:
                yield f"{file}: nobody reads [{name}]"


def _rows(table: Mapping[str, Any], name: str, kind: type[T], file: str, faults: list[str]) -> Iterator[T]:
    found = table.get(name, [])
    if not isinstance(found, list):
        faults.append(f"{file}: write [[{name}]]")
        return
    for at, row in enumerate(found, 1):
        made = _row(row, kind, f"{file}: {name} {at}", faults)
        if made is not None:
            yield made


def _single(table: Mapping[str, Any], name: str, kind: type[T], file: str, faults: list[str]) -> T | None:
    if name not in table:
        faults.append(f"{file}: it has no [{name}]")
        return None
    return _row(table[name], kind, f"{file}: [{name}]", faults)


def _row(row: object, kind: type[T], where: str, faults: list[str]) -> T | None:
    if not isinstance(row, dict):
        faults.append(f"{where}: it is no table")
        return None
    hints = get_type_hints(kind)
    before = len(faults)
    values: dict[str, Any] = {}
    for item in fields(typing.cast("type[Any]", kind)):
        if item.name not in row:
            if item.default is MISSING:
                faults.append(f"{where}: {item.name} is missing")
            continue
        try:
            values[item.name] = _value(row[item.name], hints[item.name], most_of(item.name))
        except ValueError as error:
            faults.append(f"{where}: {item.name} {error}")
        if values.get(item.name) == "" and item.default is MISSING:
            faults.append(f"{where}: {item.name} is empty")
    faults += [f"{where}: nobody reads {name}" for name in row if name not in hints]
    return kind(**values) if len(faults) == before else None


def most_of(name: str) -> int:
    """Return the largest number that a row's value of this name may be."""
    return _MOST.get(name.rpartition("_")[2], _MOST_ELSE)


def _value(value: Any, hint: Any, most: int) -> Any:
    """Return a value of the type wanted; raises ``ValueError`` with the rest of a sentence."""
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if not isinstance(value, list) or not all(isinstance(each, inner) for each in value):
            raise ValueError("must be a list of texts")
        for each in value:
            _sound(each, most)
        return tuple(value)
    if hint in {date, date | None}:
        if type(value) is not date:
            raise ValueError("must be a date, such as 2026-11-20")
        if value.year >= _YEAR_END:
            raise ValueError(f"must be before the year {_YEAR_END}")
        return value
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ValueError(f"must be a {'text' if hint is str else hint.__name__}")
    _sound(value, most)
    return value


def _sound(value: object, most: int) -> None:
    """Raise ``ValueError`` for a number that nothing can be reckoned with, or a text that cannot be shown."""
    if isinstance(value, int) and not 0 <= value <= most:
        raise ValueError(f"must be a number from 0 to {most}")
    if isinstance(value, str) and _CONTROL.search(value):
        raise ValueError("has a control character")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClaimRow:
    """A claim as claims.toml spells it."""

    id: str
    text: str
    topic: str
    kind: str
    owner: str
    check: str = ""
    cadence_minutes: int = 0
    attested_by: str = ""
    attested_on: date | None = None
    attested_until: date | None = None
    absent: str = ""
    not_applicable: str = ""
    withdrawn: str = ""
    withdrawn_on: date | None = None


def _claims(table: Mapping[str, Any], faults: list[str]) -> Iterator[Claim]:
    seen: set[str] = set()
    found = table.get("claims", [])
    if not isinstance(found, list):
        faults.append(f"{CLAIMS}: write [[claims]]")
        return
    for at, row in enumerate(found, 1):
        where = f"{CLAIMS}: claim {row.get('id', at) if isinstance(row, dict) else at}"
        given = dict(row) if isinstance(row, dict) else row
        arguments = given.pop("arguments", {}) if isinstance(given, dict) else {}
        made = _row(given, _ClaimRow, where, faults)
        if made is None:
            continue
        if made.id in seen or not _ID.fullmatch(made.id):
            faults.append(f"{where}: an id is a plain word, and there is only one of each")
        if made.kind not in set(ClaimClass):
            faults.append(f"{where}: kind must be one of {', '.join(ClaimClass)}")
            continue
        if not isinstance(arguments, dict) or not all(isinstance(each, str) for each in arguments.values()):
            faults.append(f"{where}: arguments are texts")
            continue
        try:
            for text in (*arguments, *arguments.values()):
                _sound(text, _MOST_ELSE)
        except ValueError as error:
            faults.append(f"{where}: arguments {error}")
            continue
        seen.add(made.id)
        yield _claim(made, arguments, where, faults)


def _claim(row: _ClaimRow, arguments: Mapping[str, str], where: str, faults: list[str]) -> Claim:
    attestation = None
    if row.attested_by and row.attested_on and row.attested_until:
        attestation = Attestation(by=row.attested_by, on=row.attested_on, until=row.attested_until)
    elif row.attested_by or row.attested_on or row.attested_until:
        faults.append(f"{where}: an attestation has attested_by, attested_on and attested_until")
    kind = ClaimClass(row.kind)
    return Claim(
        id=row.id,
        text=row.text,
        topic=row.topic,
        claim_class=kind,
        owner=row.owner,
        cadence=timedelta(minutes=row.cadence_minutes) if row.cadence_minutes else CADENCE[kind],
        check=row.check,
        arguments=arguments,
        attestation=attestation,
        absent=row.absent,
        not_applicable=row.not_applicable,
        withdrawn=row.withdrawn,
        withdrawn_on=row.withdrawn_on,
    )
