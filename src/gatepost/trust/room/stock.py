"""What lies in the document room: read from a folder of the operator's, kept sealed in the object store.

The folder holds ``room.toml``, ``nda.md`` and the documents it names. It is no part of the operator's public folder,
and may be taken off the machine once it is published.
"""

import asyncio
import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST
from gatepost.trust import telling
from gatepost.trust.room import store
from gatepost.trust.room.paper import File

NDA = "nda"
"""The id of the text everybody agrees to before they see anything else."""
FILES_MAX, FILE_MAX_OCTETS = 100, 20 * 1024 * 1024
MEDIA = {".md": "text/markdown", ".txt": "text/plain", ".pdf": "application/pdf"}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)


class StockError(ValueError):
    """The folder cannot be published; the text says why."""


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    title: str
    media: str
    octets: bytes


async def publish(house: House, folder: Path, *, by: str) -> list[File]:
    """Put what a folder holds into the room, in place of what lay there; ``by`` is who did, for the record.

    Raises:
        StockError: something in it is wrong; then nothing changes.
    """
    found = await asyncio.to_thread(_read, folder)
    now, made = house.clock(), []
    for each in found:
        sha256 = hashlib.sha256(each.octets).hexdigest()
        made.append(File(id=each.id, title=each.title, media=each.media, sha256=sha256, published_at=now))
        async with house.db.transaction(TRUST) as tx:
            sealed = tx.vault.seal_lasting(place(sha256), each.octets)
        await house.blobs.write(place(sha256), sealed)
    papers: dict[str, Json] = {file.id: file.sha256 for file in made}
    await telling.note_own(house, "room.published", "room", {"papers": papers}, actor=by)
    async with house.db.transaction(TRUST) as tx:
        before = await store.files(tx)
        for file in made:
            await store.put_file(tx, file)
        await store.keep_files(tx, [file.id for file in made])
    for gone in {file.sha256 for file in before} - {file.sha256 for file in made}:
        await house.blobs.remove(place(gone))
    return made


async def octets_of(house: House, file: File) -> bytes | None:
    """Return a document's octets; None where the object store has lost them.

    Raises:
        KeyringError: they were changed.
    """
    sealed = await house.blobs.read(place(file.sha256))
    if sealed is None:
        return None
    async with house.db.transaction(TRUST) as tx:
        return tx.vault.open(place(file.sha256), sealed)


def place(sha256: str) -> str:
    """Return where a document lies in the object store, which is also what its seal is bound to."""
    return f"room/{sha256}"


def _read(folder: Path) -> list[_Found]:
    try:
        rows = tomllib.loads((folder / "room.toml").read_text()).get("documents", [])
        nda = (folder / "nda.md").read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        raise StockError(f"{folder} needs room.toml and nda.md: {error}") from error
    if not isinstance(rows, list) or len(rows) > FILES_MAX:
        raise StockError(f"room.toml has [[documents]], {FILES_MAX} at most")
    found = [_Found(NDA, "Confidentiality", MEDIA[".md"], nda), *(_row(folder, row) for row in rows)]
    if len({each.id for each in found}) != len(found):
        raise StockError("room.toml: there is only one of each id, and none is called nda")
    return found


def _row(folder: Path, row: object) -> _Found:
    if (
        not isinstance(row, dict)
        or {*row} != {"id", "title", "file"}
        or not all(isinstance(x, str) for x in row.values())
    ):
        raise StockError("room.toml: a document has id, title and file")
    path = (folder / row["file"]).resolve()
    media = MEDIA.get(path.suffix)
    if not _ID.fullmatch(row["id"]) or media is None or not path.is_relative_to(folder.resolve()):
        raise StockError(f"room.toml: {row['id']}: a plain id, and a .md, .txt or .pdf of this folder")
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise StockError(f"room.toml: {row['id']}: {error.strerror}") from error
    if len(octets) > FILE_MAX_OCTETS:
        raise StockError(f"room.toml: {row['id']}: it is larger than {FILE_MAX_OCTETS} octets")
    return _Found(row["id"], row["title"][:200], media, octets)
